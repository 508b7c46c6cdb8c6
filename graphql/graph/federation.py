"""The schema as a subgraph whose entities are found in batches.

Strawberry resolves one reference at a time: 20 references were 40 statements. Here each type gets
all of its references at once and answers them in one statement.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any, cast

from strawberry import federation
from strawberry.federation.schema import FederationAny
from strawberry.types import Info as StrawberryInfo

from graph.declare import MAX_PAGE
from graph.errors import BadInput

Representation = Mapping[str, Any]
"""A reference of the gateway: `__typename` and the fields of one key."""


class BatchedSchema(federation.Schema):
    """A federation schema that asks each entity type for all its references together.

    An entity type has a class method `references(info, representations)` that returns one entity,
    or None, for each: what does not exist and what the user may not see look the same.
    """

    # The annotations are read by Strawberry when it makes the field `_entities`.
    def entities_resolver(
        self, info: StrawberryInfo, representations: list[FederationAny]
    ) -> list[FederationAny]:
        """Return the entities in the order of their representations."""
        if len(representations) > MAX_PAGE:
            raise BadInput(f"at most {MAX_PAGE} representations in one request")
        groups: dict[str, list[int]] = defaultdict(list)
        asked = [_checked(each) for each in representations]
        for place, each in enumerate(asked):
            groups[str(each["__typename"])].append(place)
        found: list[Any] = [None] * len(asked)
        for name, places in groups.items():
            entities = self._entity_type(name).references(info, [asked[each] for each in places])
            for place, entity in zip(places, entities, strict=True):
                found[place] = entity
        return found

    def _entity_type(self, name: str) -> Any:
        known = self.schema_converter.type_map.get(name)
        origin = getattr(getattr(known, "definition", None), "origin", None)
        if not hasattr(origin, "references"):
            raise BadInput(f"{name} is not an entity of this graph")
        return origin


def _checked(representation: object) -> Representation:
    if not isinstance(representation, dict) or not isinstance(
        representation.get("__typename"), str
    ):
        raise BadInput("a representation is an object with a __typename and a key")
    return cast("Representation", representation)
