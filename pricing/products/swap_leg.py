"""One leg of a swap: what it pays, when, and on which notional, as the columns of a batch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from pricing.batch import Names
from pricing.failure import Refused
from pricing.products.bond_plan import coupon_plan
from pricing.products.coupon_dates import coupon_schedule
from pricing.products.fields import CALENDAR, DAY_COUNT, ROLL, declared
from pricing.products.floating_note import DAILY_RATES, RESETS
from pricing.products.rows import Row
from pricing.products.terms import ACCRUAL_DATES, FREQUENCIES
from pricing.schedule import COLUMNS as SCHEDULE_COLUMNS

LEG_COLUMNS = {
    **SCHEDULE_COLUMNS,
    "currency": "i4",
    "curve": "i4",
    "index": "i4",
    "floating": "i1",
    "rate": "f8",
    "notional": "f8",
    "pay_lag": "i1",
    "lag": "i1",
    "arrears": "i1",
    "lookback": "i1",
    "shifted": "i1",
    "lockout": "i1",
    "averaged": "i1",
    "rate_payment": "ragged i4",
    "rate_value": "ragged f8",
    "notional_payment": "ragged i4",
    "notional_value": "ragged f8",
}
"""The columns of a leg. `rate` is the fixed rate, or the spread over the index of a floating leg.

From payment rate_payment[j] on the rate is rate_value[j], from payment notional_payment[j] on the
notional is notional_value[j].
"""


def prefixed(side: str) -> dict[str, str]:
    """Return the leg columns of one side of a contract: `receive_rate` and so on."""
    return {f"{side}_{name}": kind for name, kind in LEG_COLUMNS.items()}


@dataclass(frozen=True, slots=True)
class LegTerms:
    """One leg: a fixed `rate`, or an `index` and a spread over it."""

    day_count: str = declared("choice", "day count of the leg's interest", **DAY_COUNT)
    frequency: str = declared("choice", "interest period", "QUARTERLY", choices=tuple(FREQUENCIES))
    currency: str = declared("currency", "currency of the leg; absent: the position's", "")
    rate: float | None = declared("rate", "fixed rate, annual, decimal; a fixed leg has one", None)
    rate_steps: tuple[tuple[int, float], ...] | None = declared(
        "steps",
        "[[date, rate], ...]: from the period that begins on the date on; of a floating leg the "
        "spread",
        None,
        low=-0.99,
        high=1.0,
        code="RATE_OUT_OF_RANGE",
    )
    index: str = declared("text", "index of a floating leg, like SOFR or EURIBOR_6M", "")
    spread: float = declared("rate", "added to the index", 0.0)
    notional: float | None = declared(
        "amount", "notional of the leg where it differs from the contract's", None, positive=True
    )
    notional_schedule: tuple[tuple[int, float], ...] | None = declared(
        "steps",
        "[[date, notional], ...]: from the period that begins on the date on",
        None,
        low=0.0,
        high=1e15,
        code="AMOUNT_OUT_OF_RANGE",
    )
    first_date: int | None = declared(
        "date", "end of the first period where it is irregular, unadjusted", None
    )
    end_of_month: bool = declared("flag", "periods end at month ends", False)
    calendar: str = declared("choice", "business days of payments", "NONE", **CALENDAR)
    roll_convention: str = declared("choice", "how dates are moved", "MODIFIED_FOLLOWING", **ROLL)
    accrual_dates: str = declared(
        "choice", "whether interest runs to moved dates", "ADJUSTED", choices=ACCRUAL_DATES
    )
    payment_lag_days: int = declared(
        "integer", "business days from the end of a period to its payment", 0, high=30
    )
    reset: str = declared(
        "choice", "whether a term rate is fixed before the period or at its end", "ADVANCE",
        choices=RESETS,
    )  # fmt: skip
    fixing_lag_days: int | None = declared(
        "integer", "business days from the fixing to the period; absent: the index's", None, high=30
    )
    daily_rates: str = declared(
        "choice", "how daily rates make a payment", "COMPOUNDED", choices=DAILY_RATES
    )
    lookback_days: int = declared(
        "integer", "business days by which daily rates are read earlier", 0, high=30
    )
    observation_shift: bool = declared(
        "flag", "whether the weights of daily rates are moved with them", False
    )
    lockout_days: int = declared(
        "integer", "last business days of a period in which the rate before them goes on", 0,
        high=15,
    )  # fmt: skip
    discount_curve: str = declared("text", "curve to discount on; absent: the collateral's", "")


@dataclass(frozen=True, slots=True)
class _Dates:
    """A leg's dates as those of coupons (coupon_dates.CouponTerms)."""

    dated_date: int
    maturity_date: int
    first_coupon_date: int | None
    last_coupon_date: int | None
    end_of_month: bool
    frequency: str
    calendar: str
    roll_convention: str
    accrual_dates: str
    day_count: str


_OF_COUPONS: Mapping[str, str] = MappingProxyType(
    {"first_coupon_date": "first_date", "dated_date": "start_date"}
)


def leg_row(
    leg: LegTerms,
    where: str,
    start: int,
    maturity: int,
    notional: float,
    share: float,
    currency: str,
    names: Names,
) -> Row:
    """Return the columns of a leg without the prefix of its side.

    `where` is its place in the terms, `notional` the contract's, `share` what of the contract is
    held, `currency` the leg's where it names none.
    """
    if (leg.rate is None) == (leg.index == ""):
        raise Refused("TERMS_INVALID", f"{where}.rate: a leg has either a fixed rate or an index")
    if leg.rate is not None and leg.spread != 0.0:
        raise Refused("TERMS_INVALID", f"{where}.spread: a fixed leg has none")
    row = _schedule(leg, where, start, maturity)
    row.update(_steps(leg, where, row, share))
    face = notional if leg.notional is None else leg.notional
    row.update(
        currency=names.code(leg.currency or currency),
        curve=names.code(leg.discount_curve),
        index=names.code(leg.index),
        floating=leg.index != "",
        rate=leg.spread if leg.rate is None else leg.rate,
        notional=face * share,
        pay_lag=leg.payment_lag_days,
        lag=-1 if leg.fixing_lag_days is None else leg.fixing_lag_days,
        arrears=RESETS.index(leg.reset),
        lookback=leg.lookback_days,
        shifted=leg.observation_shift,
        lockout=leg.lockout_days,
        averaged=DAILY_RATES.index(leg.daily_rates),
    )
    return row


def _schedule(leg: LegTerms, where: str, start: int, maturity: int) -> Row:
    dates = _Dates(
        start, maturity, leg.first_date, None, leg.end_of_month, leg.frequency, leg.calendar,
        leg.roll_convention, leg.accrual_dates, leg.day_count,
    )  # fmt: skip
    try:
        return coupon_schedule(dates)
    except Refused as refused:
        message = refused.failure.message
        for of_coupons, own in _OF_COUPONS.items():
            message = message.replace(of_coupons, own)
        if message.startswith("terms.first_date") or message.startswith("terms.end_of_month"):
            message = message.replace("terms", where, 1)
        elif not message.startswith("terms."):
            message = f"{where}: {message}"
        raise Refused(refused.failure.code, message) from None


def _steps(leg: LegTerms, where: str, schedule: Row, share: float) -> Row:
    row: Row = {}
    if leg.rate_steps is not None:
        plan = coupon_plan(leg.rate_steps, schedule, f"{where}.rate_steps")
        row.update(rate_payment=plan["coupon_payment"], rate_value=plan["coupon_value"])
    if leg.notional_schedule is not None:
        plan = coupon_plan(leg.notional_schedule, schedule, f"{where}.notional_schedule")
        held = [value * share for value in plan["coupon_value"]]
        row.update(notional_payment=plan["coupon_payment"], notional_value=held)
    return row
