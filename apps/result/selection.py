"""Which columns a reader gets: stored cells, and measures divided from two of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal

from apps.result import adapters
from apps.result.axis import Place, place
from apps.run.contracts import CellSpec
from foundation.exact import decimal_text

DENOMINATOR_NOT_POSITIVE = "DENOMINATOR_NOT_POSITIVE"
NOT_APPLICABLE = "NOT_APPLICABLE"

_EXACT = Context(prec=60, rounding=ROUND_HALF_EVEN)


class UnknownCell(LookupError):
    """A measure or scenario that the run has no cell of."""


class NotAggregable(ValueError):
    """A measure that is no sum was asked as a total."""


@dataclass(frozen=True, slots=True)
class StoredCell:
    """A cell of a run's axis and where it is stored."""

    place: Place
    spec: CellSpec


@dataclass(frozen=True, slots=True)
class Column:
    """What is shown: one stored cell, or the numerator and denominator of a division.

    A value is q x 10**-quantum in `unit`; a division is numerator / (denominator x scale).
    """

    measure: str
    scenario: str
    factor: str
    unit: str
    currency: str
    kind: str
    quantum: int
    parts: tuple[StoredCell, ...]
    scale: Decimal = Decimal(1)

    @property
    def is_divided(self) -> bool:
        """Whether the value is taken at read time from two stored sums."""
        return len(self.parts) > 1


@dataclass(frozen=True, slots=True)
class Value:
    """A decimal as text, or None and the reason why there is none."""

    text: str | None
    reason: str = ""


def stored(specs: Sequence[CellSpec]) -> list[StoredCell]:
    """Return the cells of an axis with their places."""
    return [StoredCell(place(index), spec) for index, spec in enumerate(specs)]


def select(
    axis: Sequence[StoredCell],
    measures: Iterable[str] | None,
    scenarios: Iterable[str] | None,
    *,
    totals: bool,
) -> list[Column]:
    """Return the columns of the measures under the scenarios that the run has, in that order.

    Without measures all of the run's are meant, with those that divide two of its sums. A measure
    that was asked for is never left out: UnknownCell where none of the scenarios has it, and for
    totals NotAggregable where it does not add.
    """
    known = {cell.spec.scenario: None for cell in axis}
    chosen = list(known) if scenarios is None else list(dict.fromkeys(scenarios))
    for scenario in chosen:
        if scenario not in known:
            raise UnknownCell(f"the run has no scenario {scenario}")
    if measures is None:
        codes = list(dict.fromkeys(cell.spec.measure for cell in axis))
        codes += [code for code in adapters.divided_measures() if code not in codes]
    else:
        codes = list(dict.fromkeys(measures))
    columns: list[Column] = []
    for code in codes:
        if adapters.is_of_nodes(code):
            raise NotAggregable(f"{code} is a figure of nodes: it has no cell (NOT_AGGREGABLE)")
        found = _columns(axis, code)
        if totals and any(column.kind not in _AGGREGABLE for column in found):
            if measures is None:
                continue
            raise NotAggregable(f"{code} is {found[0].kind}: it has no total (NOT_AGGREGABLE)")
        if not found and measures is not None:
            raise UnknownCell(f"the run has no measure {code}")
        shown = [column for column in found if column.scenario in chosen]
        if not shown and measures is not None:
            raise UnknownCell(f"the run has no {code} under {', '.join(chosen)}")
        columns += shown
    return columns


_AGGREGABLE = ("SUM", "RATIO", "WEIGHTED")


def _columns(axis: Sequence[StoredCell], code: str) -> list[Column]:
    division = adapters.division(code)
    if division is None:
        return [_plain(cell) for cell in axis if cell.spec.measure == code]
    tops = [cell for cell in axis if cell.spec.measure == division.numerator]
    bottoms = {
        (cell.spec.scenario, cell.spec.factor): cell
        for cell in axis
        if cell.spec.measure == division.denominator
    }
    found = []
    for top in tops:
        bottom = bottoms.get((top.spec.scenario, top.spec.factor))
        if bottom is not None:
            found.append(
                Column(
                    measure=code,
                    scenario=top.spec.scenario,
                    factor=top.spec.factor,
                    unit=division.unit,
                    currency="",
                    kind=division.kind,
                    quantum=division.quantum,
                    parts=(top, bottom),
                    scale=division.scale,
                )
            )
    return found


def _plain(cell: StoredCell) -> Column:
    spec = cell.spec
    return Column(
        measure=spec.measure,
        scenario=spec.scenario,
        factor=spec.factor,
        unit=spec.unit,
        currency=spec.currency,
        kind=spec.kind,
        quantum=spec.quantum,
        parts=(cell,),
    )


@dataclass(frozen=True, slots=True)
class Presentation:
    """Amounts shown in another currency at the BASE spot that the run is pinned to.

    A presentation, not a result: it ties out in the run currency only.
    """

    source: str
    target: str
    rate: Decimal

    def moves(self, column: Column) -> bool:
        """Whether a column is converted: amounts of the run currency, but not an exposure in it."""
        return column.currency == self.source and not adapters.is_local(column.measure)

    def convert(self, count: int, exponent: int) -> str:
        """Return count x 10**-exponent of the run currency in the other, as many digits."""
        amount = _EXACT.multiply(Decimal(count).scaleb(-exponent, _EXACT), self.rate)
        return format(amount.quantize(Decimal(1).scaleb(-exponent), context=_EXACT), "f")


def value(column: Column, counts: Sequence[int], shown_in: Presentation | None = None) -> Value:
    """Return what the integer cells of a column's parts read as."""
    if not column.is_divided:
        if shown_in is not None and shown_in.moves(column):
            return Value(shown_in.convert(counts[0], column.quantum))
        return Value(decimal_text(counts[0], column.quantum))
    top, bottom = (
        Decimal(count).scaleb(-part.spec.quantum, _EXACT)
        for count, part in zip(counts, column.parts, strict=True)
    )
    if bottom <= 0:
        return Value(None, DENOMINATOR_NOT_POSITIVE)
    quotient = _EXACT.divide(top, _EXACT.multiply(bottom, column.scale))
    rounded = quotient.quantize(Decimal(1).scaleb(-column.quantum), context=_EXACT)
    return Value(format(rounded, "f"))


def places(columns: Sequence[Column]) -> list[Place]:
    """Return every stored place the columns need, once each, in order of first use."""
    return list(dict.fromkeys(part.place for column in columns for part in column.parts))
