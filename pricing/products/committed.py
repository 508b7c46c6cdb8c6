"""What revolvers and delayed draws share: a commitment, the rate of what is drawn, tonight's state.

docs/methods/revolver.md gives the formulas.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from pricing.batch import Names
from pricing.failure import Refused
from pricing.products import facility_fees, rate_options, utilisation
from pricing.products.bond_plan import coupon_plan
from pricing.products.facility_fees import Fees
from pricing.products.fields import CALENDAR, DAY_COUNT, ROLL, about, declared
from pricing.products.floating_note import DAILY_RATES, RESETS
from pricing.products.rate_options import INTRINSIC, OPTION_MODELS, UNLIMITED
from pricing.products.rows import DEBT_AND_SCHEDULE, Row, debt_row
from pricing.products.state import DebtState, check_credit
from pricing.products.terms import ACCRUAL_DATES, FREQUENCIES, month_and_day, schedule_row
from pricing.products.utilisation import Utilisation

CCF_CANCELLABLE = 0.10
CCF_COMMITTED = 0.40
CCF_LETTERS = {"FINANCIAL": 1.0, "PERFORMANCE": 0.5, "TRADE": 0.2}
"""Credit conversion factors of the standardised approach, BCBS CRE20.

CRE20.98 40% of commitments, CRE20.100 10% of those unconditionally cancellable at any time without
prior notice. Letters: CRE20.95(1) 100% of financial guarantees, CRE20.97 50% of transaction-related
items, CRE20.99 20% of short-term self-liquidating trade letters.
"""

COLUMNS = {
    **DEBT_AND_SCHEDULE,
    **utilisation.COLUMNS,
    **facility_fees.COLUMNS,
    "commitment": "f8",
    "commitment_payment": "ragged i4",
    "commitment_value": "ragged f8",
    "share": "f8",
    "drawn": "f8",
    "undrawn": "f8",
    "undrawn_known": "i1",
    "past_due_principal": "f8",
    "letters": "f8",
    "available": "f8",
    "ccf": "f8",
    "ccf_letters": "f8",
    "index": "i4",
    "margin": "f8",
    "coupon_payment": "ragged i4",
    "coupon_value": "ragged f8",
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
    "draw_end": "i4",
    "draw_payment": "ragged i4",
    "draw_value": "ragged f8",
    "repaid_a_year": "f8",
}
NEVER = 2**31 - 1
"""Number of the payment from which on nothing can be drawn, where drawing never ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CommittedTerms:
    """What the agreement says; amounts are those of the whole facility."""

    start_date: int = declared("date", "when interest and fees start")
    first_payment_date: int = declared("date", "first due date, unadjusted")
    maturity_date: int = declared("date", "when the commitment ends and all drawn is repaid")
    commitment: float = declared("amount", "what can be drawn at most", positive=True)
    interest_basis: str = declared("choice", "day count of interest", **DAY_COUNT)
    frequency: str = declared("choice", "payment period", "QUARTERLY", choices=tuple(FREQUENCIES))
    payment_day: int | None = declared(
        "integer", "day of month of payments, 31: month end; else the first's", None, low=1, high=31
    )
    calendar: str = declared("choice", "business days of payments", "NONE", **CALENDAR)
    roll_convention: str = declared("choice", "how pay dates are moved", "UNADJUSTED", **ROLL)
    accrual_dates: str = declared(
        "choice", "whether interest runs to moved dates", "UNADJUSTED", choices=ACCRUAL_DATES
    )
    rate: float | None = declared("rate", "fixed annual rate of what is drawn; or an index", None)
    index: str | None = declared("text", "name of the index in the market, like SOFR", None)
    margin: float | None = declared("rate", "added to the index, annual, decimal", None)
    margin_steps: tuple[tuple[int, float], ...] | None = declared(
        "steps", "[[date, margin], ...]: from the period that begins on the date on", None,
        low=-0.99, high=1.0, code="RATE_OUT_OF_RANGE",
    )  # fmt: skip
    index_floor: float | None = declared("rate", "least index rate, before the margin", None)
    floor: float | None = declared("rate", "least rate, margin included", None)
    cap: float | None = declared("rate", "highest rate, margin included", None)
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
        "choice", "how daily rates make a period's", "COMPOUNDED", choices=DAILY_RATES
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
    fees: Fees | None = field(
        default=None, metadata=about("object", "fees of the commitment; absent: none", of=Fees)
    )
    utilisation: Utilisation | None = field(
        default=None,
        metadata=about(
            "object", "shares drawn in later periods; absent: as tonight", of=Utilisation
        ),
    )
    unconditionally_cancellable: bool = declared(
        "flag", "whether the lender may cancel at any time without notice", False
    )
    discount_curve: str = declared("text", "curve to discount on; absent: the currency's", "")
    attributes: Any = field(
        default=None, metadata=about("object", "facts carried for others, not read here")
    )


@dataclass(frozen=True, slots=True)
class CommittedState(DebtState):
    """What is true of our part of the facility tonight; amounts are our share."""

    outstanding_principal: float | None = declared(
        "amount", "what is drawn", None, low=0.0, needed=True
    )
    undrawn: float | None = declared(
        "amount", "what can still be drawn; absent: our share of the commitment less the drawn",
        None, low=0.0,
    )  # fmt: skip
    share_of_facility: float = declared(
        "rate", "our share of the commitment, where undrawn is absent", 1.0, low=0.0, high=1.0
    )
    current_rate: float | None = declared(
        "rate", "rate of the current period, margin included; absent: from terms and fixings", None
    )
    ccf_override: float | None = declared(
        "rate", "credit conversion factor of the undrawn; absent: by the terms", None,
        low=0.0, high=1.0,
    )  # fmt: skip


DERIVABLE = ("undrawn",)
"""The fields of the state that are derived from the terms where they are absent."""


def contract_row(terms: CommittedTerms, state: CommittedState, names: Names) -> Row:
    """Return the columns that revolvers and delayed draws share; raise Refused where it must."""
    check_credit(state)
    drawn = state.outstanding_principal
    if drawn is None:
        raise Refused("TERMS_INVALID", "state.outstanding_principal: is missing")
    row = schedule_row(
        start=terms.start_date,
        first=terms.first_payment_date,
        pay_day=terms.payment_day or month_and_day(terms.first_payment_date)[1],
        months=FREQUENCIES[terms.frequency],
        maturity=terms.maturity_date,
        calendar=terms.calendar,
        roll=terms.roll_convention,
        accrual_dates=terms.accrual_dates,
        basis=terms.interest_basis,
    )
    row.update(debt_row(state, terms.discount_curve, names))
    row.update(_rate(terms, state, row, names))
    row.update(facility_fees.row(terms.fees, terms.interest_basis, row))
    row.update(utilisation.row(terms.utilisation))
    if state.past_due_principal > drawn:
        raise Refused(
            "AMOUNT_OUT_OF_RANGE", "state.past_due_principal: is more than is outstanding"
        )
    share = state.share_of_facility
    undrawn = state.undrawn
    held = terms.commitment * share if undrawn is None else drawn + undrawn
    row.update(
        commitment=terms.commitment,
        share=share,
        drawn=drawn,
        undrawn=undrawn or 0.0,
        undrawn_known=undrawn is not None,
        past_due_principal=state.past_due_principal,
        notional=held,
        available=UNLIMITED**2,
        ccf=_ccf(terms, state),
        draw_end=NEVER,
    )
    return row


def check_drawn(drawn: float, undrawn: float | None, most: float, share: float) -> None:
    """Refuse what cannot be part of a facility of which `most` is the highest commitment."""
    limit = most * share * (1.0 + 1e-9)
    if drawn > limit:
        raise Refused(
            "AMOUNT_OUT_OF_RANGE",
            f"state.outstanding_principal: {drawn:.15g} is above our commitment of "
            f"{most * share:.15g}",
        )
    if undrawn is not None and drawn + undrawn > limit:
        raise Refused(
            "AMOUNT_OUT_OF_RANGE",
            f"state.undrawn: with the drawn it is above our commitment of {most * share:.15g}",
        )


def stepped(steps: Sequence[tuple[int, float]] | None, row: Row, name: str, where: str) -> Row:
    """Return the columns `name`_payment and `name`_value of steps that begin with a period."""
    if steps is None:
        return {}
    plan = coupon_plan(steps, row, where)
    return {f"{name}_payment": plan["coupon_payment"], f"{name}_value": plan["coupon_value"]}


def _ccf(terms: CommittedTerms, state: CommittedState) -> float:
    if state.ccf_override is not None:
        return state.ccf_override
    return CCF_CANCELLABLE if terms.unconditionally_cancellable else CCF_COMMITTED


_OF_INDEX = ("margin", "margin_steps", "index_floor", "floor", "cap", "volatility")


def _rate(terms: CommittedTerms, state: CommittedState, row: Row, names: Names) -> Row:
    if (terms.rate is None) == (terms.index is None):
        raise Refused("TERMS_INVALID", "terms.rate: either a rate or an index is expected")
    current = {
        "current_rate": state.current_rate or 0.0,
        "current_known": state.current_rate is not None,
    }
    if terms.rate is not None:
        for name in _OF_INDEX:
            if getattr(terms, name) is not None:
                raise Refused("TERMS_INVALID", f"terms.{name}: a fixed rate has none")
        if terms.option_model != INTRINSIC:
            raise Refused("TERMS_INVALID", "terms.option_model: a fixed rate has none")
        fixed = terms.rate if state.current_rate is None else state.current_rate
        return {**current, "fixed_payments": row["payments"], "fixed_coupon": fixed}
    if terms.margin is None:
        raise Refused("TERMS_INVALID", "terms.margin: is missing, an index needs it")
    floor = -UNLIMITED if terms.floor is None else terms.floor
    cap = UNLIMITED if terms.cap is None else terms.cap
    if floor > cap:
        raise Refused("RATE_OUT_OF_RANGE", f"terms.floor: {floor:g} is above the cap {cap:g}")
    return {
        **current,
        **stepped(terms.margin_steps, row, "coupon", "terms.margin_steps"),
        "index": names.code(terms.index or ""),
        "margin": terms.margin,
        "options": rate_options.code(terms.option_model, terms.volatility, names),
        "floor": floor,
        "cap": cap,
        "index_floor": -UNLIMITED if terms.index_floor is None else terms.index_floor,
        "lag": -1 if terms.fixing_lag_days is None else terms.fixing_lag_days,
        "arrears": RESETS.index(terms.reset),
        "lookback": terms.lookback_days,
        "shifted": terms.observation_shift,
        "lockout": terms.lockout_days,
        "averaged": DAILY_RATES.index(terms.daily_rates),
    }
