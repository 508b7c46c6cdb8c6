"""What a risk manager wants to see first of a run, read from the cube."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from decimal import Decimal

from apps.portfolio.dimensions import Dimension
from apps.result import selectors
from apps.result.selectors import Cube, CubeColumn, PositionFilter

BASE = "BASE"
ONE_BP = Decimal("0.0001")
_PAGE = 1_000

HEADLINE = ("PV", "ACCRUED", "PRINCIPAL", "DV01", "CS01", "SPREAD_DURATION", "WAL")


@dataclass(frozen=True, slots=True)
class Line:
    """A named part of the book: positions, value, what 1bp of rates and of spread cost."""

    name: str
    positions: int
    valued: int
    pv: Decimal
    principal: Decimal
    dv01: Decimal
    cs01: Decimal

    @property
    def duration(self) -> Decimal | None:
        """Return the effective duration in years: DV01 per value and basis point."""
        return self.dv01 / (self.pv * ONE_BP) if self.pv > 0 else None


@dataclass(frozen=True, slots=True)
class Move:
    """What a scenario does to the value of the book."""

    scenario: str
    change: Decimal


@dataclass(frozen=True, slots=True)
class Summary:
    """A run in one page; amounts in `currency`."""

    run_id: int
    currency: str
    total: Line
    accrued: Decimal
    wal: Decimal | None
    spread_duration: Decimal | None
    covered_notional: Decimal
    uncovered_notional: Decimal
    moves: tuple[Move, ...]
    key_rates: tuple[tuple[str, Decimal], ...]
    fx_exposures: tuple[tuple[str, Decimal], ...]
    business_lines: tuple[Line, ...]
    products: tuple[Line, ...]
    books: tuple[Line, ...]
    errors: tuple[tuple[str, int], ...]

    @property
    def worst(self) -> tuple[Move, ...]:
        """Return the scenarios, the largest loss first."""
        return tuple(sorted(self.moves, key=lambda move: (move.change, move.scenario)))

    def move(self, scenario: str) -> Decimal | None:
        """Return the change of value under a scenario, None when the run has it not."""
        return next((move.change for move in self.moves if move.scenario == scenario), None)


def collect(run_id: int, *, books: int = 10) -> Summary:
    """Return the summary of a finished run with its largest `books` books."""
    root = selectors.cube(run_id, measures=HEADLINE, scenarios=[BASE])
    total = lines(root)[0]
    return Summary(
        run_id=run_id,
        currency=root.currency,
        total=total,
        accrued=_number(_column(root, "ACCRUED").values[0]),
        wal=_optional(_column(root, "WAL").values[0]),
        spread_duration=_optional(_column(root, "SPREAD_DURATION").values[0]),
        covered_notional=Decimal(root.covered_notional[0]),
        uncovered_notional=Decimal(root.uncovered_notional[0]),
        moves=_moves(run_id, total.pv),
        key_rates=_by_factor(run_id, "KEY_RATE_DV01"),
        fx_exposures=_by_factor(run_id, "FX_EXPOSURE"),
        business_lines=tuple(lines(_children(run_id, None))),
        products=tuple(lines(_by_product(run_id))),
        books=tuple(_largest_books(run_id, books)),
        errors=_errors(run_id),
    )


def lines(cube: Cube) -> list[Line]:
    """Return a line per row of a cube, named by its member or its node."""
    pv, principal = _column(cube, "PV"), _column(cube, "PRINCIPAL")
    dv01, cs01 = _column(cube, "DV01", "ALL"), _column(cube, "CS01")
    return [
        Line(
            name=cube.members[row][-1] if cube.members[row] else cube.nodes[row].name,
            positions=cube.count[row],
            valued=cube.covered[row],
            pv=_number(pv.values[row]),
            principal=_number(principal.values[row]),
            dv01=_number(dv01.values[row]),
            cs01=_number(cs01.values[row]),
        )
        for row in range(len(cube.nodes))
    ]


def _children(run_id: int, node: int | str | None) -> Cube:
    return selectors.cube(
        run_id, node=node, by=[Dimension.PORTFOLIO], measures=HEADLINE, scenarios=[BASE]
    )


def _by_product(run_id: int) -> Cube:
    return selectors.cube(run_id, by=[Dimension.PRODUCT_TYPE], measures=HEADLINE, scenarios=[BASE])


def _largest_books(run_id: int, most: int) -> list[Line]:
    found: list[Line] = []
    open_nodes: list[int | None] = [None]
    while open_nodes:
        children = _children(run_id, open_nodes.pop())
        for label, line in zip(children.nodes, lines(children), strict=True):
            if label.node_type == "BOOK":
                found.append(line)
            else:
                open_nodes.append(label.node)
    return sorted(found, key=lambda line: (-line.pv, line.name))[:most]


def _moves(run_id: int, base: Decimal) -> tuple[Move, ...]:
    columns = selectors.cube(run_id, measures=["PV"]).columns
    return tuple(
        Move(column.scenario, _number(column.values[0]) - base)
        for column in columns
        if column.scenario != BASE
    )


def _by_factor(run_id: int, measure: str) -> tuple[tuple[str, Decimal], ...]:
    columns = selectors.cube(run_id, measures=[measure], scenarios=[BASE]).columns
    return tuple((column.factor, _number(column.values[0])) for column in columns)


def _errors(run_id: int) -> tuple[tuple[str, int], ...]:
    counts: Counter[str] = Counter()
    after: str | None = None
    while True:
        page = selectors.positions(
            run_id,
            where=PositionFilter(status="ERROR"),
            measures=["PV"],
            scenarios=[BASE],
            first=_PAGE,
            after=after,
        )
        counts.update(row.error_code for row in page.rows)
        if not page.has_next:
            return tuple(counts.most_common())
        after = page.cursors[-1]


def _column(cube: Cube, measure: str, factor: str = "") -> CubeColumn:
    for column in cube.columns:
        if column.measure == measure and column.factor == factor:
            return column
    raise LookupError(f"run {cube.run} has no {measure} {factor}".rstrip())


def _number(text: str | None) -> Decimal:
    return Decimal(text or 0)


def _optional(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
