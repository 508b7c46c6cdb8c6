"""What a loan's terms say of default: speeds, severity, and when what is left comes in."""

from __future__ import annotations

from dataclasses import dataclass

from pricing.failure import Refused
from pricing.products.fields import declared
from pricing.products.loan_prepayment import COUNTED_FROM
from pricing.products.rows import Row

DEFAULTS = ("NONE", "CDR", "MDR", "SDA")
ORDERS = ("SIMULTANEOUS", "DEFAULT_FIRST", "PREPAYMENT_FIRST")

COLUMNS = {
    "default": "i1",
    "default_speed": "f8",
    "default_vector": "ragged f8",
    "default_from_now": "i1",
    "severity": "f8",
    "recovery_lag": "i2",
    "default_order": "i1",
    "advanced": "i1",
}


@dataclass(frozen=True, slots=True)
class DefaultAssumption:
    """A default assumption, for default-adjusted flows (credit_basis CASHFLOW)."""

    kind: str = declared(
        "choice", "CDR and SDA are annual, MDR is per month; all of the balance", choices=DEFAULTS
    )
    speed: float = declared("rate", "CDR 0.02 is 2% a year; SDA 1.5 is 150%", 0.0, low=0.0, high=50)
    vector: tuple[float, ...] | None = declared(
        "numbers", "speeds payment by payment, the last one goes on; in place of speed", None,
        low=0.0, high=50.0, code="RATE_OUT_OF_RANGE",
    )  # fmt: skip
    vector_from: str = declared(
        "choice", "whether the vector's first speed is of the loan's first payment or of the next",
        "ORIGINATION", choices=COUNTED_FROM,
    )  # fmt: skip
    severity: float = declared("rate", "share of what defaults that is lost", 1.0, low=0.0)
    recovery_lag_months: int = declared(
        "integer", "months to recovery; no default in the last ones", 0, low=0, high=120
    )
    order: str = declared(
        "choice", "what of the balance defaults and prepayments are shares of", "SIMULTANEOUS",
        choices=ORDERS,
    )  # fmt: skip
    advanced: bool = declared(
        "flag", "whether payments on defaulted balances are advanced until recovery", False
    )


def row(assumption: DefaultAssumption | None, months: int) -> Row:
    """Return the columns of a default assumption on payments every `months`."""
    if assumption is None:
        return {}
    for speed in assumption.vector or (assumption.speed,):
        if assumption.kind in ("CDR", "MDR") and speed >= 1.0:
            raise Refused("RATE_OUT_OF_RANGE", f"{assumption.kind} {speed:g} is not below 1")
    if assumption.recovery_lag_months % months:
        raise Refused(
            "SCHEDULE_INVALID",
            f"terms.default.recovery_lag_months: no whole number of periods of {months} months",
        )
    return {
        "default": DEFAULTS.index(assumption.kind),
        "default_speed": assumption.speed,
        "default_vector": assumption.vector or (),
        "default_from_now": COUNTED_FROM.index(assumption.vector_from),
        "severity": assumption.severity,
        "recovery_lag": assumption.recovery_lag_months // months,
        "default_order": ORDERS.index(assumption.order),
        "advanced": assumption.advanced,
    }
