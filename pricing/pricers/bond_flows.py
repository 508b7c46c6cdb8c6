"""Coupons and principal of all bonds at once, and what of them a buyer at a day would not get."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from pricing import calendars
from pricing.batch import Batch
from pricing.lattice import Lattices
from pricing.pricers.flows import Flows
from pricing.pricers.placing import Placed, place
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


@dataclass(frozen=True)
class BondFlows:
    """What the payments left are made of, one after another; what few measures read is lazy."""

    bonds: Bonds
    placed: Placed
    coupons: FloatArray

    @property
    def payment(self) -> IntArray:
        """Return the number of the payment that each flow is."""
        return self.placed.payment

    @property
    def owner(self) -> IntpArray:
        """Return the row of each flow."""
        return self.placed.owner

    @property
    def days(self) -> IntArray:
        """Return the days from the valuation date to each flow."""
        return self.placed.days

    @cached_property
    def outstanding(self) -> FloatArray:
        """Return the face in the period of each flow."""
        return outstanding(self.bonds, self.placed)

    @cached_property
    def principal(self) -> FloatArray:
        """Return what is repaid with each flow."""
        return principal(self.bonds, self.placed, self.outstanding)


def outstanding(bonds: Bonds, placed: Placed) -> FloatArray:
    """Return the face in the period of each flow."""
    face = np.repeat(bonds.face, np.diff(placed.offsets))
    if bonds.balance.any:
        face *= bonds.balance.over(placed.first, placed.offsets)
    return face


def principal(bonds: Bonds, placed: Placed, face: FloatArray) -> FloatArray:
    """Return what is repaid with each flow, from the face in its period."""
    repaid = np.zeros(len(face))
    if bonds.balance.any:
        repaid[:-1] = face[:-1] - face[1:]
    last = placed.offsets[1:] - 1
    repaid[last] = face[last] * (bonds.redemption / 100.0)
    return repaid


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
    count, offsets = bonds.remaining.count, placed.offsets
    if bonds.balance.any or bonds.coupon.any:
        coupons = outstanding(bonds, placed) * bonds.coupon.over(placed.first, offsets)
    else:
        coupons = np.repeat(bonds.face * bonds.coupon.first, count)
    coupons *= placed.fraction
    made = BondFlows(bonds, placed, coupons)
    spreaded = bool((bonds.spread != 0.0).any())
    discount = placed.discount(bonds.spread) if spreaded else None
    amounts = coupons.copy() if discount is None else coupons * discount
    if bonds.balance.any:
        amounts += made.principal if discount is None else made.principal * discount
    else:
        last = offsets[1:] - 1
        redemption = bonds.face * (bonds.redemption / 100.0)
        amounts[last] += redemption if discount is None else redemption * discount[last]
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
