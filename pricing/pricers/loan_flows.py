"""The payments of loans, period by period for all loans at once.

Loans are worked on in the order of their remaining payments, longest first: those still paying
in a period are a prefix and those that mature in it its tail, so there are no masks. Every
operation is elementwise: a loan's bits do not depend on the loans beside it. Formulas in
docs/methods/loan.md.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pricing.lattice import Lattices
from pricing.pricers.flows import Flows, offsets_of
from pricing.pricers.loan_standing import PSA_RAMP_MONTHS, Loans
from pricing.scenarios.states import States
from pricing.schedule import Remaining

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
Int32Array = npt.NDArray[np.int32]
IntpArray = npt.NDArray[np.intp]

Period = tuple[FloatArray, FloatArray, FloatArray]
"""Interest, scheduled principal and prepayment of one period, in the generator's row order."""

SETTLEMENT_PERIODS = 3
"""Settlement is at most 45 days out: no later period can be paid before it."""


@dataclass(frozen=True, slots=True)
class PrincipalTotals:
    """Per loan, projected principal after settlement: its sum, and sum of amount x years."""

    amount: FloatArray
    amount_years: FloatArray


@dataclass(frozen=True, slots=True)
class _Grid:
    """Dates of the chunk in generator order: tables (payments, lattices) and own last periods."""

    row: IntpArray
    years: FloatArray
    slots: Int32Array
    fraction: FloatArray
    first_fraction: FloatArray
    last_fraction: FloatArray
    last_years: FloatArray
    last_slots: Int32Array


def generate(
    loans: Loans,
    remaining: Remaining,
    lattices: Lattices,
    states: States,
    settlement: IntArray | None = None,
    record: list[Period] | None = None,
) -> tuple[Flows, PrincipalTotals | None]:
    """Return the loans' flows, amounts times the discount of their own spread, in their order.

    With `settlement` (days to settlement per loan) principal is totalled after it; with `record`
    the undiscounted parts of every period are appended to it.
    """
    order = np.argsort(-remaining.count, kind="stable")
    count = remaining.count[order]
    grid = _grid(remaining, lattices, states, order)
    offsets = offsets_of(remaining.count)
    amounts = np.empty(int(offsets[-1]))
    slots = np.empty(int(offsets[-1]), dtype=np.int32)
    totals = _project(
        loans.take(order),
        count,
        grid,
        offsets[:-1].astype(np.int64)[order],
        amounts,
        slots,
        None if settlement is None else settlement[order] / 365.0,
        record,
    )
    if totals is not None:
        back = np.empty_like(order)
        back[order] = np.arange(len(order))
        totals = PrincipalTotals(totals.amount[back], totals.amount_years[back])
    rows_grid = lattices.grid[lattices.row]
    return Flows(amounts, slots, offsets, rows_grid, lattices.regular), totals


def by_flow(remaining: Remaining, offsets: Int32Array, record: list[Period]) -> FloatArray:
    """Return recorded interest, principal and prepayment (3, flows) in the order of the flows."""
    order = np.argsort(-remaining.count, kind="stable")
    first = offsets[:-1].astype(np.int64)[order]
    out = np.zeros((3, int(offsets[-1])))
    for k, parts in enumerate(record):
        at = first[: len(parts[0])] + k
        for place, part in enumerate(parts):
            out[place, at] = part
    return out


def _grid(remaining: Remaining, lattices: Lattices, states: States, order: IntpArray) -> _Grid:
    last_days = remaining.last_day - states.day
    payments, number = lattices.days.shape
    # One request, lattice by lattice: a grid that starts over does so before any slot is given.
    slots = states.grid.slots(np.concatenate([lattices.days.T.ravel(), last_days]))
    table = np.ascontiguousarray(slots[: payments * number].reshape(number, payments).T)
    return _Grid(
        lattices.row[order],
        lattices.days / 365.0,
        table,
        np.ascontiguousarray(lattices.fraction),
        remaining.first_fraction[order],
        remaining.last_fraction[order],
        last_days[order] / 365.0,
        slots[payments * number :][order],
    )


def _project(
    loans: Loans,
    count: IntArray,
    grid: _Grid,
    position: IntArray,
    amounts: FloatArray,
    slots: Int32Array,
    settlement: FloatArray | None,
    record: list[Period] | None,
) -> PrincipalTotals | None:
    rows = len(count)
    balance = loans.principal.copy()
    payment = loans.payment.copy()
    prepaid = loans.prepaid.copy()
    kept = 1.0 - prepaid
    ramping = np.flatnonzero(loans.psa > 0.0)
    prepays = bool(len(ramping)) or bool((prepaid != 0.0).any())
    spreads = bool((loans.spread != 0.0).any())
    level = bool((loans.level == 1.0).all())
    discounting = -loans.spread
    interest_only = int(loans.interest_only.max(initial=0))
    ramp_end = _ramp_end(loans, ramping)
    total = np.zeros(rows)
    total_years = np.zeros(rows)
    active = np.searchsorted(-count, -np.arange(int(count[0]) + 1), side="left").tolist()
    for k in range(int(count[0])):
        m, tail = active[k], active[k + 1]
        lattice = grid.row[:m]
        owed = balance[:m]
        interest = grid.fraction[k].take(lattice) if k else grid.first_fraction[:m].copy()
        interest[tail:] = grid.last_fraction[tail:m]
        interest *= loans.rate[:m]
        interest *= owed
        principal = payment[:m] - (interest if level else interest * loans.level[:m])
        if k < interest_only:
            principal[loans.interest_only[:m] > k] = 0.0
        np.minimum(principal, owed, out=principal)
        principal[tail:] = owed[tail:]
        owed -= principal
        cash = interest + principal
        if prepays:
            if k < ramp_end:
                at = ramping[: int(np.searchsorted(ramping, m))]
                prepaid[at] = loans.ramped(at, k)
                kept[at] = 1.0 - prepaid[at]
            extra = prepaid[:m] * owed
            cash += extra
            # What is prepaid leaves the balance and its share of the payment.
            owed -= extra
            payment[:m] *= kept[:m]
        if record is not None:
            record.append((interest, principal.copy(), extra if prepays else np.zeros(m)))
        years = grid.years[k].take(lattice)
        years[tail:] = grid.last_years[tail:m]
        if settlement is not None:
            if prepays:
                principal += extra
            waiting = years - settlement[:m]
            if k < SETTLEMENT_PERIODS:
                principal[waiting <= 0.0] = 0.0
            total[:m] += principal
            waiting *= principal
            total_years[:m] += waiting
        if spreads:
            years *= discounting[:m]
            np.exp(years, out=years)
            cash *= years
        at_slot = grid.slots[k].take(lattice)
        at_slot[tail:] = grid.last_slots[tail:m]
        where = position[:m]
        amounts[where] = cash
        slots[where] = at_slot
        where += 1
    return None if settlement is None else PrincipalTotals(total, total_years)


def _ramp_end(loans: Loans, ramping: IntpArray) -> int:
    """Return the period from which on the prepaid share of every PSA loan stays as it is.

    That is one after the first period whose months are all at the end of the ramp.
    """
    if not len(ramping):
        return 0
    months = loans.months[ramping]
    before = PSA_RAMP_MONTHS - 1 - loans.paid[ramping] * months
    return max(int((-(-before // months)).max()) + 1, 1)
