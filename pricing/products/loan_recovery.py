"""What a defaulted loan is still expected to bring, and when."""

from __future__ import annotations

from dataclasses import dataclass

from pricing.dates import date_of
from pricing.failure import Refused
from pricing.products.fields import declared
from pricing.products.rows import Row
from pricing.products.state import DebtState
from pricing.products.terms import day_in_month, month_and_day

DEFAULTED = ("DEFAULTED", "CHARGED_OFF")

COLUMNS = {"recovery": "f8", "recovery_day": "i4"}


@dataclass(frozen=True, slots=True)
class RecoverableState(DebtState):
    """Credit facts that say what comes back after default: an amount and a day, or a severity."""

    expected_recovery: float | None = declared(
        "amount", "what is still expected after default, our share; with its date", None, low=0.0
    )
    expected_recovery_date: int | None = declared("date", "when it is expected", None)
    recovery_severity: float | None = declared(
        "rate", "share of the balance at default that is lost; in place of an amount", None,
        low=0.0, high=1.0,
    )  # fmt: skip
    recovery_lag_months: int | None = declared(
        "integer", "months from default_date to the recovery, with a severity", None, high=240
    )
    default_date: int | None = declared("date", "when the loan defaulted", None)
    charge_off_to_date: float = declared("amount", "principal charged off so far", 0.0, low=0.0)
    recovery_to_date: float = declared("amount", "recovered so far", 0.0, low=0.0)


def expected(state: RecoverableState) -> bool:
    """Return whether the state of a defaulted loan says what is expected of it."""
    stated = state.expected_recovery is not None or state.recovery_severity is not None
    return state.status in DEFAULTED and stated


def row(state: RecoverableState, principal: float | None) -> Row:
    """Return the recovery and its day; `principal` is what is outstanding.

    Under a severity it is (1 - severity) x (principal + charged off) - recovered, at least 0.
    """
    if principal is None:
        raise Refused("TERMS_INVALID", "state.outstanding_principal: is missing after default")
    if state.expected_recovery is not None:
        if state.recovery_severity is not None:
            raise Refused(
                "TERMS_INVALID", "state.recovery_severity: stands beside an expected_recovery"
            )
        if state.expected_recovery_date is None:
            raise Refused("TERMS_INVALID", "state.expected_recovery_date: is missing")
        return {"recovery": state.expected_recovery, "recovery_day": state.expected_recovery_date}
    severity = state.recovery_severity or 0.0
    back = (1.0 - severity) * (principal + state.charge_off_to_date) - state.recovery_to_date
    return {"recovery": max(back, 0.0), "recovery_day": _day(state)}


def _day(state: RecoverableState) -> int:
    if state.expected_recovery_date is not None:
        return state.expected_recovery_date
    if state.default_date is None or state.recovery_lag_months is None:
        name = "default_date" if state.default_date is None else "recovery_lag_months"
        raise Refused("TERMS_INVALID", f"state.{name}: is missing, a severity needs it")
    month, day = month_and_day(state.default_date)
    if month + state.recovery_lag_months > (2199 - 1970) * 12 + 11:
        raise Refused("TERM_TOO_LONG", f"recovery is beyond 2199, {date_of(state.default_date)}")
    return day_in_month(month + state.recovery_lag_months, day)
