"""Coupon rates of floating notes, payment by payment, in every market state."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pricing.batch import Batch
from pricing.dates import date_of
from pricing.failure import Failure
from pricing.grouping import combine
from pricing.market.indices import IndexKind
from pricing.pricers.index_rates import NOT_MISSING, Fixing, period_rates
from pricing.pricers.stepped import Stepped
from pricing.scenarios.market_states import StateSet
from pricing.scenarios.states import States
from pricing.schedule import Schedule

FloatArray = npt.NDArray[np.float64]
Int32Array = npt.NDArray[np.int32]
IntArray = npt.NDArray[np.int64]
IntpArray = npt.NDArray[np.intp]

_HOW = ("index", "lag", "arrears", "lookback", "shifted", "lockout", "averaged")


def index_of(states: States, currency: str, name: str) -> tuple[str, ...] | Failure:
    """Return the market objects that a note on an index depends on, or why there can be none."""
    index = states.market.indices.get(name)
    if index is None:
        return Failure("UNKNOWN_INDEX", f"the market has no index {name}")
    if index.kind is IndexKind.CMS:
        return Failure("UNKNOWN_INDEX", f"{name} is a swap rate, which no floating note is on")
    if index.currency != currency:
        return Failure("CURVE_CURRENCY", f"index {name} is in {index.currency}")
    fixing = (f"fixing/{name}",) if name in states.market.fixings else ()
    return (f"index/{name}", *fixing, f"curve/{index.curve}")


@dataclass(frozen=True, slots=True)
class Accrual:
    """Periods [start, end) (day ordinals) of payments `payment` of rows `owner` of the notes."""

    owner: IntpArray
    payment: IntArray
    start: IntArray
    end: IntArray


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
        index_rate = np.maximum(index_rate, column("index_floor"))
        rate = np.clip(index_rate + margin, column("floor"), column("cap"))
        fixed, current = self._given(accrual, states)
        if fixed.any():
            rate[fixed] = column("fixed_coupon")[fixed]
        if current.any():
            rate[current] = column("current_rate")[current]
        index_rate[fixed | current] = (rate - margin)[fixed | current]
        return rate, index_rate, self._lacking(accrual, missing, fixed | current)

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
        how = [self.batch.integers(name)[self.rows][accrual.owner] for name in _HOW]
        sample, place = combine(*how, accrual.start, accrual.end, slots)
        chosen = Accrual(
            accrual.owner[sample],
            accrual.payment[sample],
            accrual.start[sample],
            accrual.end[sample],
        )
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
        how = [self.batch.integers(name)[self.rows][accrual.owner] for name in _HOW]
        sample, place = combine(*how, accrual.start, accrual.end)
        rates = np.zeros((len(sample), len(states_of)))
        missing = np.full(len(sample), NOT_MISSING, dtype=np.int64)
        chosen = [column[sample] for column in how]
        first, group = combine(*chosen)
        for number, at in enumerate(first):
            name, lag, arrears, lookback, shifted, lockout, averaged = (int(c[at]) for c in chosen)
            index = states.market.indices[self.batch.names.text(name)]
            if lag < 0:
                lag = index.fixing_lag_days
            fixing = Fixing(lag, bool(arrears), lookback, bool(shifted), lockout, bool(averaged))
            inside = np.flatnonzero(group == number)
            begin, end = accrual.start[sample[inside]], accrual.end[sample[inside]]
            found = period_rates(index, fixing, begin, end, states, states_of)
            rates[inside], missing[inside] = found.rates, found.missing
        return rates[place], missing[place]
