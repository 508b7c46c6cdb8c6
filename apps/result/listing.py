"""Pages of a run's positions in a stable order, and all values of one position."""

from __future__ import annotations

import base64
import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db import connection

from apps.result import adapters, errors, selection, statements
from apps.result import axis as axes
from apps.result import cube as cubes
from apps.result.axis import Place
from apps.result.cube import RunHeader, UnknownNode
from apps.result.detail import TooMuchDetail
from apps.result.selection import Column, StoredCell, UnknownCell, Value
from foundation import sqlfiles

SQL = sqlfiles.load(Path(__file__).parent / "sql")

MAX_PAGE = 1_000
"""Rows of one page at most."""

MAX_SORTED = 50_000
"""Positions that may be sorted by a cell that has no index."""

_ERROR = 1


class UnknownPosition(LookupError):
    """The run has no such position, or the reader may not see it."""


class BadCursor(ValueError):
    """The cursor is not one of this list."""


@dataclass(frozen=True, slots=True)
class Order:
    """List by a SUM or NONE cell, ties by ordinal; error rows stand where the least value does."""

    measure: str = "PV"
    scenario: str = axes.BASE
    factor: str = ""
    descending: bool = True


@dataclass(frozen=True, slots=True)
class PositionFilter:
    """Which positions are listed; None does not filter."""

    status: str | None = None
    error_codes: Collection[str] | None = None
    product_types: Collection[str] | None = None
    currencies: Collection[str] | None = None
    counterparties: Collection[str] | None = None
    instruments: Collection[str] | None = None
    position_ids: Collection[str] | None = None


@dataclass(frozen=True, slots=True)
class PositionRow:
    """A position of a run: what it is, where it stands, whether it is valued."""

    ordinal: int
    position_id: str
    instrument: str
    product_type: str
    currency: str
    counterparty: str
    legal_entity: str
    book: int
    book_code: str
    status: str
    error_code: str
    error_message: str
    error_cell: str


@dataclass(frozen=True, slots=True)
class ValueColumn:
    """One value per row as a decimal text; where there is none, a reason."""

    measure: str
    scenario: str
    factor: str
    unit: str
    currency: str
    kind: str
    values: list[str | None]
    reasons: list[str]


@dataclass(frozen=True, slots=True)
class PositionPage:
    """Rows in order, their values as columns, a cursor per row, and whether more follow."""

    rows: list[PositionRow]
    columns: list[ValueColumn]
    cursors: list[str]
    has_next: bool


@dataclass(frozen=True, slots=True)
class PositionValue:
    """One value of a position."""

    measure: str
    scenario: str
    factor: str
    unit: str
    currency: str
    kind: str
    value: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class PositionValues:
    """A position with everything the run says of it; `input_hash` covers what it depends on."""

    run: int
    row: PositionRow
    task: int
    input_hash: str
    values: list[PositionValue]


def positions(
    run: int,
    *,
    node: int | str | None = None,
    where: PositionFilter | None = None,
    order: Order | None = None,
    measures: Iterable[str] | None = None,
    scenarios: Iterable[str] | None = None,
    first: int = 50,
    after: str | None = None,
    granted: Collection[int] | None = None,
) -> PositionPage:
    """Return the page of at most `first` positions that follows the cursor `after`.

    By ordinal without `order`. The key of a row is compared as a row, so that a page never
    repeats or skips a position, whatever stands beside it.
    """
    if not 1 <= first <= MAX_PAGE:
        raise ValueError(f"first is {first}; it must be 1 to {MAX_PAGE}")
    header = cubes.run_header(run)
    axis = cubes.axis(run)
    columns = selection.select(axis, measures, scenarios, totals=False)
    number = cubes.node_number(header, node)
    nodes, shown_as, parts = cubes.shown_nodes(header, number, granted, children=False)
    if not nodes:
        raise UnknownNode(f"run {run} has no node {node}")
    ranges = _ranges(header, shown_as, parts)
    place = None if order is None else _place(axis, order)
    if place is not None and place != axes.base_pv([cell.spec for cell in axis]):
        inside = sum(last - start for start, last in ranges)
        if inside > MAX_SORTED:
            raise TooMuchDetail(
                f"{inside} positions cannot be listed by {order}: at most {MAX_SORTED}, "
                "or by PV at BASE"
            )
    keys = _page(header, ranges, where, place, order, first, after)
    shown = keys[:first]
    rows = _rows(header, [ordinal for ordinal, _ in shown], columns)
    return PositionPage(
        rows=[row for row, _ in rows],
        columns=[
            ValueColumn(
                column.measure,
                column.scenario,
                column.factor,
                column.unit,
                column.currency,
                column.kind,
                [values[index].text for _, values in rows],
                [values[index].reason for _, values in rows],
            )
            for index, column in enumerate(columns)
        ],
        cursors=[_encode(key, ordinal) for ordinal, key in shown],
        has_next=len(keys) > first,
    )


def _ranges(header: RunHeader, shown: Sequence[int], parts: Sequence[int]) -> list[tuple[int, int]]:
    with connection.cursor() as cursor:
        cursor.execute(
            SQL["ranges"],
            {
                "tree": header.tree,
                "snapshot": header.snapshot,
                "shown": list(shown),
                "part": list(parts),
            },
        )
        return [(int(first), int(last)) for _, first, last in cursor.fetchall()]


def _place(axis: Sequence[StoredCell], order: Order) -> Place:
    wanted = (order.measure, order.scenario, order.factor)
    for cell in axis:
        if (cell.spec.measure, cell.spec.scenario, cell.spec.factor) == wanted:
            return cell.place
    raise UnknownCell(f"the run has no cell {order.measure}@{order.scenario}/{order.factor}")


def _page(
    header: RunHeader,
    ranges: Sequence[tuple[int, int]],
    where: PositionFilter | None,
    place: Place | None,
    order: Order | None,
    first: int,
    after: str | None,
) -> list[tuple[int, int]]:
    if not ranges:
        return []
    key, position = (0, -1) if after is None else _decode(after)
    asked = where or PositionFilter()
    filters: dict[str, Any] = {
        "status": None if asked.status is None else {"VALUED": 0, "ERROR": _ERROR}[asked.status],
        "error_codes": None
        if asked.error_codes is None
        else [errors.number(code) for code in asked.error_codes],
    }
    for name in ("product_types", "currencies", "counterparties", "instruments", "position_ids"):
        chosen = getattr(asked, name)
        filters[name] = None if chosen is None else list(chosen)
    statement = statements.page(
        place,
        descending=bool(order and order.descending),
        after=after is not None,
        filtered=any(value is not None for value in filters.values()),
    )
    parameters: dict[str, Any] = filters | {
        "run": header.run,
        "snapshot": header.snapshot,
        "firsts": [start for start, _ in ranges],
        "lasts": [last for _, last in ranges],
        "first": min(start for start, _ in ranges),
        "last": max(last for _, last in ranges),
        "limit": first + 1,
        "after_key": key,
        "after_position": position,
    }
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return [(int(ordinal), int(found)) for ordinal, found in cursor.fetchall()]


def _rows(
    header: RunHeader, ordinals: Sequence[int], columns: Sequence[Column]
) -> list[tuple[PositionRow, list[Value]]]:
    places = selection.places(columns)
    with connection.cursor() as cursor:
        cursor.execute(
            statements.rows(places),
            {
                "run": header.run,
                "snapshot": header.snapshot,
                "tree": header.tree,
                "positions": list(ordinals),
            },
        )
        found = {row[0]: row for row in cursor.fetchall()}
    shown = []
    for ordinal in ordinals:
        row = found[ordinal]
        cells = dict(zip(places, row[11:], strict=True))
        shown.append((_row(row), [_value(column, row[3], row[9], cells) for column in columns]))
    return shown


def _row(row: Sequence[Any]) -> PositionRow:
    error = json.loads(row[10]) if row[10] else {}
    return PositionRow(
        ordinal=row[0],
        position_id=row[1],
        instrument=row[2],
        product_type=row[3],
        currency=row[4],
        counterparty=row[5],
        legal_entity=row[6],
        book=row[7],
        book_code=row[8],
        status="ERROR" if row[9] == _ERROR else "VALUED",
        error_code=error.get("code", ""),
        error_message=error.get("message", ""),
        error_cell=error.get("cell", ""),
    )


def _value(column: Column, product: str, status: int, cells: dict[Place, int]) -> Value:
    if status == _ERROR:
        return Value(None, "ERROR")
    if column.kind != "SUM" and not adapters.applies(column.measure, product):
        return Value(None, selection.NOT_APPLICABLE)
    return selection.value(column, [cells[part.place] for part in column.parts])


def position(
    run: int, position_id: str, *, granted: Collection[int] | None = None
) -> PositionValues:
    """Return every stored value of one position, and the measures divided from them."""
    header = cubes.run_header(run)
    columns = selection.select(cubes.axis(run), None, None, totals=False)
    with connection.cursor() as cursor:
        cursor.execute(
            SQL["position"],
            {
                "run": run,
                "snapshot": header.snapshot,
                "tree": header.tree,
                "position_id": position_id,
                "granted": None if granted is None else sorted(granted),
            },
        )
        rows = cursor.fetchall()
    if not rows:
        raise UnknownPosition(f"run {run} has no position {position_id}")
    cells = {
        Place(row[11], ordinal): q for row in rows for ordinal, q in enumerate(row[12], start=1)
    }
    product, status = rows[0][3], rows[0][9]
    values = [(column, _value(column, product, status, cells)) for column in columns]
    return PositionValues(
        run=run,
        row=_row(rows[0]),
        task=rows[0][14],
        input_hash=bytes(rows[0][13]).hex(),
        values=[
            PositionValue(
                column.measure,
                column.scenario,
                column.factor,
                column.unit,
                column.currency,
                column.kind,
                value.text,
                value.reason,
            )
            for column, value in values
        ],
    )


def _encode(key: int, ordinal: int) -> str:
    return base64.urlsafe_b64encode(f"{key}:{ordinal}".encode()).decode().rstrip("=")


def _decode(cursor: str) -> tuple[int, int]:
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        text = base64.b64decode(padded, altchars=b"-_", validate=True).decode("ascii")
        key, ordinal = (int(part) for part in text.split(":"))
    except ValueError as error:
        raise BadCursor(f"{cursor!r} is not a cursor of this list") from error
    if not (-(2**63) <= key < 2**63 and -1 <= ordinal < 2**31):
        raise BadCursor(f"{cursor!r} is not a cursor of this list")
    return key, ordinal
