"""Defaulted loans: what is expected to come back, discounted from the day it is expected."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pricing.batch import Batch
from pricing.failure import Failure
from pricing.grouping import order_by
from pricing.kernel import Kernel
from pricing.pricers import carry, debt, ladder, own_spread
from pricing.pricers.cells import Cells
from pricing.pricers.debt import DebtContext
from pricing.pricers.flows import Flows, ProjectedFlow
from pricing.pricers.loan_yields import COMPOUNDED
from pricing.pricers.projection import Component, project
from pricing.scenarios.states import States

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
IntpArray = npt.NDArray[np.intp]

OVERDUE = Failure("RECOVERY_MISSING", "the expected recovery lies before the valuation date")


@dataclass(frozen=True, slots=True)
class _Recoveries:
    """One payment a row, rows sorted by pool; columns (rows,)."""

    rows: IntpArray
    days: IntArray
    amount: FloatArray
    spread: FloatArray

    def flows(self, states: States) -> Flows:
        """Return the payments, discounted by their own spreads."""
        count = len(self.rows)
        return Flows(
            self.amount * np.exp(self.days / -365.0 * self.spread),
            states.grid.slots(self.days),
            np.arange(count + 1, dtype=np.int32),
            np.zeros(count, dtype=np.intp),
            np.zeros(count, dtype=np.bool_),
        )


def _recoveries(batch: Batch, rows: IntpArray, found: DebtContext, states: States) -> _Recoveries:
    days = batch.integers("recovery_day")[rows] - states.day
    past = days < 0 if states.inclusive else days <= 0
    found.failures.update(dict.fromkeys(rows[past].tolist(), OVERDUE))
    rows = rows[~past]
    rows = rows[order_by(found.pool[rows])]
    days = batch.integers("recovery_day")[rows] - states.day
    return _Recoveries(rows, days, batch.floats("recovery")[rows], batch.floats("spread")[rows])


def value(
    batch: Batch,
    rows: IntpArray,
    found: DebtContext,
    states: States,
    kernel: Kernel,
    values: FloatArray,
) -> None:
    """Write the cells of defaulted loans; nothing accrues, their principal is what is owed."""
    held = _recoveries(batch, rows, found, states)
    if not len(held.rows):
        return
    cells = Cells(states.axis, values, held.rows)
    flows = held.flows(states)
    debt.discounted(flows, found, cells, states, kernel)
    carry.grow_debt(cells, held.spread, found, states, flows)
    face = batch.floats("notional")[held.rows]
    cells.fill("NOTIONAL", face)
    cells.fill("PRINCIPAL", face)
    cells.fill("PAST_DUE", batch.floats("past_due")[held.rows])
    waiting = debt.settlement_days(found, held.rows, states)
    later = held.days > waiting
    cells.fill("PRINCIPAL_FLOWS", np.where(later, held.amount, 0.0))
    cells.fill("PRINCIPAL_TIME", np.where(later, held.amount * (held.days - waiting) / 365.0, 0.0))
    sign = batch.floats("sign")[held.rows]
    if ladder.scenarios(cells):
        nothing = np.zeros((len(face), 1))
        paid = ladder.Paid(
            held.days, flows.offsets, nothing, nothing, recovered=held.amount[:, None],
            contractual=nothing,
        )  # fmt: skip
        ladder.put(paid, face, held.spread, sign, found, states, cells)
    cells.sign(sign)
    growth = own_spread.to_settlement(held.spread, found, held.rows, waiting)
    cells.per_hundred(face * sign, np.zeros(len(face)), growth)
    cells.fill("SPREAD", held.spread)
    _yields(held, flows, found, states, cells, growth, waiting)


def _yields(
    held: _Recoveries,
    flows: Flows,
    found: DebtContext,
    states: States,
    cells: Cells,
    growth: FloatArray,
    waiting: IntArray,
) -> None:
    """Write y with worth at settlement = recovery x (1 + y/m)^(-m t): one payment needs no root."""
    places = [p for p, cell in enumerate(cells.axis.cells) if cell.measure in COMPOUNDED]
    if not places:
        return
    codes = list(dict.fromkeys(cells.axis.cells[place].scenario for place in places))
    worth = debt.settled(flows, found, held.rows, states, [states.places[c] for c in codes])
    worth *= growth[:, None]
    years = (held.days - waiting) / 365.0
    paid = (years > 0.0) & (held.amount > 0.0)
    safe = np.where(paid, years, 1.0)[:, None]
    ratio = np.where(paid[:, None], np.where(held.amount > 0.0, held.amount, 1.0)[:, None], 1.0)
    continuous = np.log(ratio / np.where(paid[:, None], worth, 1.0)) / safe
    for place in places:
        cell = cells.axis.cells[place]
        y, m = continuous[:, codes.index(cell.scenario)], COMPOUNDED[cell.measure]
        cells.values[cells.rows, place] = y if m == 0.0 else m * np.expm1(y / m)


def cashflows(
    batch: Batch, found: DebtContext, states: States, scenario: str
) -> list[ProjectedFlow]:
    """Return the recovery of a batch of one defaulted loan."""
    held = _recoveries(batch, np.flatnonzero(found.pool >= 0), found, states)
    if not len(held.rows):
        return []
    amount = held.amount * batch.floats("sign")[held.rows]
    leg = debt.leg(found, float(held.spread[0]))
    return project(leg, [Component("RECOVERY", held.days, amount)], states, scenario)
