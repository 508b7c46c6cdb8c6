"""The one schema: a Federation v2 subgraph."""

from __future__ import annotations

from typing import Final

from graphql import GraphQLError
from strawberry.printer import print_schema
from strawberry.schema.config import StrawberryConfig
from strawberry.types import ExecutionContext

from graph import facts
from graph.counterparty import CounterpartyQuery
from graph.declare import root_type
from graph.facility import FacilityQuery
from graph.federation import BatchedSchema
from graph.guard import LIMITS, Guard
from graph.instrument import InstrumentQuery
from graph.marketdata import MarketDataQuery
from graph.mutation import Mutation
from graph.parsing import Parser
from graph.portfolio import PortfolioQuery
from graph.run import RunQuery
from graph.scalars import SCALARS
from graph.scenario import ScenarioQuery
from graph.snapshot import SnapshotQuery
from graph.subscription import Subscription

FEDERATION_VERSION: Final = "2.9"
"""The newest version that both Apollo's and the Guild's composition accept."""


@root_type
class Query(
    PortfolioQuery,
    InstrumentQuery,
    CounterpartyQuery,
    FacilityQuery,
    SnapshotQuery,
    MarketDataQuery,
    ScenarioQuery,
    RunQuery,
):
    """Reference data, snapshots, scenarios, and runs with their results."""


class TieoutSchema(BatchedSchema):
    """The schema; errors are logged where they are masked, not twice."""

    def process_errors(
        self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None
    ) -> None:
        """Leave logging to the guard, which knows what is unexpected."""


def build(*, introspection: bool) -> TieoutSchema:
    """Return the schema; clients may introspect it only when told so."""
    parser = Parser(LIMITS.tokens)
    made = TieoutSchema(
        query=Query,
        mutation=Mutation,
        subscription=Subscription,
        federation_version=FEDERATION_VERSION,
        config=StrawberryConfig(scalar_map=SCALARS, disable_field_suggestions=not introspection),
        extensions=[lambda: Guard(known, parser, introspection=introspection)],
    )
    known = facts.of(made._schema)
    return made


def sdl() -> str:
    """Return the schema as text: the reviewed contract, graphql/schema.graphql."""
    return print_schema(build(introspection=False)) + "\n"
