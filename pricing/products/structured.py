"""STRUCTURED: a tranche of a deal, paid by a waterfall over the deal's collateral.

docs/methods/structured.md gives the rules of the waterfall.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pricing.batch import Names
from pricing.calendars import CALENDARS, ROLLS
from pricing.failure import Refused
from pricing.position import PositionInput
from pricing.products import fields
from pricing.products.fields import CALENDAR, ROLL, about, declared
from pricing.products.pool import MAX_MONTHS
from pricing.products.pool_assumptions import COLUMNS as ASSUMPTION_COLUMNS
from pricing.products.pool_assumptions import (
    PoolDefault,
    PoolPrepayment,
    assumption_row,
    check_basis,
)
from pricing.products.rows import DEBT_COLUMNS, Packed, Row, debt_row
from pricing.products.rows import pack as pack_rows
from pricing.products.state import DebtState, check_credit
from pricing.products.terms import month_and_day

PRODUCT_TYPE = "STRUCTURED"

KINDS = ("NOTE", "PAC", "Z", "RESIDUAL")
AMORTISATIONS = ("LEVEL_PAY", "LINEAR", "BULLET")
RATE_KINDS = ("FIXED", "FLOATING")
PRINCIPAL_RULES = ("SEQUENTIAL", "PRO_RATA")
MAX_LINES, MAX_TRANCHES = 200, 16

LINE_COLUMNS = (
    "line_balance", "line_rate", "line_floor", "line_floating", "line_months", "line_age",
    "line_amortising", "line_amortisation",
)  # fmt: skip
TRANCHE_COLUMNS = (
    "tranche_balance", "tranche_rate", "tranche_floating", "tranche_cap", "tranche_floor",
    "tranche_kind", "tranche_oc", "tranche_ic",
)  # fmt: skip
DEAL_COLUMNS = {
    "senior_fee": "f8",
    "subordinated_fee": "f8",
    "reserve": "f8",
    "reserve_rate": "f8",
    "reinvestment_months": "i2",
    "reinvestment_maturity": "i2",
    "reinvestment_rate": "f8",
    "reinvestment_floating": "i1",
    "loss_trigger": "f8",
    "clean_up_call": "f8",
    "original": "f8",
    "pro_rata": "i1",
    "period": "i1",
    "held": "i1",
    "share": "f8",
}
COLUMNS = {
    **DEBT_COLUMNS,
    **ASSUMPTION_COLUMNS,
    **DEAL_COLUMNS,
    "start_month": "i2",
    "start_day": "i1",
    "delay": "i2",
    "calendar": "i1",
    "roll": "i1",
    "months": "i2",
    "index_rate": "f8",
    "index_known": "i1",
    "floats": "i1",
    **dict.fromkeys((*LINE_COLUMNS, *TRANCHE_COLUMNS), "ragged f8"),
    "planned": "ragged f8",
    "planned_count": "ragged i4",
}


@dataclass(frozen=True, slots=True)
class CollateralLine:
    """A loan of the collateral, or loans alike; months and age are at the accrual start."""

    balance: float = declared("amount", "principal", positive=True)
    rate: float = declared("rate", "annual rate, of FLOATING the margin over the index")
    months: int = declared("integer", "months left", low=1, high=MAX_MONTHS, code="TERM_TOO_LONG")
    rate_kind: str = declared("choice", "FIXED or FLOATING", "FIXED", choices=RATE_KINDS)
    index_floor: float = declared("rate", "FLOATING: least index rate", -0.99)
    age: int = declared("integer", "months of age", 0, low=0, high=MAX_MONTHS)
    amortisation: str = declared(
        "choice", "how principal is repaid", "LEVEL_PAY", choices=AMORTISATIONS
    )
    amortisation_months: int | None = declared(
        "integer", "months the payment would repay in; more makes a balloon", None,
        low=1, high=2 * MAX_MONTHS, code="TERM_TOO_LONG",
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Tranche:
    """A class of notes; the order of the list is that of seniority."""

    name: str = declared("text", "name of the tranche")
    balance: float = declared("amount", "balance at the accrual start", low=0.0)
    kind: str = declared(
        "choice",
        "NOTE, PAC (keeps to planned balances), Z (accretes while a senior is outstanding), "
        "RESIDUAL (what is left; its balance is what the collateral exceeds the notes by)",
        "NOTE",
        choices=KINDS,
    )
    coupon: float | None = declared("rate", "fixed annual coupon", None)
    margin: float | None = declared("rate", "margin over the index", None)
    cap: float = declared("rate", "most of a floating coupon", 1.0)
    floor: float = declared("rate", "least of a floating coupon", 0.0)
    oc_trigger: float | None = declared(
        "number",
        "least ratio of collateral and principal cash to this and more senior notes",
        None,
        low=0.01,
        high=100.0,
    )
    ic_trigger: float | None = declared(
        "number",
        "least ratio of interest after senior fees to interest due on this and more senior notes",
        None,
        low=0.01,
        high=100.0,
    )
    planned_balances: tuple[float, ...] | None = declared(
        "numbers", "PAC: planned balance after each payment; 0 after the last", None, low=0.0
    )


@dataclass(frozen=True, slots=True)
class StructuredTerms:
    """What a deal is at an accrual start, and which of its tranches is held."""

    accrual_start_date: int = declared(
        "date", "first day of the accrual month that collateral and balances stand before"
    )
    collateral: tuple[CollateralLine, ...] = declared(
        "objects", "the loans", of=CollateralLine, most=MAX_LINES
    )
    tranches: tuple[Tranche, ...] = declared(
        "objects", "the notes, most senior first, and the residual", of=Tranche, most=MAX_TRANCHES
    )
    tranche: str = declared("text", "name of the tranche that is held")
    principal_rule: str = declared(
        "choice", "how principal is shared between notes", "SEQUENTIAL", choices=PRINCIPAL_RULES
    )
    payment_months: int = declared("integer", "months per payment", 1, low=1, high=12)
    payment_delay_days: int = declared(
        "integer", "days from the end of a period to its payment", 0, low=0, high=90
    )
    calendar: str = declared("choice", "business days of payments", "NONE", **CALENDAR)
    roll_convention: str = declared("choice", "how pay dates are moved", "UNADJUSTED", **ROLL)
    senior_fee: float = declared("rate", "annual fee on collateral, before interest", 0.0, low=0.0)
    subordinated_fee: float = declared(
        "rate", "annual fee on collateral, after interest", 0.0, low=0.0
    )
    reserve_balance: float = declared("amount", "cash in the reserve account", 0.0, low=0.0)
    reserve_target: float = declared(
        "rate", "what the account is filled up to, of collateral", 0.0, low=0.0
    )
    reinvestment_months: int = declared(
        "integer", "months in which principal buys new loans", 0, low=0, high=MAX_MONTHS
    )
    reinvestment_maturity: int | None = declared(
        "integer", "month in which what was bought is repaid", None, low=1, high=MAX_MONTHS
    )
    reinvestment_rate: float | None = declared(
        "rate", "annual rate of what is bought, of FLOATING the margin", None
    )
    reinvestment_rate_kind: str = declared(
        "choice", "FIXED or FLOATING", "FIXED", choices=RATE_KINDS
    )
    loss_trigger: float | None = declared(
        "rate", "cumulative loss of original collateral that makes principal sequential", None,
        low=0.0,
    )  # fmt: skip
    clean_up_call: float = declared(
        "rate", "share of original collateral from which on the deal is called at par", 0.0,
        low=0.0,
    )  # fmt: skip
    original_collateral: float | None = declared(
        "amount", "collateral at issue; absent: that of the lines", None, positive=True
    )
    prepayment: PoolPrepayment | None = field(
        default=None,
        metadata=about("object", "prepayment of the collateral; absent: none", of=PoolPrepayment),
    )
    default: PoolDefault | None = field(
        default=None,
        metadata=about("object", "default of the collateral; absent: none", of=PoolDefault),
    )
    index_rate: float | None = declared(
        "rate", "index rate of the period in progress; needed where something floats", None
    )
    discount_curve: str = declared(
        "text", "curve to discount and project on; absent: the currency's", ""
    )
    attributes: Any = field(
        default=None, metadata=about("object", "facts carried for others, not read here")
    )


@dataclass(frozen=True, slots=True)
class StructuredState(DebtState):
    """What is true of the holding tonight."""

    quantity: float | None = declared(
        "amount", "balance held of the tranche at the accrual start", None, needed=True
    )


def pack(inputs: Sequence[PositionInput], names: Names) -> Packed:
    """Return the packed batch of tranches, a failure per row that is none."""
    return pack_rows(PRODUCT_TYPE, COLUMNS, inputs, names, _row)


def _row(position: PositionInput, names: Names) -> Row:
    terms = fields.read(StructuredTerms, position.terms, "terms")
    state = fields.read(StructuredState, position.state, "state", open_ended=True)
    check_basis(state.credit_basis, state.spread_source, terms.default)
    check_credit(replace(state, credit_basis="SPREAD"))
    if state.quantity is None:
        raise Refused("TERMS_INVALID", "state.quantity is missing")
    total = sum(line.balance for line in terms.collateral)
    held = _check_tranches(terms, total)
    month, day = month_and_day(terms.accrual_start_date)
    return {
        **debt_row(state, terms.discount_curve, names),
        **assumption_row(terms.prepayment, terms.default),
        **_deal(terms, total),
        **_lines(terms.collateral),
        **_tranches(terms.tranches),
        "held": held,
        "share": state.quantity / (terms.tranches[held].balance or 1.0),
        "notional": state.quantity,
        "start_month": month,
        "start_day": day,
        "delay": terms.payment_delay_days,
        "calendar": CALENDARS.index(terms.calendar),
        "roll": ROLLS.index(terms.roll_convention),
        "index_rate": terms.index_rate or 0.0,
        "index_known": terms.index_rate is not None,
    }


def _check_tranches(terms: StructuredTerms, total: float) -> int:
    """Return the place of the tranche that is held."""
    tranches = terms.tranches
    names = [tranche.name for tranche in tranches]
    for place, tranche in enumerate(tranches):
        at = f"terms.tranches[{place}]"
        if tranche.name in names[:place]:
            raise Refused("TERMS_INVALID", f"{at}.name: {tranche.name[:40]!r} stands twice")
        last = place == len(tranches) - 1
        if (tranche.kind == "RESIDUAL") is not last:
            raise Refused("TERMS_INVALID", f"{at}.kind: the last, and no other, is RESIDUAL")
        if last:
            if tranche.coupon is not None or tranche.margin is not None:
                raise Refused("TERMS_INVALID", f"{at}.coupon: a RESIDUAL has none")
        elif (tranche.coupon is None) == (tranche.margin is None):
            raise Refused("TERMS_INVALID", f"{at}.coupon: either it or margin is expected")
        if tranche.floor > tranche.cap:
            raise Refused("RATE_OUT_OF_RANGE", f"{at}.floor: it is above the cap")
        if (tranche.kind == "PAC") is (tranche.planned_balances is None):
            raise Refused("TERMS_INVALID", f"{at}.planned_balances: a PAC, and no other, has them")
    together = sum(tranche.balance for tranche in tranches)
    if abs(together - total) > 0.01:
        raise Refused(
            "TERMS_INVALID",
            f"terms.tranches: balances sum to {together:.2f}, the collateral to {total:.2f}",
        )
    if terms.tranche not in names:
        raise Refused("TERMS_INVALID", f"terms.tranche: there is no {terms.tranche[:40]!r}")
    held = names.index(terms.tranche)
    if tranches[held].balance <= 0.0:
        raise Refused("AMOUNT_OUT_OF_RANGE", f"terms.tranches[{held}].balance: nothing to hold")
    return held


def _deal(terms: StructuredTerms, total: float) -> Row:
    buys = terms.reinvestment_months > 0
    if buys and (terms.reinvestment_rate is None or terms.reinvestment_maturity is None):
        raise Refused(
            "TERMS_INVALID",
            "terms.reinvestment_rate: it and reinvestment_maturity are expected of reinvestment",
        )
    maturity = terms.reinvestment_maturity or 0
    if buys and maturity <= terms.reinvestment_months:
        raise Refused("BAD_DATES", "terms.reinvestment_maturity: it is in the reinvestment period")
    original = terms.original_collateral or total
    if original < total - 0.01:
        raise Refused(
            "AMOUNT_OUT_OF_RANGE", "terms.original_collateral: it is less than the collateral"
        )
    longest = max(max(line.months for line in terms.collateral), maturity if buys else 0)
    period = terms.payment_months
    floats = any(line.rate_kind == "FLOATING" for line in terms.collateral)
    floats |= any(tranche.margin is not None for tranche in terms.tranches)
    floats |= buys and terms.reinvestment_rate_kind == "FLOATING"
    return {
        "senior_fee": terms.senior_fee,
        "subordinated_fee": terms.subordinated_fee,
        "reserve": terms.reserve_balance,
        "reserve_rate": terms.reserve_target,
        "reinvestment_months": terms.reinvestment_months,
        "reinvestment_maturity": maturity,
        "reinvestment_rate": terms.reinvestment_rate or 0.0,
        "reinvestment_floating": terms.reinvestment_rate_kind == "FLOATING",
        "loss_trigger": 2.0 if terms.loss_trigger is None else terms.loss_trigger,
        "clean_up_call": terms.clean_up_call,
        "original": original,
        "pro_rata": terms.principal_rule == "PRO_RATA",
        "period": period,
        "months": -(-longest // period) * period,
        "floats": floats,
    }


def _lines(lines: Sequence[CollateralLine]) -> Row:
    columns: list[tuple[float, ...]] = []
    for place, line in enumerate(lines):
        at = f"terms.collateral[{place}]"
        amortising = line.amortisation_months or line.months
        if amortising < line.months:
            raise Refused("SCHEDULE_INVALID", f"{at}.amortisation_months: it is less than months")
        floating = line.rate_kind == "FLOATING"
        if floating and line.amortisation == "LEVEL_PAY":
            raise Refused("TERMS_INVALID", f"{at}.amortisation: FLOATING has no level payment")
        if not floating and line.rate < 0.0:
            raise Refused("RATE_OUT_OF_RANGE", f"{at}.rate: a fixed rate below 0")
        columns.append(
            (
                line.balance, line.rate, line.index_floor, float(floating), float(line.months),
                float(line.age), float(amortising), float(AMORTISATIONS.index(line.amortisation)),
            )
        )  # fmt: skip
    return dict(zip(LINE_COLUMNS, zip(*columns, strict=True), strict=True))


def _tranches(tranches: Sequence[Tranche]) -> Row:
    columns = [
        (
            tranche.balance,
            (tranche.coupon if tranche.margin is None else tranche.margin) or 0.0,
            float(tranche.margin is not None), tranche.cap, tranche.floor,
            float(KINDS.index(tranche.kind)), tranche.oc_trigger or 0.0, tranche.ic_trigger or 0.0,
        )
        for tranche in tranches
    ]  # fmt: skip
    planned = [tranche.planned_balances or () for tranche in tranches]
    return {
        **dict(zip(TRANCHE_COLUMNS, zip(*columns, strict=True), strict=True)),
        "planned": [balance for one in planned for balance in one],
        "planned_count": [len(one) for one in planned],
    }
