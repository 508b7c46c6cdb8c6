"""Coupon rates of floating notes, payment by payment, in every market state."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pricing.batch import Batch
from pricing.dates import date_of
from pricing.failure import Failure
from pricing.grouping import combine
from pricing.market.indices import Index, IndexKind
from pricing.market.volatility import Volatility
from pricing.pricers.index_rates import NOT_MISSING, Fixing, period_rates
from pricing.pricers.range_accrual import Ranges
from pricing.pricers.rate_options import RatePeriods, surface_of, undefined
from pricing.pricers.stepped import Stepped
from pricing.products.rate_options import UNLIMITED
from pricing.scenarios.market_states import StateSet
from pricing.scenarios.states import States
from pricing.schedule import Schedule

FloatArray = npt.NDArray[np.float64]
Int32Array = npt.NDArray[np.int32]
IntArray = npt.NDArray[np.int64]
IntpArray = npt.NDArray[np.intp]

_HOW = ("index", "lag", "arrears", "lookback", "shifted", "lockout", "averaged")
OPTION_COLUMNS = ("index", "options")
"""What `index_of` reads of a batch."""


def index_of(states: States, currency: str, name: str, options: str) -> tuple[str, ...] | Failure:
    """Return the market objects that a note on an index depends on, or why there can be none.

    `options` is the choice of volatility of a packed batch.
    """
    index = states.market.indices.get(name)
    if index is None:
        return Failure("UNKNOWN_INDEX", f"the market has no index {name}")
    if index.currency != currency:
        return Failure("CURVE_CURRENCY", f"index {name} is in {index.currency}")
    surface = surface_of(states, index, options)
    if isinstance(surface, Failure):
        return surface
    fixing = (f"fixing/{name}",) if name in states.market.fixings else ()
    volatility = (f"volatility/{surface.name}",) if surface is not None else ()
    return (f"index/{name}", *fixing, f"curve/{index.curve}", *volatility)


def on_swaps(batch: Batch, rows: IntpArray, states: States) -> npt.NDArray[np.bool_]:
    """Return whether each row is on a swap rate."""
    codes, place = np.unique(batch.column("index")[rows], return_inverse=True)
    names = [batch.names.text(int(code)) for code in codes]
    indices = states.market.indices
    kinds = [bool(name) and indices[name].kind is IndexKind.CMS for name in names]
    return np.array(kinds, dtype=np.bool_)[place]


@dataclass(frozen=True, slots=True)
class Accrual:
    """Periods [start, end) (day ordinals) of payments `payment` of rows `owner` of the notes.

    A period that is not `whole` ends before its payment does: a lockout is of the end.
    """

    owner: IntpArray
    payment: IntArray
    start: IntArray
    end: IntArray
    whole: npt.NDArray[np.bool_]

    def how(self, batch: Batch, rows: IntpArray) -> list[IntArray]:
        """Return how each period reads its index, the columns of _HOW."""
        found = {name: batch.integers(name)[rows][self.owner] for name in _HOW}
        found["lockout"] = found["lockout"] * self.whole
        return list(found.values())

    def take(self, index: IntpArray) -> Accrual:
        """Return the given periods."""
        return Accrual(
            self.owner[index],
            self.payment[index],
            self.start[index],
            self.end[index],
            self.whole[index],
        )


@dataclass(frozen=True, slots=True)
class UnlimitedRates:
    """Index rates (distinct periods, states) with the slot each is paid in, and each flow's own.

    Flow j pays index rate `place[j]`, if it is `floating[j]`, and `added[j]`: the margin, or the
    whole rate where that is known.
    """

    rates: FloatArray
    slots: Int32Array
    place: IntpArray
    added: FloatArray
    floating: npt.NDArray[np.bool_]
    failures: dict[int, Failure]


@dataclass(frozen=True, slots=True)
class NoteRates:
    """What the coupons of notes are made of, columns (rows,): `rows` are places in the batch."""

    batch: Batch
    rows: IntpArray
    schedule: Schedule
    first: IntArray
    margin: Stepped

    def rates(
        self, accrual: Accrual, states: States, states_of: StateSet
    ) -> tuple[FloatArray, FloatArray, dict[int, Failure]]:
        """Return coupon and index rates (periods, states), and failures by row of the notes."""
        index_rate, missing = self._index_rates(accrual, states, states_of)
        owner = accrual.owner

        def column(name: str) -> FloatArray:
            return self.batch.floats(name)[self.rows][owner][:, None]

        margin = self._margins(accrual)[:, None]
        projected = index_rate
        index_rate = np.maximum(index_rate, column("index_floor"))
        rate = np.clip(index_rate + margin, column("floor"), column("cap"))
        failures = self._expect(accrual, projected, margin[:, 0], rate, states, states_of)
        failures |= self._ranged(accrual, margin[:, 0], rate, missing, states, states_of)
        fixed, current = self._given(accrual, states)
        if fixed.any():
            rate[fixed] = column("fixed_coupon")[fixed]
        if current.any():
            rate[current] = column("current_rate")[current]
        index_rate[fixed | current] = (rate - margin)[fixed | current]
        return rate, index_rate, failures | self._lacking(accrual, missing, fixed | current)

    def _expect(
        self,
        accrual: Accrual,
        index_rate: FloatArray,
        margin: FloatArray,
        rate: FloatArray,
        states: States,
        states_of: StateSet,
    ) -> dict[int, Failure]:
        """Replace coupon rates by their expectations where volatility is read; return failures."""
        owner = accrual.owner
        options = self.batch.integers("options")[self.rows]
        wanted = (options != 0) | on_swaps(self.batch, self.rows, states)
        at = np.flatnonzero(wanted[owner])
        if not len(at):
            return {}
        part, added = accrual.take(at), margin[at]
        low, high = self._limits(part, added)
        paid = self.schedule.take(part.owner).paid(part.payment)
        how = [*part.how(self.batch, self.rows), options[part.owner]]
        limits = [np.unique(limit, return_inverse=True)[1] for limit in (low, high)]
        sample, place = combine(*how, part.start, part.end, paid, *limits)
        chosen = [column[sample] for column in how]
        first, group = combine(*chosen)
        failures: dict[int, Failure] = {}
        expected = np.empty((len(sample), len(states_of)))
        for number, one in enumerate(first):
            index, fixing = self._reading(chosen, int(one), states)
            named = self.batch.names.text(int(chosen[-1][one]))
            surface = surface_of(states, index, named)
            assert isinstance(surface, Volatility)
            inside = np.flatnonzero(group == number)
            some = sample[inside]
            periods = RatePeriods(
                index, fixing, surface, part.start[some], part.end[some], paid[some], low[some],
                high[some],
            )  # fmt: skip
            expected[inside] = periods.expected(index_rate[at[some]], states, states_of)
            nowhere = np.isnan(expected[inside]).any(axis=1)
            for row in part.owner[np.isin(place, inside[nowhere])].tolist():
                failures.setdefault(row, undefined(surface))
            expected[inside[nowhere]] = 0.0
        rate[at] = expected[place] + added[:, None]
        return failures

    def _ranged(
        self,
        accrual: Accrual,
        margin: FloatArray,
        rate: FloatArray,
        missing: IntArray,
        states: States,
        states_of: StateSet,
    ) -> dict[int, Failure]:
        """Replace coupon rates of range accruals and days without fixing; return failures."""
        if "ranged" not in self.batch.columns:
            return {}
        at = np.flatnonzero((self.batch.column("ranged")[self.rows] == 1)[accrual.owner])
        if not len(at):
            return {}
        part = accrual.take(at)
        rows = self.rows[part.owner]
        low, high = self.batch.floats("range_low")[rows], self.batch.floats("range_high")[rows]
        paid = self.schedule.take(part.owner).paid(part.payment)
        how = [self.batch.integers(name)[rows] for name in OPTION_COLUMNS]
        limits = [np.unique(limit, return_inverse=True)[1] for limit in (low, high)]
        sample, place = combine(*how, part.start, part.end, paid, *limits)
        chosen = [column[sample] for column in how]
        first, group = combine(*chosen)
        failures: dict[int, Failure] = {}
        inside = np.empty((len(sample), len(states_of)))
        lacking = np.full(len(sample), NOT_MISSING, dtype=np.int64)
        for number, one in enumerate(first):
            name, named = (self.batch.names.text(int(column[one])) for column in chosen)
            index = states.market.indices[name]
            places = np.flatnonzero(group == number)
            some = sample[places]
            if index.kind is not IndexKind.TERM:
                text = f"{name} is {index.kind}: the range of a note is of a TERM rate"
                on = part.owner[np.isin(place, places)].tolist()
                failures |= dict.fromkeys(on, Failure("UNKNOWN_INDEX", text))
                inside[places] = 0.0
                continue
            surface = surface_of(states, index, named)
            assert not isinstance(surface, Failure)
            shares = Ranges(
                index, surface, part.start[some], part.end[some], paid[some], low[some], high[some]
            ).shares(states, states_of)
            nowhere = np.isnan(shares.inside).any(axis=1)
            if surface is not None:
                for row in part.owner[np.isin(place, places[nowhere])].tolist():
                    failures.setdefault(row, undefined(surface))
            shares.inside[nowhere] = 0.0
            inside[places], lacking[places] = shares.inside, shares.missing
        earned = self.batch.floats("range_rate")[rows][:, None] * inside[place]
        rate[at] = earned + margin[at][:, None]
        missing[at] = lacking[place]
        return failures

    def _limits(self, accrual: Accrual, margin: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the least and the highest index rate that a coupon takes, (periods,)."""
        floor, cap, index_floor = (
            self.batch.floats(name)[self.rows][accrual.owner]
            for name in ("floor", "cap", "index_floor")
        )
        high = np.where(cap < UNLIMITED, cap - margin, UNLIMITED)
        low = np.where(floor > -UNLIMITED, floor - margin, -UNLIMITED)
        return np.minimum(np.maximum(low, index_floor), high), high

    def _reading(self, how: list[IntArray], at: int, states: States) -> tuple[Index, Fixing]:
        """Return the index of a row of columns _HOW and how it is read."""
        name, lag, arrears, lookback, shifted, lockout, averaged = (int(c[at]) for c in how[:7])
        index = states.market.indices[self.batch.names.text(name)]
        if lag < 0:
            lag = index.fixing_lag_days
        return index, Fixing(lag, bool(arrears), lookback, bool(shifted), lockout, bool(averaged))

    def _lacking(
        self, accrual: Accrual, missing: IntArray, known: npt.NDArray[np.bool_]
    ) -> dict[int, Failure]:
        """Return a failure of each row with a period whose fixing is missing and not known."""
        failures: dict[int, Failure] = {}
        for at in np.flatnonzero((missing != NOT_MISSING) & ~known).tolist():
            row = int(accrual.owner[at])
            name = self.batch.names.text(int(self.batch.column("index")[self.rows[row]]))
            day = date_of(int(missing[at]))
            failures.setdefault(row, Failure("FIXING_MISSING", f"{name} has no fixing for {day}"))
        return failures

    def unlimited(
        self, accrual: Accrual, slots: Int32Array, states: States, states_of: StateSet
    ) -> UnlimitedRates:
        """Return what coupons without floors and caps are made of, each period of a day once."""
        how = accrual.how(self.batch, self.rows)
        sample, place = combine(*how, accrual.start, accrual.end, slots)
        chosen = accrual.take(sample)
        rates, missing = self._index_rates(chosen, states, states_of)
        fixed, current = self._given(accrual, states)
        given = np.where(
            fixed,
            self.batch.floats("fixed_coupon")[self.rows][accrual.owner],
            self.batch.floats("current_rate")[self.rows][accrual.owner],
        )
        known = fixed | current
        failures = self._lacking(accrual, missing[place], known)
        added = np.where(known, given, self._margins(accrual))
        return UnlimitedRates(rates, slots[sample], place, added, ~known, failures)

    def _margins(self, accrual: Accrual) -> FloatArray:
        if not self.margin.any:
            return self.margin.first[accrual.owner]
        return self.margin.take(accrual.owner).at(accrual.payment)

    def _given(
        self, accrual: Accrual, states: States
    ) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
        """Return which periods pay the fixed coupon, and which the rate the position states."""
        owner = accrual.owner
        fixed = accrual.payment < self.batch.integers("fixed_payments")[self.rows][owner]
        known = self.batch.column("current_known")[self.rows] == 1
        known &= self.batch.column("arrears")[self.rows] == 0
        now = accrual.payment == self.first[owner]
        return fixed, known[owner] & now & (accrual.start <= states.day) & ~fixed

    def _index_rates(
        self, accrual: Accrual, states: States, states_of: StateSet
    ) -> tuple[FloatArray, IntArray]:
        """Return index rates of periods: every distinct period of an index is computed once."""
        how = accrual.how(self.batch, self.rows)
        sample, place = combine(*how, accrual.start, accrual.end)
        rates = np.zeros((len(sample), len(states_of)))
        missing = np.full(len(sample), NOT_MISSING, dtype=np.int64)
        chosen = [column[sample] for column in how]
        first, group = combine(*chosen)
        for number, at in enumerate(first):
            index, fixing = self._reading(chosen, int(at), states)
            inside = np.flatnonzero(group == number)
            begin, end = accrual.start[sample[inside]], accrual.end[sample[inside]]
            found = period_rates(index, fixing, begin, end, states, states_of)
            rates[inside], missing[inside] = found.rates, found.missing
        return rates[place], missing[place]
