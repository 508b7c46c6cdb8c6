"""FLOATING_NOTE: a note whose coupons follow an index, with a margin, limits and one redemption.

docs/methods/floating_note.md gives the formulas.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from pricing.batch import Names
from pricing.dates import date_of
from pricing.failure import Refused
from pricing.position import PositionInput
from pricing.products import fields, range_accrual, rate_options
from pricing.products.bond_plan import amortised_balances, coupon_plan, due_days, scheduled_balances
from pricing.products.coupon_dates import coupon_schedule
from pricing.products.fields import CALENDAR, DAY_COUNT, ROLL, about, declared
from pricing.products.range_accrual import AccrualRange
from pricing.products.rate_options import INTRINSIC, OPTION_MODELS, UNLIMITED
from pricing.products.rows import DEBT_AND_SCHEDULE, Packed, Row, debt_row
from pricing.products.rows import pack as pack_rows
from pricing.products.state import DebtState, check_credit
from pricing.products.terms import ACCRUAL_DATES, FREQUENCIES

PRODUCT_TYPE = "FLOATING_NOTE"

DAILY_RATES = ("COMPOUNDED", "AVERAGED")
RESETS = ("ADVANCE", "ARREARS")
AMORTISATIONS = ("BULLET", "LINEAR", "SCHEDULE")

COLUMNS = {
    **DEBT_AND_SCHEDULE,
    **range_accrual.COLUMNS,
    "face": "f8",
    "redemption": "f8",
    "index": "i4",
    "margin": "f8",
    "coupon_payment": "ragged i4",
    "coupon_value": "ragged f8",
    "balance_payment": "ragged i4",
    "balance_value": "ragged f8",
    "floor": "f8",
    "cap": "f8",
    "index_floor": "f8",
    "options": "i4",
    "lag": "i1",
    "arrears": "i1",
    "lookback": "i1",
    "shifted": "i1",
    "lockout": "i1",
    "averaged": "i1",
    "fixed_payments": "i2",
    "fixed_coupon": "f8",
    "current_rate": "f8",
    "current_known": "i1",
}


@dataclass(frozen=True, slots=True)
class FloatingNoteTerms:
    """What the note's conditions say; dates are day ordinals once read."""

    dated_date: int = declared("date", "when the first coupon starts to accrue")
    maturity_date: int = declared("date", "when the note is redeemed, unadjusted")
    index: str = declared("text", "name of the index in the market, like SOFR or EURIBOR_3M")
    margin: float = declared("rate", "added to the index, annual, decimal")
    day_count: str = declared("choice", "day count of coupons", **DAY_COUNT)
    frequency: str = declared("choice", "coupon period", "QUARTERLY", choices=tuple(FREQUENCIES))
    first_coupon_date: int | None = declared(
        "date", "first coupon where the first period is irregular", None
    )
    last_coupon_date: int | None = declared(
        "date", "last coupon before a maturity off the grid of coupons", None
    )
    end_of_month: bool = declared("flag", "coupons at month ends", False)
    redemption: float = declared("number", "per 100 of face", 100.0, positive=True, high=1e4)
    calendar: str = declared("choice", "business days of payments", "NONE", **CALENDAR)
    roll_convention: str = declared("choice", "how pay dates are moved", "UNADJUSTED", **ROLL)
    accrual_dates: str = declared(
        "choice", "whether interest runs to moved dates", "ADJUSTED", choices=ACCRUAL_DATES
    )
    amortisation: str = declared(
        "choice", "how the face is repaid", "BULLET", choices=AMORTISATIONS
    )
    principal_schedule: tuple[tuple[int, float], ...] | None = declared(
        "steps", "[[due date, principal per 100 of original face], ...], for SCHEDULE",
        None, low=0.0, high=100.0, code="AMOUNT_OUT_OF_RANGE",
    )  # fmt: skip
    accrual_range: AccrualRange | None = field(
        default=None,
        metadata=about(
            "object", "rate earned on days the index is in a range, in place of the index",
            of=AccrualRange,
        ),
    )  # fmt: skip
    margin_steps: tuple[tuple[int, float], ...] | None = declared(
        "steps",
        "[[date, margin], ...]: from the coupon period that begins on the date on",
        None,
        low=-0.99,
        high=1.0,
        code="RATE_OUT_OF_RANGE",
    )
    floor: float | None = declared("rate", "least coupon, margin included", None)
    cap: float | None = declared("rate", "highest coupon, margin included", None)
    index_floor: float | None = declared("rate", "least index rate, before the margin", None)
    option_model: str = declared(
        "choice", "whether limits are worth what they are in each market state, or time value too",
        INTRINSIC, choices=OPTION_MODELS,
    )  # fmt: skip
    volatility: str | None = declared(
        "text", "surface of VOLATILITY; absent: the only one of the index' currency", None
    )
    reset: str = declared(
        "choice", "whether a term rate is fixed before the period or at its end", "ADVANCE",
        choices=RESETS,
    )  # fmt: skip
    fixing_lag_days: int | None = declared(
        "integer", "business days from the fixing to the period; absent: the index's", None, high=30
    )
    daily_rates: str = declared(
        "choice", "how daily rates make a coupon", "COMPOUNDED", choices=DAILY_RATES
    )
    lookback_days: int = declared(
        "integer", "business days by which daily rates are read earlier", 0, high=30
    )
    observation_shift: bool = declared(
        "flag", "whether the weights of daily rates are moved with them", False
    )
    lockout_days: int = declared(
        "integer",
        "last business days of a period in which the rate before them goes on",
        0,
        high=15,
    )
    fixed_until: int | None = declared(
        "date", "coupons of periods that begin before this day are fixed", None
    )
    fixed_coupon: float | None = declared("rate", "annual coupon up to fixed_until", None)
    discount_curve: str = declared("text", "curve to discount on; absent: the currency's", "")
    attributes: Any = field(
        default=None, metadata=about("object", "facts carried for others, not read here")
    )


@dataclass(frozen=True, slots=True)
class FloatingNoteState(DebtState):
    """What is true of the holding tonight; `quantity` is face, short positions negative."""

    quantity: float | None = declared("amount", "face held", None, needed=True)
    current_rate: float | None = declared(
        "rate",
        "coupon rate of the current period, margin included, where it was fixed before the period; "
        "absent: from the market's fixings",
        None,
    )


def read(position: PositionInput) -> tuple[FloatingNoteTerms, FloatingNoteState]:
    """Return typed terms and state; raise Refused where they are no floating note."""
    terms = fields.read(FloatingNoteTerms, position.terms, "terms")
    state = fields.read(FloatingNoteState, position.state, "state", open_ended=True)
    return terms, state


def pack(inputs: Sequence[PositionInput], names: Names) -> Packed:
    """Return the packed batch of notes, a failure per row that is none."""
    return pack_rows(PRODUCT_TYPE, COLUMNS, inputs, names, _row)


def _row(position: PositionInput, names: Names) -> Row:
    terms, state = read(position)
    check_credit(state)
    if state.quantity is None:
        raise Refused("TERMS_INVALID", "state.quantity: is missing")
    row = coupon_schedule(terms)
    row.update(debt_row(state, terms.discount_curve, names))
    if terms.margin_steps is not None:
        row.update(coupon_plan(terms.margin_steps, row, "terms.margin_steps"))
    row.update(_principal(terms, row))
    row.update(_limits(terms))
    row.update(range_accrual.row(terms.accrual_range))
    row.update(_fixed(terms, row))
    row.update(
        face=state.quantity,
        notional=state.quantity,
        redemption=terms.redemption,
        index=names.code(terms.index),
        margin=terms.margin,
        options=rate_options.code(terms.option_model, terms.volatility, names),
        lag=-1 if terms.fixing_lag_days is None else terms.fixing_lag_days,
        arrears=RESETS.index(terms.reset),
        lookback=terms.lookback_days,
        shifted=terms.observation_shift,
        lockout=terms.lockout_days,
        averaged=DAILY_RATES.index(terms.daily_rates),
        current_rate=state.current_rate or 0.0,
        current_known=state.current_rate is not None,
    )
    return row


def _principal(terms: FloatingNoteTerms, schedule: Row) -> Row:
    if (terms.principal_schedule is not None) != (terms.amortisation == "SCHEDULE"):
        raise Refused("TERMS_INVALID", "terms.principal_schedule: goes with SCHEDULE alone")
    if terms.principal_schedule is not None:
        return scheduled_balances(terms.principal_schedule, schedule)
    if terms.amortisation == "LINEAR":
        return amortised_balances("LINEAR", 0.0, 0.0, schedule)
    return {}


def _limits(terms: FloatingNoteTerms) -> Row:
    if terms.accrual_range is not None:
        for name in ("floor", "cap", "index_floor"):
            if getattr(terms, name) is not None:
                raise Refused("TERMS_INVALID", f"terms.{name}: a range accrual has none")
        if terms.reset == "ARREARS":
            raise Refused("TERMS_INVALID", "terms.reset: a range accrual is set day by day")
    floor = -UNLIMITED if terms.floor is None else terms.floor
    cap = UNLIMITED if terms.cap is None else terms.cap
    if floor > cap:
        raise Refused("RATE_OUT_OF_RANGE", f"terms.floor: {floor:g} is above the cap {cap:g}")
    index_floor = -UNLIMITED if terms.index_floor is None else terms.index_floor
    return {"floor": floor, "cap": cap, "index_floor": index_floor}


def _fixed(terms: FloatingNoteTerms, schedule: Row) -> Row:
    if (terms.fixed_until is None) != (terms.fixed_coupon is None):
        raise Refused("TERMS_INVALID", "terms.fixed_coupon: goes with fixed_until, and it with it")
    if terms.fixed_until is None:
        return {"fixed_payments": 0, "fixed_coupon": 0.0}
    begins = due_days(schedule)[:-1]
    if terms.fixed_until not in (*begins, int(schedule["maturity"])):
        raise Refused(
            "SCHEDULE_INVALID",
            f"terms.fixed_until: no coupon period begins on {date_of(terms.fixed_until)}",
        )
    fixed = sum(begin < terms.fixed_until for begin in begins)
    return {"fixed_payments": fixed, "fixed_coupon": terms.fixed_coupon or 0.0}
