"""Coupons and principal of all bonds at once, and what of them a buyer at a day would not get."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pricing import calendars
from pricing.batch import Batch
from pricing.lattice import Lattices
from pricing.pricers.flows import Flows
from pricing.pricers.placing import place
from pricing.pricers.stepped import Stepped
from pricing.scenarios.states import States
from pricing.schedule import Remaining, Schedule, accrued_fraction

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]
IntpArray = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Bonds:
    """Bonds with coupons left, columns (rows,): `rows` are places in the batch.

    Their schedules are rows `places` of `schedules`: few measures read them, so taking is lazy.
    `face` is the original one, scaled where the holding's factor is not the scheduled one;
    `balance` the share of it that is outstanding.
    """

    rows: IntpArray
    schedules: Schedule
    places: IntpArray
    remaining: Remaining
    face: FloatArray
    coupon: Stepped
    balance: Stepped
    redemption: FloatArray
    spread: FloatArray

    def take(self, index: IntpArray) -> Bonds:
        """Return the given rows."""
        return Bonds(
            self.rows[index],
            self.schedules,
            self.places[index],
            self.remaining.take(index),
            self.face[index],
            self.coupon.take(index),
            self.balance.take(index),
            self.redemption[index],
            self.spread[index],
        )

    @property
    def schedule(self) -> Schedule:
        """Return the schedules of the bonds."""
        return self.schedules.take(self.places)

    def outstanding(self, k: IntArray) -> FloatArray:
        """Return the face outstanding in the period of payment k of each row."""
        return self.face * self.balance.at(k)


@dataclass(frozen=True, slots=True)
class BondFlows:
    """The payments left, one after another: payment `payment[j]` of row `owner[j]`.

    `outstanding` is the face in the period of each, `days` its pay day after the valuation date.
    """

    payment: IntArray
    owner: IntpArray
    days: IntArray
    coupons: FloatArray
    principal: FloatArray
    outstanding: FloatArray


def alive(batch: Batch, rows: IntpArray, states: States) -> tuple[Bonds, IntpArray]:
    """Return the bonds with coupons left after the cut, and the rows that have none."""
    whole = Schedule.of(batch).take(rows)
    first = whole.first_paid_after(states.day, states.inclusive)
    living = np.flatnonzero(first < whole.payments)
    left, schedule = rows[living], whole.take(living)
    balance = Stepped.of(batch, "balance", np.ones(len(left)), left)
    face, factor = batch.floats("face")[left], batch.floats("factor")[left]
    if (factor != 0.0).any():
        scheduled = balance.at(first[living])
        face = np.where(factor != 0.0, face * (factor / scheduled), face)
    bonds = Bonds(
        left,
        schedule,
        np.arange(len(left)),
        Remaining.of(schedule, first[living]),
        face,
        Stepped.of(batch, "coupon", batch.floats("coupon")[left], left),
        balance,
        batch.floats("redemption")[left],
        batch.floats("spread")[left],
    )
    return bonds, rows[first >= whole.payments]


def bond_flows(bonds: Bonds, lattices: Lattices, states: States) -> tuple[Flows, BondFlows]:
    """Return the bonds' flows, discounted by their own spread, and what they are made of."""
    placed = place(bonds.remaining, lattices, states)
    count, offsets, days = bonds.remaining.count, placed.offsets, placed.days
    last = offsets[1:].astype(np.int64) - 1
    first = bonds.remaining.first
    outstanding = np.repeat(bonds.face, count)
    if bonds.balance.any:
        outstanding *= bonds.balance.over(first, offsets)
    coupons = outstanding * bonds.coupon.over(first, offsets)
    coupons *= placed.fraction
    principal = np.zeros(len(coupons))
    if bonds.balance.any:
        principal[:-1] = outstanding[:-1] - outstanding[1:]
    principal[last] = outstanding[last] * (bonds.redemption / 100.0)
    if (bonds.spread != 0.0).any():
        discount = np.exp(days / -365.0 * np.repeat(bonds.spread, count))
        amounts = coupons * discount + principal * discount
    else:
        amounts = coupons + principal
    made = BondFlows(placed.payment, placed.owner, days, coupons, principal, outstanding)
    return placed.flows(amounts, lattices), made


@dataclass(frozen=True, slots=True)
class ExCoupon:
    """The first payment of each row after a day, and whether the bond trades without its coupon."""

    first: IntArray
    without: BoolArray


def ex_coupon(batch: Batch, bonds: Bonds, day: IntArray, *, inclusive: bool) -> ExCoupon:
    """Return which coupon each bond trades without on a day of its own.

    From the ex date on: the pay date less the bond's ex-coupon days. The day itself counts as paid
    unless `inclusive`.
    """
    first = np.empty(len(day), dtype=np.int64)
    for one in np.unique(day):
        at = np.flatnonzero(day == one)
        left = bonds.schedule.take(at).first_paid_after(int(one), inclusive)
        first[at] = np.maximum(bonds.remaining.first[at], left)
    without = np.zeros(len(day), dtype=bool)
    length = batch.integers("ex_days")[bonds.rows]
    at = np.flatnonzero((length > 0) & (first < bonds.remaining.first + bonds.remaining.count))
    if len(at):
        paid = bonds.schedule.take(at).paid(first[at])
        business = batch.column("ex_business")[bonds.rows[at]] == 1
        calendar = batch.integers("ex_calendar")[bonds.rows[at]]
        working = calendars.business_days_before(paid, np.where(business, length[at], 0), calendar)
        without[at] = day[at] >= np.where(business, working, paid - length[at])
    return ExCoupon(first, without)


def accrued(bonds: Bonds, day: IntArray, found: ExCoupon) -> FloatArray:
    """Return the interest accrued to a day of each row; less the whole coupon once it is ex."""
    fraction = np.empty(len(day))
    for one in np.unique(day):
        at = np.flatnonzero(day == one)
        fraction[at] = accrued_fraction(bonds.schedule.take(at), found.first[at], int(one))
    at = np.flatnonzero(found.without)
    if len(at):
        whole = bonds.schedule.take(at).period_fraction(found.first[at])
        fraction[at] -= whole
    within = np.minimum(found.first, bonds.remaining.first + bonds.remaining.count - 1)
    return np.asarray(bonds.outstanding(within) * bonds.coupon.at(within) * fraction)
