"""What a loan's terms say of prepayment: speeds, the S-curve, lock-out and penalties."""

from __future__ import annotations

from dataclasses import dataclass, field

from pricing.batch import Names
from pricing.failure import Refused
from pricing.products.fields import about, declared
from pricing.products.rows import Row

PREPAYMENTS = ("NONE", "CPR", "SMM", "PSA", "ABS", "S_CURVE")
"""The codes of a packed batch: a new kind goes to the end."""
COUNTED_FROM = ("ORIGINATION", "VALUATION")

COLUMNS = {
    "prepayment": "i1",
    "prepayment_speed": "f8",
    "prepayment_vector": "ragged f8",
    "prepayment_from_now": "i1",
    "lock_out": "i4",
    "penalty_until": "ragged i4",
    "penalty_rate": "ragged f8",
    "refinancing_index": "i4",
    "refinancing_margin": "f8",
    "curve_low": "f8",
    "curve_high": "f8",
    "curve_middle": "f8",
    "curve_slope": "f8",
    "burn_out": "f8",
    "seasoning": "f8",
}


@dataclass(frozen=True, slots=True)
class RefinancingCurve:
    """CPR as a logistic function of what the borrower would save by refinancing."""

    index: str = declared("text", "index of the rate at which the borrower could refinance")
    margin: float = declared("rate", "added to the index for that rate", 0.0)
    low: float = declared("rate", "CPR far out of the money", 0.0, low=0.0, high=0.99)
    high: float = declared("rate", "CPR deep in the money", 0.0, low=0.0, high=0.99)
    middle: float = declared("rate", "incentive halfway between the two", 0.0)
    slope: float = declared("number", "steepness, per unit of rate", 300.0, low=0.0, high=1e5)
    burn_out: float = declared(
        "number", "exponent of the pool factor that slows who is left", 0.0, low=0.0, high=20.0
    )
    seasoning_months: float = declared(
        "number", "months of age over which speeds ramp up, 0: none", 0.0, low=0.0, high=600.0
    )


@dataclass(frozen=True, slots=True)
class Prepayment:
    """A prepayment assumption: a constant speed, a vector of them, or an S-curve."""

    kind: str = declared(
        "choice", "CPR and PSA are annual, SMM and ABS are per month", choices=PREPAYMENTS
    )
    speed: float = declared(
        "rate", "CPR 0.06 is 6% a year; PSA 1.5 is 150% PSA; SMM 0.005", 0.0, low=0.0, high=15.0
    )
    vector: tuple[float, ...] | None = declared(
        "numbers", "speeds payment by payment, the last one goes on; in place of speed", None,
        low=0.0, high=15.0, code="RATE_OUT_OF_RANGE",
    )  # fmt: skip
    vector_from: str = declared(
        "choice", "whether the vector's first speed is of the loan's first payment or of the next",
        "ORIGINATION", choices=COUNTED_FROM,
    )  # fmt: skip
    curve: RefinancingCurve | None = field(
        default=None, metadata=about("object", "the S-curve of S_CURVE", of=RefinancingCurve)
    )
    lock_out_until: int | None = declared("date", "no prepayment is due before this day", None)
    penalty_steps: tuple[tuple[int, float], ...] | None = declared(
        "steps",
        "[[date, share], ...]: share of what is prepaid that is paid on top, before the date",
        None, low=0.0, high=1.0, code="RATE_OUT_OF_RANGE",
    )  # fmt: skip


NO_PREPAYMENT = Prepayment("NONE", 0.0)


def is_plain(prepayment: Prepayment) -> bool:
    """Return whether one constant speed is all there is, from the first payment on."""
    return (
        prepayment.kind in PREPAYMENTS[:4]
        and prepayment.vector is None
        and prepayment.lock_out_until is None
        and prepayment.penalty_steps is None
    )


def row(prepayment: Prepayment, names: Names) -> Row:
    """Return the columns of a prepayment assumption; refuse what does not go together."""
    _check(prepayment)
    found: Row = {
        "prepayment": PREPAYMENTS.index(prepayment.kind),
        "prepayment_speed": prepayment.speed,
        "prepayment_vector": prepayment.vector or (),
        "prepayment_from_now": COUNTED_FROM.index(prepayment.vector_from),
        "lock_out": _FIRST if prepayment.lock_out_until is None else prepayment.lock_out_until,
        "penalty_until": [day for day, _ in prepayment.penalty_steps or ()],
        "penalty_rate": [share for _, share in prepayment.penalty_steps or ()],
    }
    curve = prepayment.curve
    if curve is not None:
        found.update(
            refinancing_index=names.code(curve.index),
            refinancing_margin=curve.margin,
            curve_low=curve.low,
            curve_high=curve.high,
            curve_middle=curve.middle,
            curve_slope=curve.slope,
            burn_out=curve.burn_out,
            seasoning=curve.seasoning_months,
        )
    return found


_FIRST = -(2**31) + 1
"""Before every date: no lock-out."""


def _check(prepayment: Prepayment) -> None:
    place = "terms.prepayment"
    kind = prepayment.kind
    if (prepayment.curve is not None) != (kind == "S_CURVE"):
        raise Refused("TERMS_INVALID", f"{place}.curve: goes with kind S_CURVE, and it with it")
    if prepayment.vector is not None and kind in ("NONE", "S_CURVE"):
        raise Refused("TERMS_INVALID", f"{place}.vector: {kind} has no speeds")
    if kind in ("CPR", "SMM", "ABS"):
        for speed in prepayment.vector or (prepayment.speed,):
            if speed >= 1.0:
                raise Refused("RATE_OUT_OF_RANGE", f"{place}: {kind} {speed:g} is not below 1")
    curve = prepayment.curve
    if curve is not None and curve.low > curve.high:
        raise Refused(
            "RATE_OUT_OF_RANGE",
            f"{place}.curve.low: {curve.low:g} is above the high {curve.high:g}",
        )
