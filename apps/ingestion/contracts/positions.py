"""A position as a file states it: links, and the state of tonight (DEFINITIONS, section 1)."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import model_validator

from apps.ingestion.contracts.fields import (
    Amount,
    AmountNotNegative,
    Boolean,
    Country,
    Currency,
    Date,
    Days,
    Identifier,
    Number,
    Price,
    Rate,
    Row,
    Share,
    Text,
    Word,
    fault,
)

Side = Literal["ASSET", "LIABILITY", "OFF_BALANCE"]
Status = Literal["PERFORMING", "PAST_DUE", "DEFAULTED", "CHARGED_OFF", "CLOSED"]
AccountingClass = Literal["HFI", "HFS", "HTM", "AFS", "TRADING", "FVO"]


class PositionRow(Row):
    """One position. Amounts are in its currency and always our share; long is positive.

    `obligor` may be left out where the instrument has an issuer; `currency`, where given, must be
    that of the instrument. `outstanding_principal` may be left out for FX_FWD and DERIVATIVE,
    whose size is `quantity`.
    """

    position_id: Identifier
    book: Identifier
    instrument: Identifier
    currency: Currency | None = None

    side: Side
    quantity: Amount
    outstanding_principal: AmountNotNegative | None = None
    original_principal: AmountNotNegative | None = None
    undrawn: AmountNotNegative | None = None
    letters_of_credit: AmountNotNegative | None = None
    swingline: AmountNotNegative | None = None
    borrowing_base: AmountNotNegative | None = None
    pool_factor: Share | None = None
    survival: Share | None = None

    current_rate: Rate | None = None
    ex_coupon_entitled: Boolean | None = None
    current_payment: AmountNotNegative | None = None
    next_due_date: Date | None = None
    paid_to_date: Date | None = None
    last_reset_date: Date | None = None
    fixing_rate: Number | None = None
    resetting_notional: AmountNotNegative | None = None
    accrued_interest_ledger: Amount | None = None
    capitalised_interest: AmountNotNegative | None = None

    status: Status
    days_past_due: Days | None = None
    past_due_principal: AmountNotNegative | None = None
    past_due_interest: AmountNotNegative | None = None
    accrual_status: Literal["ACCRUAL", "NON_ACCRUAL"] | None = None
    non_accrual_date: Date | None = None
    default_date: Date | None = None
    charge_off_to_date: AmountNotNegative | None = None
    recovery_to_date: AmountNotNegative | None = None
    expected_recovery: AmountNotNegative | None = None
    expected_recovery_date: Date | None = None
    recovery_severity: Share | None = None
    recovery_lag_months: Days | None = None
    specific_provision: AmountNotNegative | None = None
    modification: Word | None = None

    accounting_class: AccountingClass
    amortised_cost: Amount | None = None
    unamortised_premium_discount: Amount | None = None
    deferred_fees_costs: Amount | None = None
    basis_adjustment: Amount | None = None
    effective_interest_rate: Rate | None = None
    eir_source: Word | None = None
    purchase_price: Price | None = None
    acquisition_date: Date | None = None
    acquisition_kind: Literal["ORIGINATED", "PURCHASED", "PCD", "PSL"] | None = None
    origination_date: Date | None = None

    mark_price: Price | None = None
    mark_date: Date | None = None
    mark_source: Word | None = None
    fair_value_level: Literal["1", "2", "3"] | None = None
    price_quote_basis: Literal["CLEAN", "DIRTY"] | None = None

    spread: Rate | None = None
    spread_source: Literal["MARK", "SUPPLIED", "MATRIX"] | None = None
    credit_basis: Literal["SPREAD", "CASHFLOW"] | None = None

    legal_entity: Identifier
    gl_account: Word | None = None
    booking_country: Country | None = None
    intercompany: Boolean | None = None
    facility: Identifier | None = None
    obligor: Identifier | None = None
    netting_set: Identifier | None = None
    share_of_facility: Share | None = None
    participation: Boolean | None = None
    segment: Word | None = None
    risk_grade: Word | None = None
    pd_override: Share | None = None
    lgd_override: Share | None = None
    ccf_override: Share | None = None
    override_reason: Text | None = None
    override_owner: Word | None = None

    ltv: Rate | None = None
    credit_score: Word | None = None
    tag: Word | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.status == "PERFORMING" and self.default_date is not None:
            raise fault("CONFLICT", "no default_date while PERFORMING", "default_date")
        if self.expected_recovery is not None and self.expected_recovery_date is None:
            raise fault("REQUIRED", "a date beside an expected_recovery", "expected_recovery_date")
        if self.accrual_status == "NON_ACCRUAL" and self.non_accrual_date is None:
            raise fault("REQUIRED", "a date while NON_ACCRUAL", "non_accrual_date")
        for name in ("mark_date", "mark_source"):
            if self.mark_price is not None and getattr(self, name) is None:
                raise fault("REQUIRED", f"a {name} beside a mark_price", name)
        overridden = self.pd_override or self.lgd_override or self.ccf_override
        for name in ("override_reason", "override_owner"):
            if overridden and getattr(self, name) is None:
                raise fault("REQUIRED", f"an {name} beside an override", name)
        if self.next_due_date and self.paid_to_date and self.next_due_date < self.paid_to_date:
            raise fault("DATE_ORDER", "a day not before paid_to_date", "next_due_date")
        return self


LINKS = frozenset(
    {
        "position_id",
        "book",
        "instrument",
        "currency",
        "legal_entity",
        "facility",
        "obligor",
        "tag",
    }
)
"""The fields that say where a position belongs; all others are its state."""
