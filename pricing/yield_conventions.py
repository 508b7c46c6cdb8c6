"""How a yield discounts a bond's payments, convention by convention, as two exponents a flow.

The price that a yield y makes of payments a_i, after settlement, is

    sum of a_i (1 + y/f)^-e_i / (1 + w_i y) / product over j up to i of (1 + l_j y)

f the compounding periods a year, e_i the compounded time in periods, w_i the time in years at
simple interest, l_j the years from payment j - 1 (or settlement) to payment j. A convention is a
choice of f, e, w and l; every formula after it is one.

Sources: 31 CFR 356 Appendix B (US_TREASURY); SIFMA, Standard Securities Calculation Methods
(US_STREET); UK Debt Management Office, Formulae for Calculating Gilt Prices from Yields, 2005
(UK_DMO); ICMA Rule Book section 800 (ICMA); IIAC, Canadian Conventions in Fixed Income Markets
(CANADIAN).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pricing import dates, daycount
from pricing.dates import IntArray
from pricing.schedule import Schedule

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

YIELD_CONVENTIONS = (
    "COMPOUND",
    "US_STREET",
    "US_TREASURY",
    "UK_DMO",
    "ICMA",
    "GERMAN",
    "CANADIAN",
    "MONEY_MARKET",
    "TRUE_YIELD",
)
"""The convention codes; a batch stores a convention as its place in this tuple.

COMPOUND: at the coupon frequency throughout. US_STREET, GERMAN: the same, simple interest once one
payment is left. US_TREASURY: simple interest to the next coupon date, compound after it, actual
days. UK_DMO: compound throughout, actual days. ICMA: compounded once a year. CANADIAN: as
US_STREET, actual days, the last period on 365 days. MONEY_MARKET: simple interest from payment to
payment, reinvested at each.
TRUE_YIELD: as COMPOUND, to the business days that payments move to.
"""
MONEY_MARKET_BASES = ("ACT/360", "ACT/365F")
MONEY_MARKET_YEARS: FloatArray = np.array([360.0, 365.0])
"""Days of a year under each of MONEY_MARKET_BASES."""

_CODE = {name: place for place, name in enumerate(YIELD_CONVENTIONS)}
_ACTUAL = [_CODE[name] for name in ("US_TREASURY", "UK_DMO", "CANADIAN")]
_SIMPLE_LAST = [_CODE[name] for name in ("US_STREET", "GERMAN", "CANADIAN")]


@dataclass(frozen=True, slots=True)
class Exponents:
    """Compounded periods `e` and simple years `w` of each flow; periods a year `f` of each row.

    `link` are the years since the payment before, of flows whose interest is simple from payment
    to payment, else 0.
    """

    e: FloatArray
    w: FloatArray
    f: FloatArray
    link: FloatArray


@dataclass(frozen=True, slots=True)
class CouponTime:
    """A day on a row's grid of coupon dates: whole periods, and the share of the next one."""

    whole: IntArray
    share: FloatArray


def coupon_time(schedule: Schedule, day: IntArray, actual: BoolArray) -> CouponTime:
    """Return where a day of each row stands on its grid, which goes on beyond both ends.

    Coupon date k of the schedule is whole k, share 0. The share of a period is in actual days, or
    for bonds on 30/360 (unless `actual`) the days accrued of 30 a month, at most the whole period.
    """
    first, months = schedule.first_month, schedule.months
    whole = (dates.month_index(day) - first) // months
    begin = _on_grid(schedule, whole)
    whole = whole - (begin > day)
    begin, end = _on_grid(schedule, whole), _on_grid(schedule, whole + 1)
    share = np.asarray((day - begin) / (end - begin))
    thirty = np.isin(schedule.basis, [daycount.CONVENTIONS.index(c) for c in daycount.THIRTY_360])
    at = np.flatnonzero(thirty & ~actual)
    if len(at):
        never = np.full(len(at), -(2**40))
        accrued = daycount.year_fraction(schedule.basis[at], begin[at], day[at], never)
        share[at] = np.clip(accrued * 12.0 / months[at], 0.0, 1.0)
    return CouponTime(whole, share)


def _on_grid(schedule: Schedule, k: IntArray) -> IntArray:
    month = schedule.first_month + k * schedule.months
    last = dates.FIRST_MONTH + (dates.LAST_YEAR - dates.FIRST_YEAR + 1) * 12 - 1
    return dates.on_day(np.clip(month, dates.FIRST_MONTH, last), schedule.pay_day)


def exponents(
    schedule: Schedule,
    convention: IntArray,
    money_market: IntArray,
    settlement: IntArray,
    payment: IntArray,
    owner: npt.NDArray[np.intp],
) -> Exponents:
    """Return the exponents of flows under their rows' conventions.

    `convention`, `money_market` (a place in MONEY_MARKET_BASES) and `settlement` are columns
    (rows,); flow j is payment `payment[j]` of row `owner[j]`, rows in order. Due dates count, not
    the business days that payments move to (TRUE_YIELD apart). A flow due before settlement is due
    at it.
    """
    actual = np.isin(convention, _ACTUAL)
    now = coupon_time(schedule, settlement, actual)
    last = coupon_time(schedule, schedule.maturity, actual)
    final = payment == schedule.payments[owner] - 1
    whole = np.where(final, last.whole[owner], payment)
    share = np.where(final, last.share[owner], 0.0)
    e = np.maximum((whole - now.whole[owner]) - now.share[owner] + share, 0.0)
    w, link = np.zeros(len(payment)), np.zeros(len(payment))
    months = schedule.months[owner]
    rule = convention[owner]

    treasury = rule == _CODE["US_TREASURY"]
    e[treasury] = np.maximum((whole - now.whole[owner] - 1 + share)[treasury], 0.0)
    w[treasury] = ((1.0 - now.share[owner]) * (months / 12.0))[treasury]
    # Nothing compounds when the maturity is before the next date of the grid.
    inside = treasury & (whole == now.whole[owner])
    w[inside] = ((share - now.share[owner]) * (months / 12.0))[inside]

    days = np.maximum(schedule.maturity - settlement, 0)[owner]
    single = _single(schedule, settlement)[owner] & np.isin(rule, _SIMPLE_LAST)
    canadian = single & (rule == _CODE["CANADIAN"])
    w[single] = (e * (months / 12.0))[single]
    w[canadian] = days[canadian] / 365.0
    e[single] = 0.0

    moved = np.flatnonzero(rule == _CODE["TRUE_YIELD"])
    if len(moved):
        row = owner[moved]
        bonds = schedule.take(row)
        paid = coupon_time(bonds, bonds.paid(payment[moved]), actual[row])
        waiting = (paid.whole - now.whole[row]) + (paid.share - now.share[row])
        e[moved] = np.maximum(waiting, 0.0)

    annual = rule == _CODE["ICMA"]
    e[annual] *= months[annual] / 12.0

    simple = rule == _CODE["MONEY_MARKET"]
    if simple.any():
        due = schedule.take(owner[simple]).due(payment[simple])
        row = owner[simple]
        waiting = np.maximum(due - settlement[row], 0) / MONEY_MARKET_YEARS[money_market[row]]
        before = np.concatenate([[0.0], waiting[:-1]])
        before[np.flatnonzero(np.diff(row, prepend=-1))] = 0.0
        link[simple] = waiting - before
        e[simple] = 0.0
    f = np.where(convention == _CODE["ICMA"], 1.0, 12.0 / schedule.months)
    return Exponents(e, w, f, link)


def _single(schedule: Schedule, settlement: IntArray) -> BoolArray:
    """Return whether one payment is left; one alone from the start must be within a period."""
    left = schedule.payments - schedule.first_due_from(settlement + 1)
    begun = schedule.payments > 1
    near = schedule.maturity <= dates.on_day(
        dates.month_index(settlement) + schedule.months, dates.day_of_month(settlement)
    )
    return np.asarray((left <= 1) & (begun | near))
