"""Why a position has no value: a code from a closed list, and a sentence for people."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

CODES = MappingProxyType(
    {
        "TERMS_INVALID": "a field of the terms or state is missing, of the wrong type or unknown",
        "NOT_FINITE": "a number is NaN, infinite or beyond float64, or a computed value is",
        "BAD_DATES": "a date is before 1900 or after 2199, or dates are in the wrong order",
        "TERM_TOO_LONG": "more than 1,200 payments or 100 years remain",
        "SCHEDULE_INVALID": "the dates given do not form a schedule",
        "RATE_OUT_OF_RANGE": "a rate, spread or speed is outside what the model is valid for",
        "AMOUNT_OUT_OF_RANGE": "an amount is negative where it cannot be, or beyond 1e15",
        "UNKNOWN_CALENDAR": "the calendar is not one of the tabulated ones",
        "UNKNOWN_CURRENCY": "the currency is not an ISO 4217 code the platform carries",
        "UNKNOWN_CURVE": "the market has no such curve, or none for the currency",
        "CURVE_CURRENCY": "the curve named is of another currency than the flows",
        "SPREAD_MISSING": "no spread is supplied and the market has none for the combination",
        "SPREAD_NOT_SOLVED": "no spread within +/-100% reproduces the mark",
        "YIELD_NOT_SOLVED": "no yield reproduces the price at settlement",
        "MARK_MISSING": "the spread is to be solved from a mark and there is none",
        "FX_MISSING": "the market has no rate between the currency and the run currency",
        "UNKNOWN_CREDIT": "the market has no such credit curve",
        "UNKNOWN_VOLATILITY": "the market has no such volatility surface, or none that is the only "
        "one of its currency and kind",
        "UNKNOWN_INDEX": "the market has no such index, or the product cannot be on it",
        "FIXING_MISSING": "a rate fixed in the past is not among the market's fixings",
        "MODEL_MISSING": "the market has no model parameters for the currency",
        "MATURED": "no flow is left after the cut",
        "CLOSED": "the position is closed",
        "RECOVERY_MISSING": "the position is defaulted and carries no expected recoveries",
        "CREDIT_COUNTED_TWICE": "default-adjusted flows are discounted with a credit spread",
        "UNKNOWN_PRODUCT": "no pricer for the product type",
    }
)


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a position has no value; `cell` names the first failing cell, if one cell failed."""

    code: str
    message: str
    cell: str = ""

    def __post_init__(self) -> None:
        if self.code not in CODES:
            raise ValueError(f"unknown failure code {self.code}")


class Refused(Exception):
    """Raised while one row is read and turned into its Failure; never leaves the library."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.failure = Failure(code, message)
