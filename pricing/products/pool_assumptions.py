"""Assumptions of prepayment and default of a pool of mortgages or other loans.

docs/methods/mbs_pool.md gives the formulas and their source.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pricing.failure import Refused
from pricing.products.fields import declared
from pricing.products.rows import Row

PREPAYMENT_KINDS = ("NONE", "CPR", "SMM", "PSA", "ABS", "S_CURVE", "ARCTAN")
ON_RATES = ("S_CURVE", "ARCTAN")
"""The kinds whose speed follows what refinancing saves."""
STEEPEST = {"S_CURVE": 300.0, "ARCTAN": 1000.0}
DEFAULT_KINDS = ("CDR", "MDR", "SDA")

BURNOUT_BASES = ("SURVIVAL", "BALANCE")

MAX_LAG = 60

COLUMNS = {
    "prepayment": "i1",
    "speeds": "ragged f8",
    "lowest": "f8",
    "highest": "f8",
    "slope": "f8",
    "centre": "f8",
    "mortgage_spread": "f8",
    "rate_months": "i2",
    "seasoning": "i2",
    "burnout": "f8",
    "on_balance": "i1",
    "seasonality": "ragged f8",
    "lockout": "i2",
    "default": "i1",
    "default_speeds": "ragged f8",
    "severity": "f8",
    "recovery_lag": "i2",
    "advances": "i1",
}
"""The columns of both assumptions in a packed batch; `default` is 0 where nothing defaults."""


@dataclass(frozen=True, slots=True)
class PoolPrepayment:
    """How fast loans of a pool are repaid early."""

    kind: str = declared(
        "choice",
        "CPR, SMM, PSA and ABS are speeds; S_CURVE and ARCTAN depend on what refinancing saves",
        choices=PREPAYMENT_KINDS,
    )
    speed: float | None = declared(
        "rate", "constant speed: CPR 0.06, PSA 1.5, SMM 0.005, ABS 0.015", None, low=0.0, high=15.0
    )
    vector: tuple[float, ...] | None = declared(
        "numbers",
        "speeds of the months from the next payment on, the last one continues",
        None,
        low=0.0,
        high=15.0,
        code="RATE_OUT_OF_RANGE",
    )
    lowest: float = declared(
        "rate", "curves: CPR where nothing is saved", 0.0, low=0.0, high=0.9999
    )
    highest: float | None = declared(
        "rate", "curves: CPR where much is saved", None, low=0.0, high=0.9999
    )
    slope: float = declared(
        "number", "curves: steepness per unit of rate", 150.0, positive=True, high=1000.0
    )
    centre: float = declared("rate", "curves: saving at the middle of the curve", 0.01)
    mortgage_spread: float = declared(
        "rate", "curves: new loans' rate over the forward rate of the discount curve", 0.0
    )
    rate_tenor: int = declared("integer", "curves: years of that forward rate", 10, low=1, high=30)
    seasoning: int = declared(
        "integer", "curves: months of age until the curve is in full force", 0, low=0, high=360
    )
    burnout: float = declared(
        "rate", "curves: share of the speed lost once all that can prepay has", 0.0, low=0.0
    )
    burnout_basis: str = declared(
        "choice",
        "curves: what is left, of loans that can prepay or of the original balance",
        "SURVIVAL",
        choices=BURNOUT_BASES,
    )
    seasonality: tuple[float, ...] | None = declared(
        "numbers",
        "curves: what multiplies the speed of each month, January first; absent: 1",
        None,
        low=0.0,
        high=10.0,
    )
    lockout: int = declared(
        "integer", "months of age in which nothing is prepaid", 0, low=0, high=600
    )


@dataclass(frozen=True, slots=True)
class PoolDefault:
    """How many loans of a pool default, and what is recovered of them."""

    kind: str = declared(
        "choice", "CDR and SDA are annual, MDR is per month", choices=DEFAULT_KINDS
    )
    severity: float = declared("rate", "share of a defaulted balance that is lost", low=0.0)
    speed: float | None = declared(
        "rate", "constant speed: CDR 0.02, SDA 1.5, MDR 0.001", None, low=0.0, high=100.0
    )
    vector: tuple[float, ...] | None = declared(
        "numbers",
        "speeds of the months from the next payment on, the last one continues",
        None,
        low=0.0,
        high=100.0,
        code="RATE_OUT_OF_RANGE",
    )
    recovery_lag: int = declared(
        "integer", "months from default to recovery", 12, low=0, high=MAX_LAG
    )
    advances: bool = declared(
        "flag", "the servicer advances principal and interest until recovery", True
    )


def _speeds(kind: str, one: float | None, many: tuple[float, ...] | None, at: str) -> Any:
    if (one is None) == (many is None):
        raise Refused("TERMS_INVALID", f"{at}.speed: either it or vector is expected")
    speeds = (one,) if many is None else many
    largest = max(speed for speed in speeds if speed is not None)
    if kind in ("CPR", "SMM", "ABS", "CDR", "MDR") and largest > 1.0:
        raise Refused("RATE_OUT_OF_RANGE", f"{at}.speed: {kind} {largest:g} is above 1")
    return speeds


def assumption_row(
    prepayment: PoolPrepayment | None, default: PoolDefault | None, place: str = "terms"
) -> Row:
    """Return the columns of the assumptions; absent ones are those of nothing happening."""
    return {**_prepayment(prepayment, f"{place}.prepayment"), **_default(default, place)}


MONTHS = 12
_EVEN: Row = {"seasonality": (1.0,)}


def _prepayment(given: PoolPrepayment | None, place: str) -> Row:
    if given is None or given.kind == "NONE":
        if given is not None and (given.speed or given.vector):
            raise Refused("TERMS_INVALID", f"{place}.speed: NONE has no speed")
        return {**_EVEN, "prepayment": 0, "speeds": (0.0,), "rate_months": 120}
    row: dict[str, Any] = {
        **_EVEN,
        "prepayment": PREPAYMENT_KINDS.index(given.kind),
        "rate_months": given.rate_tenor * 12,
        "lockout": given.lockout,
    }
    if given.kind not in ON_RATES:
        row["speeds"] = _speeds(given.kind, given.speed, given.vector, place)
        return row
    if given.speed is not None or given.vector is not None:
        raise Refused(
            "TERMS_INVALID", f"{place}.speed: {given.kind} has lowest and highest instead"
        )
    if given.highest is None:
        raise Refused("TERMS_INVALID", f"{place}.highest is missing")
    if given.highest < given.lowest:
        raise Refused("RATE_OUT_OF_RANGE", f"{place}.highest: it is below lowest")
    if given.slope > STEEPEST[given.kind]:
        raise Refused(
            "AMOUNT_OUT_OF_RANGE",
            f"{place}.slope: {given.kind} {given.slope:g} is above {STEEPEST[given.kind]:g}",
        )
    if given.seasonality is not None:
        if len(given.seasonality) != MONTHS:
            raise Refused("TERMS_INVALID", f"{place}.seasonality: twelve numbers are expected")
        row["seasonality"] = given.seasonality
    row["on_balance"] = BURNOUT_BASES.index(given.burnout_basis)
    curve = ("lowest", "highest", "slope", "centre", "mortgage_spread", "seasoning", "burnout")
    return {**row, "speeds": (0.0,), **{name: getattr(given, name) for name in curve}}


def _default(given: PoolDefault | None, place: str) -> Row:
    if given is None:
        return {"default": 0, "default_speeds": (0.0,)}
    speeds = _speeds(given.kind, given.speed, given.vector, f"{place}.default")
    return {
        "default": 1 + DEFAULT_KINDS.index(given.kind),
        "default_speeds": speeds,
        "severity": given.severity,
        "recovery_lag": given.recovery_lag,
        "advances": given.advances,
    }


def check_basis(credit_basis: str, spread_source: str, default: PoolDefault | None) -> None:
    """Refuse flows after defaults that are discounted with a credit spread, and the reverse."""
    if default is None and credit_basis == "CASHFLOW":
        raise Refused("TERMS_INVALID", "terms.default is missing for credit_basis CASHFLOW")
    if default is not None and (credit_basis != "CASHFLOW" or spread_source != "SUPPLIED"):
        raise Refused(
            "CREDIT_COUNTED_TWICE",
            "terms.default: flows after defaults are discounted with credit_basis CASHFLOW and a "
            f"SUPPLIED spread, not {credit_basis} and {spread_source}",
        )
