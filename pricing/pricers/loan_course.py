"""What a loan's terms say of each of its payments, and the balance they leave at the cut."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pricing.batch import Batch
from pricing.daycount import CONVENTIONS
from pricing.failure import Failure
from pricing.pricers.flows import offsets_of
from pricing.pricers.loan_recursion import Borrowers, Course, Given, project
from pricing.pricers.loan_speeds import Ages, defaulting, penalties
from pricing.pricers.loan_standing import LEVEL_PAY, Cut
from pricing.pricers.placing import Placed, on_days
from pricing.pricers.stepped import Stepped
from pricing.products.loan import AMORTISATIONS, STRIPS
from pricing.schedule import Schedule

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]
IntpArray = npt.NDArray[np.intp]

INTEREST_STRIP, PRINCIPAL_STRIP = STRIPS.index("INTEREST"), STRIPS.index("PRINCIPAL")
LINEAR = AMORTISATIONS.index("LINEAR")
CUSTOM = AMORTISATIONS.index("CUSTOM")


def usable_payment(batch: Batch, left: Cut) -> BoolArray:
    """Return (rows,): whether the level payment of the state is in force at the next payment."""
    given = batch.floats("payment")[left.rows] >= 0.0
    level = batch.column("amortisation")[left.rows] == LEVEL_PAY
    return np.asarray(given & level & (left.first >= batch.integers("interest_only")[left.rows]))


def course(
    batch: Batch,
    rows: IntpArray,
    schedule: Schedule,
    placed: Placed,
    first: IntArray,
    reset: BoolArray,
    usable: BoolArray,
) -> Course:
    """Return what the terms say of each payment from `first` (rows,) on.

    `reset` (flows,) is where a rate is set anew.
    """
    owner, payment = placed.owner, placed.payment
    kind = batch.column("amortisation")[rows][owner]
    start = batch.integers("interest_only")[rows][owner]
    grace = batch.integers("grace")[rows][owner]
    amortises = payment >= start
    whole = batch.integers("amortising_payments")[rows][owner]
    left = np.maximum(whole - np.maximum(payment - start, 0), 1).astype(np.float64)
    share = np.where((kind == LINEAR) & amortises, 1.0 / left, 0.0)
    _scatter(share, batch, rows, placed, first, "repaid_payment", "repaid_share")
    share[~amortises] = 0.0
    level = (kind == LEVEL_PAY) & amortises
    stepped = np.zeros(len(owner))
    _scatter(stepped, batch, rows, placed, first, "rate_payment", None)
    begins = np.zeros(len(owner), dtype=np.bool_)
    begins[placed.offsets[:-1][np.diff(placed.offsets) > 0]] = True
    recast = level & (begins | (payment == start) | reset | (stepped == 1.0))
    recast &= ~(begins & usable[owner])
    months = schedule.months[owner]
    ages = Ages(owner, payment, payment - first[owner], months)
    following = schedule.payments[owner] - 1 - payment
    due = schedule.take(owner).due(payment)
    return Course(
        share,
        level,
        recast,
        left,
        payment >= grace,
        (batch.column("grace_deferred")[rows] == 1)[owner],
        defaulting(batch, rows, ages, following),
        penalties(batch, rows, owner, due),
    )


def _scatter(
    into: FloatArray,
    batch: Batch,
    rows: IntpArray,
    placed: Placed,
    first: IntArray,
    payments: str,
    values: str | None,
) -> None:
    """Write the values of ragged columns (1 without) to the flows of their payments, in place."""
    number = batch.ragged(payments)
    if not len(number.values):
        return
    part = number.take(rows)
    owner = np.repeat(np.arange(len(rows)), np.diff(part.offsets))
    ahead = part.values.astype(np.int64) - first[owner]
    inside = np.flatnonzero((ahead >= 0) & (ahead < np.diff(placed.offsets)[owner]))
    at = placed.offsets[:-1][owner[inside]] + ahead[inside]
    into[at] = 1.0 if values is None else batch.ragged(values).take(rows).values[inside]


def borrowers(batch: Batch, left: Cut, principal: FloatArray, survived: FloatArray) -> Borrowers:
    """Return loans at the start of a projection."""
    rows = left.rows
    act_360 = batch.column("payment_basis")[rows] == CONVENTIONS.index("ACT/360")
    year = np.where(act_360, 365.0 / 360.0, 1.0)
    return Borrowers(
        principal,
        np.maximum(batch.floats("payment")[rows], 0.0),
        year * (left.schedule.months / 12.0),
        batch.floats("pik_rate")[rows],
        batch.integers("recovery_lag")[rows],
        batch.floats("severity")[rows],
        batch.integers("default_order")[rows],
        batch.column("advanced")[rows] == 1,
        survived,
        np.where(batch.column("strip")[rows] == PRINCIPAL_STRIP, 0.0, 1.0),
        np.where(batch.column("strip")[rows] == INTEREST_STRIP, 0.0, 1.0),
    )


@dataclass(frozen=True, slots=True)
class Balances:
    """Loans at the cut, columns (rows,): all that is outstanding, what of it is not past due.

    `survived` is the share of the scheduled balance that is there.
    """

    outstanding: FloatArray
    principal: FloatArray
    survived: FloatArray


def balances(batch: Batch, left: Cut) -> tuple[Balances, dict[int, Failure]]:
    """Return balances at the cut, from the state or the terms, and failures by place.

    The schedule of a floating loan is known where rates do not move it, or up to its first reset.
    """
    rows = left.rows
    outstanding = batch.floats("principal")[rows]
    past_due = batch.floats("past_due_principal")[rows]
    derived = batch.column("principal_known")[rows] == 0
    level = batch.column("amortisation")[rows] == LEVEL_PAY
    start = batch.integers("interest_only")[rows]
    grace = batch.integers("grace")[rows]
    moved = (level & (left.first > start)) | ((grace > 0) & (left.first > 0))
    unknown = (batch.column("index")[rows] != 0) & moved
    unknown &= left.first > batch.integers("fixed_payments")[rows]
    failures = {
        row: Failure(
            "TERMS_INVALID", "state.outstanding_principal is missing: it depends on past rates"
        )
        for row in np.flatnonzero(unknown & derived).tolist()
    }
    burning = batch.floats("burn_out")[rows] > 0.0
    needed = np.flatnonzero((derived | burning) & ~unknown)
    survived = np.ones(len(rows))
    if len(needed):
        scheduled = _scheduled(
            batch, Cut(rows[needed], left.schedule.take(needed), left.first[needed])
        )
        known = ~derived[needed]
        ratio = outstanding[needed] / np.where(scheduled > 0.0, scheduled, 1.0)
        survived[needed] = np.where(known & (scheduled > 0.0), np.minimum(ratio, 1.0), 1.0)
        # What is past due was to be repaid by now: it comes on top of the scheduled balance.
        outstanding[needed] = np.where(known, outstanding[needed], scheduled + past_due[needed])
    return Balances(outstanding, np.maximum(outstanding - past_due, 0.0), survived), failures


def _scheduled(batch: Batch, left: Cut) -> FloatArray:
    """Return balances after the payments [0, first) of the terms, without prepayment."""
    rows, schedule, count = left.rows, left.schedule, left.first
    original = batch.floats("original_principal")[rows]
    offsets = offsets_of(count)
    owner = np.repeat(np.arange(len(rows)), count)
    payment = np.arange(int(offsets[-1])) - offsets[:-1].astype(np.int64)[owner]
    fraction = schedule.take(owner).period_fraction(payment)
    nowhere = np.zeros(len(owner), dtype=np.int64)
    origin = np.zeros(len(rows), dtype=np.int64)
    placed = on_days(offsets, nowhere.astype(np.int32), nowhere, fraction, origin)
    never = np.zeros(len(owner), dtype=np.bool_)
    # The rate of the terms is that of the state where one is given: the terms' steps come first.
    rate = Stepped.of(batch, "rate", batch.floats("contract_rate")[rows], rows)
    fixed = np.where(
        (batch.column("index")[rows] != 0)[owner],
        batch.floats("contract_rate")[rows][owner],
        rate.over(np.zeros(len(rows), dtype=np.int64), offsets),
    )
    terms = course(
        batch, rows, schedule, placed, origin, never, np.zeros(len(rows), dtype=np.bool_)
    )
    silent = Course(
        terms.share, terms.level, terms.recast, terms.left, terms.pays, terms.defers,
        np.zeros(len(owner)), np.zeros(len(owner)),
    )  # fmt: skip
    start = borrowers(batch, left, original, np.ones(len(rows)))
    done = project(
        start, silent, placed, Given(fixed), Given(np.zeros(len(owner))), 1, (), ends=False
    )
    return done.balance[:, 0]
