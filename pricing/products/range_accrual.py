"""What a note's terms say of a rate that is earned on the days its index is inside a range."""

from __future__ import annotations

from dataclasses import dataclass

from pricing.failure import Refused
from pricing.products.fields import declared
from pricing.products.rate_options import UNLIMITED
from pricing.products.rows import Row

COLUMNS = {"range_rate": "f8", "range_low": "f8", "range_high": "f8", "ranged": "i1"}


@dataclass(frozen=True, slots=True)
class AccrualRange:
    """A rate earned on calendar days on which the index is from `lower` to `upper`."""

    rate: float = declared("rate", "annual rate earned on days inside the range")
    lower: float | None = declared("rate", "least index rate inside; absent: none", None)
    upper: float | None = declared("rate", "highest index rate inside; absent: none", None)


def row(inside: AccrualRange | None) -> Row:
    """Return the columns of a range; refuse one that has no bound or none between its bounds."""
    if inside is None:
        return {}
    where = "terms.accrual_range"
    if inside.lower is None and inside.upper is None:
        raise Refused("TERMS_INVALID", f"{where}.lower: or upper is expected, or both")
    low = -UNLIMITED if inside.lower is None else inside.lower
    high = UNLIMITED if inside.upper is None else inside.upper
    if low >= high:
        raise Refused("RATE_OUT_OF_RANGE", f"{where}.lower: {low:g} is not below upper {high:g}")
    return {"range_rate": inside.rate, "range_low": low, "range_high": high, "ranged": 1}
