"""All quoted curves of a market, built in the order they need each other, and kept live.

A curve may discount on another one and meet the forwards of a third; a quote that moves rebuilds
whatever depends on it, which is how the Jacobian is taken.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import QuantLib as ql

from pricing.dates import date_of
from pricing.market.bootstrap.instruments import Instrument, instrument
from pricing.market.curves import ZeroCurve
from pricing.market.errors import MarketError
from pricing.market.fx import FxQuote, values_in
from pricing.market.indices import Index
from pricing.market.interpolation import Interpolation
from pricing.market.quantlib_session import py_date, ql_date

FloatArray = npt.NDArray[np.float64]

BEYOND = 10
"""Days that an instrument may reach beyond the last node of a curve that it only reads."""

_PIECEWISE = {
    Interpolation.LINEAR_ZERO: ql.PiecewiseLinearZero,
    Interpolation.LOG_LINEAR_DISCOUNT: ql.PiecewiseLogLinearDiscount,
    Interpolation.LOG_CUBIC_DISCOUNT: ql.PiecewiseNaturalLogCubicDiscount,
}


@dataclass(frozen=True, slots=True)
class Asked:
    """A curve to build: its quotes as they are given, and what they are built with."""

    name: str
    currency: str
    interpolation: Interpolation
    discount: str
    quotes: Sequence[Any]
    conventions: Mapping[str, Any]
    needs: frozenset[str]


@dataclass(frozen=True, slots=True)
class Built:
    """A curve that is live: node dates, and the instrument of each node."""

    asked: Asked
    structure: Any
    dates: tuple[int, ...]
    instruments: tuple[Instrument, ...]

    def zeros(self) -> FloatArray:
        """Return the zero rate of each node as the quotes stand now."""
        pairs = self.structure.nodes()[1:]
        values = np.array([value for _, value in pairs])
        if self.asked.interpolation is Interpolation.LINEAR_ZERO:
            return values
        start = self.structure.referenceDate()
        times = np.array([date - start for date, _ in pairs]) / 365.0
        return np.asarray(-np.log(values) / times)


@dataclass(slots=True)
class System:
    """The curves of a market while they are built; use within `quantlib_session.evaluation`.

    `parallel` has a live quote for each given curve that is built on: a shift of its zero rates.
    """

    as_of: Any
    given: Mapping[str, ZeroCurve]
    indices: Mapping[str, Index]
    fx: Sequence[FxQuote]
    built: dict[str, Built] = field(default_factory=dict)
    parallel: dict[str, Any] = field(default_factory=dict)
    _handles: dict[str, Any] = field(default_factory=dict)
    _ends: dict[str, Any] = field(default_factory=dict)

    def build(self, asked: Sequence[Asked]) -> None:
        """Build curves; one that cannot be built names its quote."""
        for curve in _in_order(asked):
            self.built[curve.name] = self._curve(curve)
            structure = self.built[curve.name].structure
            structure.enableExtrapolation()
            self._handles[curve.name] = ql.YieldTermStructureHandle(structure)
            self._ends[curve.name] = structure.maxDate()

    def handle(self, curve: str, place: str) -> Any:
        """Return the handle of a curve that is given or built."""
        found = self._handles.get(curve)
        if found is None:
            known = self.given.get(curve)
            if known is None:
                raise MarketError(place, f"there is no curve {curve!r} to build on")
            self.parallel[curve] = ql.SimpleQuote(0.0)
            shifted = ql.ZeroSpreadedTermStructure(
                ql.YieldTermStructureHandle(_given(self.as_of, known)),
                ql.QuoteHandle(self.parallel[curve]),
            )
            found = self._handles[curve] = ql.YieldTermStructureHandle(shifted)
        return found

    def _curve(self, asked: Asked) -> Built:
        around = _Around(self, asked)
        instruments = [self._instrument(around, index) for index in range(len(asked.quotes))]
        _check_order(asked, instruments)
        structure = _structure(self.as_of, asked, instruments)
        try:
            nodes = structure.nodes()[1:]
        except RuntimeError as error:
            raise self._culprit(asked, instruments, str(error)) from None
        built = Built(
            asked,
            structure,
            tuple(date.serialNumber() - 25569 for date, _ in nodes),
            tuple(instruments),
        )
        for index, zero in enumerate(built.zeros()):
            if not math.isfinite(zero) or abs(zero) > 1.0:
                raise MarketError(
                    _place(asked, index, instruments),
                    f"the curve cannot be built: zero rate {zero:.6g}",
                )
        return built

    def _instrument(self, around: _Around, index: int) -> Instrument:
        asked = around.asked
        place = f"{asked.name}.quotes[{index}]"
        try:
            made = instrument(asked.quotes[index], asked.conventions, around, place)
        except RuntimeError as error:
            raise MarketError(place, f"no such instrument: {error}") from None
        last = made.helper.latestRelevantDate()
        for name in sorted(asked.needs):
            end = self._ends.get(name)
            if end is not None and last > end + BEYOND:
                raise MarketError(
                    f"{place} ({made.label})",
                    f"it reaches {py_date(last)}, curve {name} ends on {py_date(end)}",
                )
        return made

    def _culprit(
        self, asked: Asked, instruments: Sequence[Instrument], message: str
    ) -> MarketError:
        """Return the error of the first quote that the ones before it can do without."""
        around, count = _Around(self, asked), 0
        for count in range(1, len(instruments) + 1):
            some = [self._instrument(around, index) for index in range(count)]
            try:
                _structure(self.as_of, asked, some).nodes()
            except RuntimeError as error:
                message = str(error)
                break
        return MarketError(
            _place(asked, count - 1, instruments), f"the curve cannot be built: {message}"
        )


@dataclass(frozen=True, slots=True)
class _Around:
    """What the quotes of one curve may refer to."""

    system: System
    asked: Asked

    @property
    def name(self) -> str:
        return self.asked.name

    @property
    def currency(self) -> str:
        return self.asked.currency

    @property
    def discounting(self) -> Any:
        if self.asked.discount == self.asked.name:
            return ql.YieldTermStructureHandle()
        return self.system.handle(self.asked.discount, f"{self.asked.name}.discount")

    def index(self, name: str, place: str) -> Index:
        if name not in self.system.indices:
            raise MarketError(place, f"there is no index {name!r}")
        return self.system.indices[name]

    def handle(self, curve: str, place: str) -> Any:
        return self.system.handle(curve, place)

    def spot(self, base: str, quote: str, place: str) -> float:
        values = values_in(self.system.fx, quote)
        if base not in values:
            raise MarketError(place, f"the market has no rate between {base} and {quote}")
        return values[base].value


def _place(asked: Asked, index: int, instruments: Sequence[Instrument]) -> str:
    return f"{asked.name}.quotes[{index}] ({instruments[index].label})"


def _check_order(asked: Asked, instruments: Sequence[Instrument]) -> None:
    """Refuse a quote that ends before the one before it: node k is that of quote k."""
    pillars = [made.helper.pillarDate() for made in instruments]
    for index, (before, after) in enumerate(itertools.pairwise(pillars), start=1):
        if after <= before:
            raise MarketError(
                _place(asked, index, instruments),
                f"its last day {py_date(after)} is not after that of the quote before it",
            )


def _structure(as_of: Any, asked: Asked, instruments: Sequence[Instrument]) -> Any:
    helpers = [made.helper for made in instruments]
    return _PIECEWISE[asked.interpolation](as_of, helpers, ql.Actual365Fixed())


def _given(as_of: Any, curve: ZeroCurve) -> Any:
    """Return a curve of nodes as QuantLib's, the last zero rate going on for ever."""
    days = [ql_date(date_of(day)) for day in curve.node_dates]
    zeros = curve.zeros.tolist()
    if curve.interpolation is Interpolation.LINEAR_ZERO:
        if days[0] > as_of:
            days, zeros = [as_of, *days], [zeros[0], *zeros]
        days.append(ql.Date.maxDate())
        zeros.append(zeros[-1])
        structure = ql.ZeroCurve(days, zeros, ql.Actual365Fixed())
    else:
        kind = (
            ql.DiscountCurve
            if curve.interpolation is Interpolation.LOG_LINEAR_DISCOUNT
            else ql.NaturalLogCubicDiscountCurve
        )
        factors = np.exp(-curve.zeros * curve.times).tolist()
        structure = kind([as_of, *days], [1.0, *factors], ql.Actual365Fixed())
        structure.enableExtrapolation()
    return structure


def _in_order(asked: Sequence[Asked]) -> list[Asked]:
    """Return curves so that each comes after those it needs."""
    waiting = {curve.name: curve for curve in asked}
    ordered: list[Asked] = []
    while waiting:
        ready = [curve for curve in waiting.values() if not curve.needs & waiting.keys()]
        if not ready:
            circle = _circle(waiting)
            message = f"curves need each other: {', '.join(circle)}"
            raise MarketError(f"{circle[0]}.quotes", message)
        ordered.extend(ready)
        for curve in ready:
            del waiting[curve.name]
    return ordered


def _circle(waiting: Mapping[str, Asked]) -> list[str]:
    """Return the curves of circles, without those that only wait for one."""
    left = dict(waiting)
    while True:
        needed = frozenset[str]().union(*(curve.needs for curve in left.values()))
        idle = left.keys() - needed
        if not idle:
            return sorted(left)
        for name in idle:
            del left[name]
