"""The positions of a run: pages as columns, and one position down to its inputs."""

from __future__ import annotations

import dataclasses
from enum import Enum
from typing import Self

import strawberry

from apps.result import selectors as results
from apps.result.listing import PositionRow, PositionValue, ValueColumn
from apps.run.models import Run
from graph import cashflow, counterparty, facility, inputs, instrument
from graph.cashflow import CashFlows
from graph.context import Info
from graph.counterparty import CounterpartyType
from graph.cube import MOST_COLUMNS, USUAL_COLUMNS, check_size
from graph.declare import DRILL_DOWN, READ, at_most, cost, graph_field, input_type, object_type
from graph.errors import BadInput
from graph.facility import FacilityType
from graph.inputs import PositionInputs
from graph.instrument import InstrumentType
from graph.paging import PageInfo, check_first, decode, encode
from graph.refusals import reading
from graph.scalars import DecimalText

MAX_FILTER = 200
"""Members of one filter at most."""

DEFAULT_MEASURES = ["PV"]
"""The columns of a page of positions when none are named; their scenario then is BASE."""


@strawberry.enum(description="Whether a position has a value, or a reason why it has none.")
class PositionStatus(Enum):
    """Whether a position has a value."""

    VALUED = "VALUED"
    ERROR = "ERROR"


@input_type
class PositionWhere:
    """Keep positions by what they are; several fields must all hold."""

    status: PositionStatus | None = None
    error_codes: list[str] | None = None
    product_types: list[str] | None = None
    currencies: list[str] | None = None
    counterparties: list[str] | None = None
    instruments: list[str] | None = None
    position_ids: list[str] | None = None

    def filter(self) -> results.PositionFilter:
        """Return the selector's filter."""
        chosen = {
            name: getattr(self, name)
            for name in (
                "error_codes",
                "product_types",
                "currencies",
                "counterparties",
                "instruments",
                "position_ids",
            )
        }
        for name, members in chosen.items():
            if members is not None and len(members) > MAX_FILTER:
                raise BadInput(f"{name}: at most {MAX_FILTER} members")
        return results.PositionFilter(status=self.status.value if self.status else None, **chosen)


@input_type
class PositionOrder:
    """Order by one cell, ties by ordinal. By PV at BASE at any node, by others below 50,000."""

    measure: str = "PV"
    scenario: str = "BASE"
    factor: str = ""
    descending: bool = True

    def order(self) -> results.Order:
        """Return the selector's order."""
        return results.Order(self.measure, self.scenario, self.factor, self.descending)


@object_type()
class PositionColumn:
    """One cell of the axis over all rows of the page; `reasons` says why a value is null."""

    measure: str
    scenario: str
    factor: str
    unit: str
    currency: str
    kind: str
    values: list[DecimalText | None]
    reasons: list[str]

    @classmethod
    def of(cls, column: ValueColumn) -> Self:
        """Return the type of a column."""
        return cls(
            measure=column.measure,
            scenario=column.scenario,
            factor=column.factor,
            unit=column.unit,
            currency=column.currency,
            kind=column.kind,
            values=[None if each is None else DecimalText(each) for each in column.values],
            reasons=column.reasons,
        )


@object_type()
class PositionPage:
    """A page of a run's positions as columns: row i of every list is the same position."""

    ordinals: list[int]
    position_ids: list[str]
    instruments: list[str]
    product_types: list[str]
    currencies: list[str]
    counterparties: list[str]
    legal_entities: list[str]
    books: list[str]
    statuses: list[PositionStatus]
    error_codes: list[str]
    error_messages: list[str]
    columns: list[PositionColumn] = strawberry.field(directives=[at_most(USUAL_COLUMNS)])
    page_info: PageInfo

    @classmethod
    def of(cls, page: results.PositionPage, place: list[object]) -> Self:
        """Return the type of a page; its cursor holds at `place`, a run and an order, alone."""
        rows = page.rows
        check_size(rows=len(rows), columns=len(page.columns))
        return cls(
            ordinals=[row.ordinal for row in rows],
            position_ids=[row.position_id for row in rows],
            instruments=[row.instrument for row in rows],
            product_types=[row.product_type for row in rows],
            currencies=[row.currency for row in rows],
            counterparties=[row.counterparty for row in rows],
            legal_entities=[row.legal_entity for row in rows],
            books=[row.book_code for row in rows],
            statuses=[PositionStatus(row.status) for row in rows],
            error_codes=[row.error_code for row in rows],
            error_messages=[row.error_message for row in rows],
            columns=[PositionColumn.of(column) for column in page.columns],
            page_info=PageInfo(
                has_next_page=page.has_next,
                end_cursor=encode([*place, page.cursors[-1]]) if page.cursors else None,
            ),
        )


@object_type(name="PositionValue")
class PositionValueType:
    """One value of a position; `reason` says why there is none."""

    measure: str
    scenario: str
    factor: str
    unit: str
    currency: str
    kind: str
    value: DecimalText | None
    reason: str

    @classmethod
    def of(cls, value: PositionValue) -> Self:
        """Return the type of a value."""
        return cls(
            measure=value.measure,
            scenario=value.scenario,
            factor=value.factor,
            unit=value.unit,
            currency=value.currency,
            kind=value.kind,
            value=None if value.value is None else DecimalText(value.value),
            reason=value.reason,
        )


@object_type()
class RunPosition:
    """What a run says of one position, and everything it used to say so."""

    run: strawberry.Private[Run]
    found: strawberry.Private[results.PositionValues]
    position_id: str
    ordinal: int
    product_type: str
    currency: str
    legal_entity: str
    book: str
    status: PositionStatus
    error_code: str
    error_message: str
    error_cell: str
    input_hash: str

    @strawberry.field
    def instrument(self, info: Info) -> InstrumentType | None:
        """The instrument as it is known today; `inputs` has the terms the run used."""
        return instrument.by_code(info.context).get(self.found.row.instrument)

    @strawberry.field
    def counterparty(self, info: Info) -> CounterpartyType | None:
        """The counterparty as it is known today; `inputs` names the version the run used."""
        code = self.found.row.counterparty
        return counterparty.by_code(info.context).get(code) if code else None

    @graph_field(cost(READ))
    def facility(self, info: Info) -> FacilityType | None:
        """The facility it is drawn under, as known today; `inputs` has the version the run used."""
        return facility.drawn_under(info, self.run.position_snapshot_id, self.ordinal)

    @graph_field(at_most(MOST_COLUMNS))
    def values(
        self, measures: list[str] | None = None, scenarios: list[str] | None = None
    ) -> list[PositionValueType]:
        """The position's cells, and the measures divided from them."""
        chosen = [
            each
            for each in self.found.values
            if (measures is None or each.measure in measures)
            and (scenarios is None or each.scenario in scenarios)
        ]
        check_size(rows=1, columns=len(chosen))
        return [PositionValueType.of(each) for each in chosen]

    @graph_field(cost(DRILL_DOWN))
    def cashflows(self, info: Info, scenario: str = "BASE") -> CashFlows:
        """The projected flows under one scenario of the run."""
        run = self.run
        return cashflow.resolve(info, run.pk, run.tree_id, self.position_id, scenario)

    @graph_field(cost(READ))
    def inputs(self) -> PositionInputs:
        """What the values were computed from, as it was sealed."""
        return inputs.resolve(self.run.position_snapshot_id, self.ordinal)

    @classmethod
    def of(cls, run: Run, found: results.PositionValues) -> Self:
        """Return the type of a position of a run."""
        row: PositionRow = found.row
        return cls(
            run=run,
            found=found,
            position_id=row.position_id,
            ordinal=row.ordinal,
            product_type=row.product_type,
            currency=row.currency,
            legal_entity=row.legal_entity,
            book=row.book_code,
            status=PositionStatus(row.status),
            error_code=row.error_code,
            error_message=row.error_message,
            error_cell=row.error_cell,
            input_hash=found.input_hash,
        )


def resolve_page(
    info: Info,
    run: int,
    tree: int,
    *,
    node: str | None,
    where: PositionWhere | None,
    order_by: PositionOrder | None,
    measures: list[str] | None,
    scenarios: list[str] | None,
    first: int,
    after: str | None,
) -> PositionPage:
    """Return a page of the positions under a node that the user may see."""
    check_first(first)
    order = order_by.order() if order_by else None
    place = [run, *(dataclasses.astuple(order) if order else ())]
    with reading():
        found = results.positions(
            run,
            node=node,
            where=where.filter() if where else None,
            order=order,
            measures=DEFAULT_MEASURES if measures is None else measures,
            scenarios=["BASE"] if scenarios is None else scenarios,
            first=first,
            after=None if after is None else _inner(after, place),
            granted=info.context.sight.nodes(tree),
        )
    return PositionPage.of(found, place)


def _inner(cursor: str, place: list[object]) -> str:
    """Return the selector's cursor; one of another run or order would skip rows in silence."""
    found = decode(cursor, list)
    if found[:-1] != place or not isinstance(found[-1], str):
        raise BadInput("after is not a cursor of this list")
    return str(found[-1])


def resolve_one(info: Info, run: Run, position_id: str) -> RunPosition | None:
    """Return one position of a run; None when there is none or it is not granted."""
    granted = info.context.sight.nodes(run.tree_id)
    try:
        found = results.position(run.pk, position_id, granted=granted)
    except results.UnknownPosition:
        return None
    return RunPosition.of(run, found)
