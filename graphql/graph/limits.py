"""What one request may ask for, measured on the document in one pass before anything runs.

Breadth times breadth is what hurts: an 82-byte document can ask for millions of rows. So the cost
of a field is its own weight plus that of its children, times the length its list can have. Each
fragment is measured once, however often it is spread, and the time is linear in the document.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    IntValueNode,
    ListValueNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    ValueNode,
    VariableNode,
)

from graph.declare import DEFAULT_PAGE, MAX_PAGE
from graph.facts import Facts, FieldFacts

FIELD = 10
"""What one field of one object costs. A plain value in a column costs 1."""

INNER_LIST = 20
"""How long an undeclared list of plain values inside a row of a page is taken to be."""

NESTING = 60
"""How deep selections, inline fragments and spreads may stand inside each other."""

INTROSPECTION = frozenset({"__schema", "__type", "_service"})

ROOTS = {"query": "Query", "mutation": "Mutation", "subscription": "Subscription"}


@dataclass(frozen=True, slots=True)
class Limits:
    """The most a document may have of each: generous for a screen, far below what hurts."""

    tokens: int = 2_000
    cost: int = 10_000
    fields: int = 500
    depth: int = 12
    aliases: int = 50
    root_fields: int = 10
    directives: int = 50


class Excess(ValueError):
    """A measure above its limit."""

    def __init__(self, what: str, found: int, limit: int) -> None:
        shown = str(found) if found < 10**9 else "more than 10^9"
        super().__init__(f"The document asks for too much: {what} {shown}, at most {limit}.")


@dataclass(frozen=True, slots=True)
class Measure:
    """What a selection asks for, a fragment counted as often as it is spread.

    The cost is `fixed + per_row x page`, in tenths of a field: lists inside a page are as long as
    the page, which a fragment does not know.
    """

    fixed: int = 0
    per_row: int = 0
    width: int = 0
    fields: int = 0
    depth: int = 0
    aliases: int = 0
    directives: int = 0

    def cost(self, page: int) -> int:
        """The cost inside a page of so many rows, in tenths of a field."""
        return self.fixed + self.per_row * page

    def __add__(self, other: Self) -> Measure:
        """Both side by side in one selection."""
        return Measure(
            self.fixed + other.fixed,
            self.per_row + other.per_row,
            self.width + other.width,
            self.fields + other.fields,
            max(self.depth, other.depth),
            self.aliases + other.aliases,
            self.directives + other.directives,
        )


class Meter:
    """Measures a document. `uses` collects the (type, field) pairs that it names.

    `introspects` tells whether it asks for the schema itself.
    """

    def __init__(self, facts: Facts, document: DocumentNode, variables: Mapping[str, Any]) -> None:
        self.uses: set[tuple[str, str]] = set()
        self.introspects = False
        self._facts = facts
        self._document = document
        self._variables = variables
        self._defaults = _defaults(document)
        self._fragments = {
            each.name.value: each
            for each in document.definitions
            if isinstance(each, FragmentDefinitionNode)
        }
        self._measured: dict[str, Measure] = {}
        self._open: set[str] = set()

    def check(self, limits: Limits) -> None:
        """Raise Excess when any operation of the document asks for more than `limits`.

        Fragments that nobody spreads are measured too: validation would walk them.
        """
        for each in self._document.definitions:
            if isinstance(each, OperationDefinitionNode):
                measure = self.operation(each)
                _check(measure, limits)
                if measure.width > limits.root_fields:
                    raise Excess("root fields", measure.width, limits.root_fields)
        for name in self._fragments:
            _check(self._fragment(name, 0), limits)

    def operation(self, operation: OperationDefinitionNode) -> Measure:
        """What the operation asks for."""
        root = ROOTS[operation.operation.value]
        own = Measure(directives=len(operation.directives or ()))
        return own + self._selection(operation.selection_set, root, 1)

    def _selection(self, selection: SelectionSetNode | None, type_name: str, at: int) -> Measure:
        if at > NESTING:
            raise Excess("nesting", at, NESTING)
        total = Measure()
        for node in selection.selections if selection else ():
            total += self._node(node, type_name, at)
        return total

    def _node(self, node: SelectionNode, type_name: str, at: int) -> Measure:
        own = Measure(directives=len(node.directives or ()))
        match node:
            case FieldNode():
                return own + self._field(node, type_name, at)
            case InlineFragmentNode():
                inner = node.type_condition.name.value if node.type_condition else type_name
                return own + self._selection(node.selection_set, inner, at + 1)
            case FragmentSpreadNode():
                return own + self._fragment(node.name.value, at)
            case _:
                return own

    def _fragment(self, name: str, at: int) -> Measure:
        if name in self._measured:
            return self._measured[name]
        fragment = self._fragments.get(name)
        if fragment is None or name in self._open:  # validation will refuse the document
            return Measure()
        self._open.add(name)
        inner = fragment.type_condition.name.value
        own = Measure(directives=len(fragment.directives or ()))
        self._measured[name] = own + self._selection(fragment.selection_set, inner, at + 1)
        self._open.discard(name)
        return self._measured[name]

    def _field(self, node: FieldNode, type_name: str, at: int) -> Measure:
        name = node.name.value
        facts = self._facts.get(type_name, {}).get(name)
        counted = Measure(width=1, aliases=int(node.alias is not None), fields=1, depth=1)
        self.introspects |= name in INTROSPECTION
        if facts is None:  # __typename, introspection, or a name that validation will refuse
            inner = self._selection(node.selection_set, "", at + 1)
            return counted + Measure(FIELD, fields=inner.fields, directives=inner.directives)
        self.uses.add((type_name, name))
        inner = self._selection(node.selection_set, facts.type_name, at + 1)
        fixed, per_row = self._cost(node, facts, inner)
        return counted + Measure(
            fixed,
            per_row,
            fields=inner.fields,
            depth=inner.depth + 1,
            aliases=inner.aliases,
            directives=inner.directives,
        )

    def _cost(self, node: FieldNode, facts: FieldFacts, inner: Measure) -> tuple[int, int]:
        own = facts.weight * FIELD
        page = self._page(node, facts)
        if not facts.is_list:
            if page is not None:
                return own + inner.cost(page), 0
            return own + inner.fixed, inner.per_row
        if facts.assumed_size is not None:
            row = 1 if facts.is_leaf else FIELD + inner.fixed
            return own + facts.assumed_size * row, facts.assumed_size * inner.per_row
        row = 1 if facts.is_leaf else FIELD + inner.cost(INNER_LIST)
        return (own + page * row, 0) if page is not None else (own, row)

    def _page(self, node: FieldNode, facts: FieldFacts) -> int | None:
        """How many rows the field's arguments ask for; None when it has no such argument."""
        if not facts.slicing_arguments:
            return None
        given = {each.name.value: each.value for each in node.arguments or ()}
        default = facts.default_size or DEFAULT_PAGE
        asked = [self._number(given.get(each), default) for each in facts.slicing_arguments]
        return min(max([0, *asked]), MAX_PAGE)

    def _number(self, value: ValueNode | None, default: int) -> int:
        if value is None:
            return default
        if isinstance(value, VariableNode):
            return self._variable(value.name.value, default)
        return _literal(value)

    def _variable(self, name: str, default: int) -> int:
        if name in self._variables:
            given = self._variables[name]
            if isinstance(given, list):
                return len(given)
            return given if isinstance(given, int) else MAX_PAGE
        sizes = self._defaults.get(name, [None])
        return max(default if size is None else size for size in sizes)


def _literal(value: ValueNode) -> int:
    """How many rows a value asks for that stands in the document."""
    if isinstance(value, IntValueNode):
        return MAX_PAGE if len(value.value) > 9 else int(value.value)
    return len(value.values) if isinstance(value, ListValueNode) else MAX_PAGE


def _defaults(document: DocumentNode) -> Mapping[str, list[int | None]]:
    """The sizes that variables have when they are not given, None for one without a default.

    Operations may declare one name with different defaults. A fragment is measured once for all
    of them, so the largest counts.
    """
    found: dict[str, list[int | None]] = defaultdict(list)
    for operation in document.definitions:
        if isinstance(operation, OperationDefinitionNode):
            for each in operation.variable_definitions or ():
                default = each.default_value
                found[each.variable.name.value].append(_literal(default) if default else None)
    return found


def _check(measure: Measure, limits: Limits) -> None:
    for what, found, limit in (
        ("depth", measure.depth, limits.depth),
        ("fields", measure.fields, limits.fields),
        ("aliases", measure.aliases, limits.aliases),
        ("directives", measure.directives, limits.directives),
        ("cost", measure.cost(DEFAULT_PAGE) // FIELD, limits.cost),
    ):
        if found > limit:
            raise Excess(what, found, limit)
