"""Positions of both runs, valued with one input after another moved to the closing run's."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from apps.risk.explain import adapters, markets, valuing
from apps.risk.explain.markets import PARAMETERS, TIME, MarketStep
from apps.risk.explain.valuing import Groups, Valuer, Values
from apps.run.contracts import RunRequest

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]

EVENTS, CARRY, ROLL_DOWN = "EVENTS", "CARRY", "ROLL_DOWN"
OWN_SPREADS, PREPAYMENT = "OWN_SPREADS", "PREPAYMENT"

LONGEST_CARRY = 3_660
"""Days over which CARRY and ROLL_DOWN are measured; over more time is one column."""

_SPREAD = "SPREAD"
_KEY_RATES = "KEY_RATE_DV01"


class NotComparable(ValueError):
    """Two runs between which nothing can be explained, and why."""


@dataclass(frozen=True, slots=True)
class Path:
    """Values of positions on the way, in order; `parts` are first-order estimates of PV by step.

    `known` are the positions that every step has a value of. `own_opening` and `own_closing` are
    both ends as this process values them.
    """

    own_opening: Values
    steps: Mapping[str, Values]
    own_closing: Values
    known: Bools
    parts: Mapping[str, Mapping[str, Floats]]
    carried: Mapping[str, Ints]


class Waterfall:
    """The markets and requests between two runs: made once, walked by any number of positions."""

    def __init__(self, opening: RunRequest, closing: RunRequest, measures: Sequence[str]) -> None:
        if opening.currency != closing.currency:
            raise NotComparable(
                f"the runs are in {opening.currency} and {closing.currency}: their amounts do not "
                "subtract"
            )
        self.days = (closing.valuation_date - opening.valuation_date).days
        if self.days < 0:
            raise NotComparable(
                f"the opening run is of {opening.valuation_date}, after {closing.valuation_date}"
            )
        self.opening, self.closing = opening, closing
        self.measures = tuple(dict.fromkeys(("PV", *measures)))
        self.tenors = tuple(opening.options["key_rate_tenors"])
        self.markets = tuple(
            markets.steps(opening.market, closing.market, same_date=self.days == 0)
        )
        try:
            before, after = (adapters.market(each.market) for each in (opening, closing))
            for step in self.markets:
                adapters.market(step.document)
        except adapters.MarketError as error:
            raise NotComparable(f"no market between the two runs': {error}") from error
        self.moves = adapters.moves(before, after, self.tenors)
        self.rate_moves = adapters.rate_moves(before, after, self.tenors)
        # The date and the cut move with TIME; everything after it is asked of the closing day.
        self._between = dataclasses.replace(
            opening, valuation_date=closing.valuation_date, cut=closing.cut
        )
        self._valuers: dict[str, Valuer] = {}

    @property
    def names(self) -> tuple[str, ...]:
        """Return the steps in order, TIME undivided."""
        found = []
        for market in self.markets:
            if market.name == PARAMETERS:
                found.append(PREPAYMENT)
            found.append(market.name)
            if market.name == "SPREADS":
                found.append(OWN_SPREADS)
        return tuple(found)

    @property
    def carries(self) -> bool:
        """Return whether time is split into what was paid, carry and roll-down."""
        return 0 < self.days <= LONGEST_CARRY

    def walk(self, before: Groups, after: Groups, count: int) -> Path:
        """Return the values of `count` places that both runs hold, after each step."""
        own_opening = self._valuer(None).value(before, count)
        own_closing = self._valuer(self.markets[-1], self.closing).value(after, count)
        spread = own_opening.floats[:, own_opening.at(_SPREAD)]
        closing_spread = own_closing.floats[:, own_closing.at(_SPREAD)]
        marked = _marked(before, count) & _marked(after, count) & own_closing.known
        new_spread = np.where(marked, closing_spread, spread)
        held: Groups = [(at, adapters.held_marks(batch, spread[at])) for at, batch in before]
        current, known = own_opening, own_opening.known & own_closing.known
        steps: dict[str, Values] = {}
        parts: Mapping[str, Mapping[str, Floats]] = {}
        market = self.markets[0]
        if self._rates_move:
            at_time = self._valuer(market).value(held, count)
            known &= at_time.known
            parts = self._estimates(at_time)
        by_name = {each.name: each for each in self.markets}
        for name in self.names:
            if name == OWN_SPREADS:
                changed = bool((new_spread != spread).any())
                held = [(at, adapters.held_marks(b, new_spread[at])) for at, b in before]
            elif name == PREPAYMENT:
                held, changed = _with_prepayment(held, after)
            else:
                market = by_name[name]
                changed = not market.same
            if changed:
                current = self._valuer(market).value(held, count)
            steps[name] = current
            known &= current.known
        return Path(own_opening, steps, own_closing, known, parts, self._carried(own_opening))

    @property
    def _rates_move(self) -> bool:
        return any(not m.same for m in self.markets if m.name.startswith("RATES/"))

    def _valuer(self, market: MarketStep | None, request: RunRequest | None = None) -> Valuer:
        """Return the valuer of a market between the runs; of the opening run without one.

        Kept: the next positions are valued on the same markets.
        """
        key = f"{market.name if market else ''}@{'closing' if request else ''}"
        found = self._valuers.get(key)
        if found is None:
            if market is None:
                horizon = f"{self.days}D"
                carry = [f"{code}/{horizon}" for code in (CARRY, ROLL_DOWN) if self.carries]
                made = Valuer(self.opening, (*self.measures, _SPREAD, *carry), self.opening.market)
            elif request is not None:
                made = Valuer(request, (*self.measures, _SPREAD), request.market)
            else:
                more = (_KEY_RATES,) if market.name == TIME else ()
                made = Valuer(self._between, (*self.measures, *more), market.document)
            found = self._valuers[key] = made
        return found

    def _estimates(self, values: Values) -> dict[str, dict[str, Floats]]:
        """Return -KEY_RATE_DV01 x move of each tenor in quanta of PV, by step and column."""
        scale = 10.0 ** values.axis[values.at("PV")].quantum
        book = {cell.factor.partition("/")[0] for cell in values.axis if cell.measure == _KEY_RATES}
        found: dict[str, dict[str, Floats]] = {}
        for market in self.markets:
            kind, _, currency = market.name.partition("/")
            if kind != "RATES" or market.same or currency not in self.rate_moves:
                continue
            if currency in book:
                moves = zip(self.tenors, self.rate_moves[currency].tolist(), strict=True)
                found[market.name] = {
                    f"{market.name}/{tenor}": -scale
                    * move
                    * values.floats[:, values.at(_KEY_RATES, f"{currency}/{tenor}")]
                    for tenor, move in moves
                }
        return found

    def _carried(self, values: Values) -> Mapping[str, Ints]:
        if not self.carries:
            return {}
        horizon = f"{self.days}D"
        return {code: values.cells[:, values.at(code, horizon)] for code in (CARRY, ROLL_DOWN)}


def _marked(groups: Groups, count: int) -> Bools:
    found = np.zeros(count, dtype=np.bool_)
    for places, batch in groups:
        found[places] = adapters.marked(batch)
    return found


def _with_prepayment(before: Groups, after: Groups) -> tuple[Groups, bool]:
    """Return groups with the closing prepayment assumptions, and whether any of them differ."""
    found: list[tuple[Ints, valuing.Packed]] = []
    changed = False
    for places, batch in before:
        left = np.ones(len(places), dtype=np.bool_)
        for others, other in after:
            if other.product_type != batch.product_type:
                continue
            _, mine, theirs = np.intersect1d(
                places, others, assume_unique=True, return_indices=True
            )
            if len(mine):
                old = batch.take(mine)
                new = adapters.with_prepayment(old, other.take(theirs))
                changed |= new is not old
                found.append((places[mine], new))
                left[mine] = False
        if left.any():
            rest = np.flatnonzero(left)
            found.append((places[rest], batch.take(rest)))
    return found, changed
