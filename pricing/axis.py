"""The cells a run values: (measure, scenario, factor), in order, with unit and quantum."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from pricing.cashflow import buckets
from pricing.cashflow.bridge import STEPS
from pricing.cashflow.buckets import NOT_PROJECTED, BucketError
from pricing.cashflow.defaults import DEFAULT_BUCKETS, DEFAULT_HORIZON
from pricing.currencies import is_currency
from pricing.dates import LAST_INPUT_DAY, MIN_DAY, ordinal
from pricing.horizons import DEFAULT_HORIZONS, horizon_days
from pricing.key_rates import DEFAULT_KEY_RATE_TENORS
from pricing.measures import SUMMING_TO_PRINCIPAL, Conversion, FactorKind, Kind, measure

BASE = "BASE"

MAX_CELLS = 20_000


class Cut(StrEnum):
    """Whether flows paid on the valuation date are out (END_OF_DAY) or in (START_OF_DAY)."""

    END_OF_DAY = "END_OF_DAY"
    START_OF_DAY = "START_OF_DAY"


class AxisError(ValueError):
    """The cells asked for do not make an axis; the message names the place."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One column of the result: a measure under a scenario for a factor ("" where it has none)."""

    measure: str
    scenario: str
    factor: str = ""

    def __str__(self) -> str:
        factor = f"/{self.factor}" if self.factor else ""
        return f"{self.measure}@{self.scenario}{factor}"


@dataclass(frozen=True, slots=True)
class Axis:
    """The cells of a run and the settings that give them meaning.

    Shapes: a valuation of n positions on the axis is float64 (n, len(axis.cells)).
    """

    cells: tuple[Cell, ...]
    valuation_date: dt.date
    run_currency: str
    cut: Cut = Cut.END_OF_DAY
    key_rate_tenors: tuple[str, ...] = DEFAULT_KEY_RATE_TENORS
    ladder_buckets: tuple[str, ...] = DEFAULT_BUCKETS
    bridge_horizon: str = DEFAULT_HORIZON
    places: dict[Cell, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not is_currency(self.run_currency):
            raise AxisError(f"run currency {self.run_currency!r} is unknown")
        if len(self.cells) > MAX_CELLS:
            raise AxisError(f"{len(self.cells)} cells are more than {MAX_CELLS}")
        object.__setattr__(self, "cut", Cut(self.cut))
        if not MIN_DAY <= ordinal(self.valuation_date) <= LAST_INPUT_DAY:
            raise AxisError(f"the valuation date {self.valuation_date} is outside 1900 to 2199")
        tenor_years(self.key_rate_tenors)
        try:
            buckets.edges(self.ladder_buckets, ordinal(self.valuation_date))
            buckets.day_of(self.bridge_horizon, ordinal(self.valuation_date))
        except BucketError as error:
            raise AxisError(str(error)) from error
        for cell in self.cells:
            _check(cell, self)
        places = {cell: place for place, cell in enumerate(self.cells)}
        if len(places) != len(self.cells):
            raise AxisError("a cell stands twice on the axis")
        for cell in self.cells:
            for part in _parts(cell):
                if part not in places:
                    raise AxisError(f"{cell} is a sum and needs {part} on the axis")
        object.__setattr__(self, "places", places)

    def __len__(self) -> int:
        return len(self.cells)

    def currency(self, cell: Cell) -> str:
        """Return the currency a cell's amount is in, "" for what is no amount."""
        conversion = measure(cell.measure).conversion
        if conversion is Conversion.NONE:
            return ""
        return cell.factor if conversion is Conversion.FACTOR else self.run_currency

    def horizon(self, cell: Cell) -> int:
        """Return the calendar days to the horizon of a cell, 0 for one without."""
        if measure(cell.measure).factor is not FactorKind.HORIZON:
            return 0
        return horizon_days(cell.factor, self.valuation_date) or 0

    @property
    def sums(self) -> tuple[tuple[int, tuple[int, ...]], ...]:
        """Return the places of cells that are sums, each with the places of its parts."""
        return tuple(
            (self.places[cell], tuple(self.places[part] for part in _parts(cell)))
            for cell in self.cells
            if measure(cell.measure).parts
        )

    def quantum(self, cell: Cell) -> int:
        """Return d: the cell is stored as an integer count of 10**-d."""
        return measure(cell.measure).quantum(self.currency(cell))


def _parts(cell: Cell) -> tuple[Cell, ...]:
    return tuple(Cell(code, cell.scenario, cell.factor) for code in measure(cell.measure).parts)


def tenor_years(tenors: Sequence[str]) -> tuple[float, ...]:
    """Return tenors like 3M or 10Y as years; they must increase."""
    years = tuple(_tenor(text) for text in tenors)
    if not years or any(b <= a for a, b in itertools.pairwise(years)):
        raise AxisError("key rate tenors must be given and increase")
    return years


def _tenor(text: str) -> float:
    number, unit = text[:-1], text[-1:]
    if not (number.isascii() and number.isdigit() and unit in ("M", "Y") and int(number) > 0):
        raise AxisError(f"tenor {text!r} is not like 3M or 10Y")
    return int(number) / 12.0 if unit == "M" else float(int(number))


def _check(cell: Cell, axis: Axis) -> None:
    definition = measure(cell.measure)
    if definition.kind in (Kind.RATIO, Kind.WEIGHTED):
        raise AxisError(f"{cell.measure} is divided at read time and has no cell of its own")
    if definition.kind is Kind.NODE:
        raise AxisError(f"{cell.measure} is a figure of nodes and has no cell")
    factor = definition.factor
    if factor is FactorKind.NONE:
        good = cell.factor == ""
    elif factor is FactorKind.CURRENCY:
        good = is_currency(cell.factor)
    elif factor is FactorKind.CURRENCY_OR_ALL:
        good = cell.factor == "ALL" or is_currency(cell.factor)
    elif factor is FactorKind.OTHER_CURRENCY:
        good = is_currency(cell.factor) and cell.factor != axis.run_currency
    elif factor is FactorKind.HORIZON:
        good = horizon_days(cell.factor, axis.valuation_date) is not None
    elif factor is FactorKind.BUCKET:
        good = cell.factor in (*buckets.names(axis.ladder_buckets), NOT_PROJECTED)
    elif factor is FactorKind.STEP:
        good = cell.factor in STEPS
    else:
        currency, _, tenor = cell.factor.partition("/")
        good = is_currency(currency) and tenor in axis.key_rate_tenors
    if not good:
        raise AxisError(f"{cell.measure} has no factor {cell.factor!r}")


def factors(
    code: str,
    currencies: Iterable[str],
    run_currency: str,
    tenors: Sequence[str],
    ladder: Sequence[str] = DEFAULT_BUCKETS,
) -> list[str]:
    """Return the factors of a measure for the currencies of a book."""
    names = sorted(set(currencies))
    kind = measure(code).factor
    if kind is FactorKind.NONE:
        return [""]
    if kind is FactorKind.CURRENCY:
        return names
    if kind is FactorKind.CURRENCY_OR_ALL:
        return ["ALL", *names]
    if kind is FactorKind.OTHER_CURRENCY:
        return [name for name in names if name != run_currency]
    if kind is FactorKind.HORIZON:
        return list(DEFAULT_HORIZONS)
    if kind is FactorKind.BUCKET:
        rest = (NOT_PROJECTED,) if code in SUMMING_TO_PRINCIPAL else ()
        return [*buckets.names(ladder), *rest]
    if kind is FactorKind.STEP:
        return list(STEPS)
    return [f"{name}/{tenor}" for name in names for tenor in tenors]


def asked_cell(text: str) -> Cell:
    """Return what `measure`, `measure@scenario` or `measure/factor@scenario` asks for."""
    left, _, scenario = text.partition("@")
    code, _, factor = left.partition("/")
    return Cell(code, scenario, factor)


def default_cells(
    measures: Iterable[str],
    scenarios: Iterable[str],
    currencies: Iterable[str],
    run_currency: str,
    key_rate_tenors: Sequence[str] = DEFAULT_KEY_RATE_TENORS,
    ladder_buckets: Sequence[str] = DEFAULT_BUCKETS,
) -> tuple[Cell, ...]:
    """Return the default axis: every asked measure on BASE, then PV on every other scenario.

    `measure@scenario` among the measures asks for a measure elsewhere, `measure/factor`
    for one factor of it alone: THETA/1M. RATIO measures bring the SUMs they are divided from,
    ladders that sum to what is outstanding PRINCIPAL in their scenario. `scenarios` must hold
    BASE; `currencies` are those of the book.
    """
    codes = list(scenarios)
    if BASE not in codes:
        raise AxisError("the scenarios do not hold BASE")
    book = sorted(set(currencies) | {run_currency})
    cells: dict[Cell, None] = {}

    def add(code: str, scenario: str, only: str = "") -> None:
        for stored in measure(code).cells:
            if stored in SUMMING_TO_PRINCIPAL:
                cells.setdefault(Cell("PRINCIPAL", scenario))
            every = factors(stored, book, run_currency, key_rate_tenors, ladder_buckets)
            for factor in [only] if only else every:
                cells.setdefault(Cell(stored, scenario, factor))

    asked = [asked_cell(text) for text in measures]
    add("PV", BASE)
    for cell in asked:
        if not cell.scenario:
            add(cell.measure, BASE, cell.factor)
    for scenario in codes:
        add("PV", scenario)
    for cell in asked:
        if cell.scenario:
            if cell.scenario not in codes:
                raise AxisError(f"{cell.measure}@{cell.scenario}: no such scenario in the set")
            add(cell.measure, cell.scenario, cell.factor)
    return tuple(cells)
