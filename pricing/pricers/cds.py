"""CDS: protection less premium, in every market state."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pricing import daycount
from pricing.failure import Failure
from pricing.grouping import combine
from pricing.kernel import sequential
from pricing.pricers.default_integrals import DefaultIntegrals
from pricing.pricers.derivative_group import MATURED, Group, LegMarket, Used, fx_used, leg_market
from pricing.pricers.flows import ProjectedFlow
from pricing.pricers.projection import Component, Leg, project
from pricing.pricers.swap_legs import Legs
from pricing.scenarios.market_states import StateSet, plain
from pricing.scenarios.states import States

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
Int32Array = npt.NDArray[np.int32]

HALF_DAY = 1.0 / 730.0
"""Premium accrues to the middle of the day of default (ISDA standard model, 1.8.2)."""
_NEVER = np.array(-(2**40))
_ACT_360 = daycount.CONVENTIONS.index("ACT/360")


@dataclass(frozen=True, slots=True)
class Markets:
    """What credit default swaps are valued with."""

    premium: LegMarket
    credit: str
    recovery: float


def uses(group: Group) -> tuple[Markets, Used] | Failure:
    """Return both curves and the market objects used, or why there are none."""
    found = leg_market(group, "pay", ())
    if isinstance(found, Failure):
        return found
    market, used = found
    name = group.text("credit")
    curve = group.states.market.credit.get(name)
    if curve is None:
        return Failure("UNKNOWN_CREDIT", f"the market has no credit curve {name}")
    if curve.currency != market.currency:
        return Failure("CURVE_CURRENCY", f"credit curve {name} is in {curve.currency}")
    fx = fx_used(group, (market.currency,))
    if isinstance(fx, Failure):
        return fx
    return Markets(market, name, curve.recovery), (*used, f"credit/{name}", *fx)


def value(group: Group, markets: Markets) -> None:
    """Write the cells of credit default swaps."""
    group = _living(group, markets)
    if not len(group.rows):
        return
    swaps = Swaps.of(group, markets)
    group.put((markets.premium.currency,), group.carried(markets.premium.curve, swaps.value))
    accrued = swaps.side * swaps.legs.current_notional() * swaps.rate * swaps.accrued_years()
    group.fill_amount("ACCRUED", markets.premium.currency, -accrued)
    group.fill_amount("CLEAN_PV", markets.premium.currency, accrued)
    group.fill_amount("NOTIONAL", markets.premium.currency, swaps.legs.current_notional())
    group.fill_by_scenario("PAR_RATE", markets.premium.currency, swaps.par_rate)


def _living(group: Group, markets: Markets) -> Group:
    """Return the rows with protection and premium to come."""
    maturity, day = group.integers("pay_maturity"), group.states.day
    over = maturity < day if group.states.inclusive else maturity <= day
    if not over.any():
        return group
    group.fail(np.flatnonzero(over), MATURED)
    return group.take(group.rows[~over])


@dataclass(frozen=True, slots=True)
class Swaps:
    """Credit default swaps with premiums left: flow j is of the distinct period `place[j]`.

    Periods accrue from `start` to the day before `end`, are covered up to `covered` and paid on
    `paid`; `fraction` is of each flow. `side` is 1 where protection is held, -1 where it is sold.
    """

    group: Group
    markets: Markets
    legs: Legs
    start: IntArray
    end: IntArray
    covered: IntArray
    paid: IntArray
    basis: IntArray
    place: Int32Array
    fraction: FloatArray
    side: FloatArray
    rate: FloatArray
    loss: FloatArray

    @staticmethod
    def of(group: Group, markets: Markets) -> Swaps:
        """Return the swaps of a group."""
        legs = Legs.of(group, "pay", markets.premium)
        assert legs is not None
        periods = legs.periods
        start, end = periods.start[periods.place], periods.end[periods.place]
        fraction = periods.fraction.copy()
        last = periods.offsets[1:] - 1
        # The last period ends on the maturity itself, moved or not, and may count that day.
        covered = end.copy()
        covered[last] = legs.schedule.maturity
        end[last] = covered[last] + group.integers("last_day")
        basis = legs.schedule.basis
        fraction[last] = daycount.year_fraction(basis, start[last], end[last], _NEVER)
        counted = basis[periods.owner]
        sample, place = combine(start, end, covered, periods.paid[periods.place], counted)
        recovery = np.where(
            group.integers("recovery_known") == 1, group.floats("recovery"), markets.recovery
        )
        return Swaps(
            group,
            markets,
            legs,
            start[sample],
            end[sample],
            covered[sample],
            periods.paid[periods.place][sample],
            counted[sample],
            place.astype(np.int32),
            fraction,
            np.where(group.integers("sold") == 1, -1.0, 1.0),
            group.floats("pay_rate"),
            1.0 - recovery,
        )

    @property
    def states(self) -> States:
        """Return the market states."""
        return self.group.states

    @property
    def earning(self) -> FloatArray:
        """Return (flows,): notional x year fraction."""
        return self.legs.notional * self.fraction

    def value(self, states_of: StateSet) -> FloatArray:
        """Return (rows, states): the value of what is held."""
        protection, annuity = self.protection_and_annuity(states_of)
        return self.side[:, None] * (protection - self.rate[:, None] * annuity)

    def par_rate(self, states_of: StateSet) -> FloatArray:
        """Return (rows, states): the premium, accrued taken off, that protection is worth."""
        protection, annuity = self.protection_and_annuity(states_of)
        clean = annuity - (self.legs.current_notional() * self.accrued_years())[:, None]
        safe = np.where(clean == 0.0, 1.0, clean)
        return np.where(clean == 0.0, 0.0, protection / safe)

    def accrued_years(self) -> FloatArray:
        """Return (rows,): year fraction of premium accrued, the valuation day included."""
        begin = self.legs.periods.offsets[:-1]
        start, end = self.start[self.place[begin]], self.end[self.place[begin]]
        until = np.minimum(np.maximum(self.states.day + 1, start), end)
        fraction = daycount.year_fraction(self.legs.schedule.basis, start, until, _NEVER)
        return np.where(until > start, fraction, 0.0)

    def protection_and_annuity(self, states_of: StateSet) -> tuple[FloatArray, FloatArray]:
        """Return (rows, states): the value of protection, and that of a premium of 1."""
        if self.group.flag("mid_point"):
            protection, premium, accrual = self._mid_point(states_of)
            face = self.legs.notional * self.loss[self.legs.periods.owner]
            default = self._sums(face, protection)
        else:
            integrals = self._integrals(states_of)
            default = self._isda_protection(integrals)
            premium, accrual = self._isda_premium(integrals, states_of)
        annuity = self._sums(self.earning, premium)
        return default, annuity + self._sums(self.legs.notional, accrual)

    def _sums(self, amounts: FloatArray, factors: FloatArray) -> FloatArray:
        return sequential(amounts, self.place, self.legs.periods.offsets, factors)

    def _integrals(self, states_of: StateSet) -> DefaultIntegrals:
        last = int(self.end.max()) - self.states.day
        return DefaultIntegrals.of(
            self.markets.premium.curve, self.markets.credit, last, self.states, states_of
        )

    def _survival(self, day: IntArray, states_of: StateSet) -> FloatArray:
        times = np.maximum(day - self.states.day, 0) / 365.0
        return self.states.state_survival(self.markets.credit, times, states_of)

    def _discount(self, day: IntArray, states_of: StateSet) -> FloatArray:
        times = np.maximum(day - self.states.day, 0) / 365.0
        return self.states.state_discount(self.markets.premium.curve, None, times, states_of)

    def _isda_protection(self, integrals: DefaultIntegrals) -> FloatArray:
        """Return (rows, states): loss x integral of P over -dQ, from today or the start."""
        maturity, start = self.legs.schedule.maturity, self.legs.schedule.start
        bounds = np.stack([np.maximum(start - 1, self.states.day), maturity])
        days, place = np.unique(bounds, return_inverse=True)
        paid, _ = integrals.at(days - self.states.day)
        begin, end = place.reshape(bounds.shape)
        face = self.legs.current_notional() * self.loss
        return np.asarray(face[:, None] * (paid[end] - paid[begin]))

    def _isda_premium(
        self, integrals: DefaultIntegrals, states_of: StateSet
    ) -> tuple[FloatArray, FloatArray]:
        """Return (periods, states): factors of a premium, and of accrual on default per year."""
        today = self.states.day
        premium = self._discount(self.paid, states_of) * self._survival(self.end - 1, states_of)
        begin_paid, begin_timed = integrals.at(self.start - 1 - today)
        end_paid, end_timed = integrals.at(self.end - 1 - today)
        since = (self.start - 1 - today) / 365.0 - HALF_DAY
        accrual = end_timed - begin_timed - since[:, None] * (end_paid - begin_paid)
        # Year fractions per year of 365 days.
        year = np.where(self.basis == _ACT_360, 365.0 / 360.0, 1.0)
        return premium, accrual * year[:, None]

    def _mid_point(self, states_of: StateSet) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return (periods, states): factors of protection, of a premium, of accrued on default.

        Default is in the middle of what is left of each period.
        """
        begin = np.maximum(self.start, self.states.day)
        middle = begin + (self.covered - begin) // 2
        lost = self._survival(begin, states_of) - self._survival(self.covered, states_of)
        default = lost * self._discount(middle, states_of)
        premium = self._discount(self.paid, states_of) * self._survival(self.paid, states_of)
        until = middle + (self.end - self.covered)
        earned = daycount.year_fraction(self.basis, self.start, until, _NEVER)
        return default, premium, earned[:, None] * default


def cashflows(group: Group, markets: Markets, scenario: str) -> list[ProjectedFlow]:
    """Return expected premiums and, as of its last day, the expected payment of protection."""
    group = _living(group, markets)
    if not len(group.rows):
        return []
    swaps = Swaps.of(group, markets)
    states = group.states
    states_of = plain(markets.premium.currency, [states.places[scenario]])
    protection, annuity = swaps.protection_and_annuity(states_of)
    days = swaps.paid[swaps.place] - states.day
    discount = swaps._discount(swaps.paid, states_of)[swaps.place, 0]
    survival = swaps._survival(swaps.end - 1, states_of)[swaps.place, 0]
    if group.flag("mid_point"):
        survival = swaps._survival(swaps.paid, states_of)[swaps.place, 0]
    premiums = swaps.earning * survival
    accrual = annuity[0, 0] - float(np.sum(premiums * discount))
    last = days[-1:]
    sign = float(swaps.side[0])
    rate = float(swaps.rate[0])
    end = np.array([discount[-1]])
    components = [
        Component("PREMIUM", days, -sign * rate * premiums),
        Component("ACCRUED_ON_DEFAULT", last, -sign * rate * accrual / end),
        Component("PROTECTION", last, sign * protection[:, 0] / end),
    ]
    leg = Leg(markets.premium.currency, markets.premium.curve)
    return project(leg, components, states, scenario)
