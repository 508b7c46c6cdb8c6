"""What terms say of the fees of a commitment: on the undrawn, the drawn, the whole."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from pricing.daycount import CONVENTIONS
from pricing.failure import Refused
from pricing.products.bond_plan import coupon_plan
from pricing.products.fields import DAY_COUNT, declared
from pricing.products.rows import Row

BASES = ("UNUSED", "UNDRAWN")

COLUMNS = {
    "fee_commitment": "f8",
    "fee_on_undrawn": "i1",
    "fee_ticking": "f8",
    "ticking_payment": "ragged i4",
    "ticking_value": "ragged f8",
    "fee_facility": "f8",
    "fee_letters": "f8",
    "tier_above": "ragged f8",
    "tier_rate": "ragged f8",
    "fee_basis": "i1",
}


@dataclass(frozen=True, slots=True)
class Fees:
    """Fees a year, decimal, paid with the interest on the day count of `basis`."""

    commitment: float = declared("rate", "on what is not drawn", 0.0, low=0.0)
    commitment_base: str = declared(
        "choice", "UNUSED: the undrawn less letters of credit; UNDRAWN: all of it", "UNUSED",
        choices=BASES,
    )  # fmt: skip
    ticking: float = declared("rate", "on what is not drawn, until the first step", 0.0, low=0.0)
    ticking_steps: tuple[tuple[int, float], ...] | None = declared(
        "steps", "[[date, fee], ...]: from the period that begins on the date on", None,
        low=0.0, high=1.0, code="RATE_OUT_OF_RANGE",
    )  # fmt: skip
    facility: float = declared("rate", "on the whole commitment, drawn or not", 0.0, low=0.0)
    letters_of_credit: float = declared("rate", "on letters of credit outstanding", 0.0, low=0.0)
    utilisation_above: tuple[float, ...] | None = declared(
        "numbers", "shares of the commitment above which each utilisation fee begins", None,
        low=0.0, high=1.0, code="RATE_OUT_OF_RANGE",
    )  # fmt: skip
    utilisation: tuple[float, ...] | None = declared(
        "numbers", "fee on all that is drawn while the share drawn is above its threshold", None,
        low=0.0, high=1.0, code="RATE_OUT_OF_RANGE",
    )  # fmt: skip
    basis: str | None = declared(
        "choice", "day count of fees; absent: that of interest", None, **DAY_COUNT
    )


_NONE = Fees()


def row(fees: Fees | None, interest_basis: str, schedule: Row) -> Row:
    """Return the columns of fees; refuse tiers that do not match and steps off the schedule."""
    found = fees or _NONE
    above, rates = found.utilisation_above or (), found.utilisation or ()
    if len(above) != len(rates):
        raise Refused(
            "TERMS_INVALID", "terms.fees.utilisation: one fee is expected for each threshold"
        )
    for index, (low, high) in enumerate(pairwise(above)):
        if high <= low:
            raise Refused(
                "TERMS_INVALID", f"terms.fees.utilisation_above[{index + 1}]: is not increasing"
            )
    steps: Row = {}
    if found.ticking_steps is not None:
        steps = coupon_plan(found.ticking_steps, schedule, "terms.fees.ticking_steps")
    return {
        "fee_commitment": found.commitment,
        "fee_on_undrawn": BASES.index(found.commitment_base),
        "fee_ticking": found.ticking,
        "ticking_payment": steps.get("coupon_payment", ()),
        "ticking_value": steps.get("coupon_value", ()),
        "fee_facility": found.facility,
        "fee_letters": found.letters_of_credit,
        "tier_above": above,
        "tier_rate": rates,
        "fee_basis": CONVENTIONS.index(found.basis or interest_basis),
    }
