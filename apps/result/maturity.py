"""The maturity bucket of a position: the one roll-up dimension that depends on the run's date."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import numpy as np

from apps.portfolio.dimensions import MATURITY_BUCKET_MONTHS, MATURITY_BUCKETS

if TYPE_CHECKING:
    from numpy.typing import NDArray

NO_MATURITY = len(MATURITY_BUCKETS)
"""The member of positions without a maturity (cash, perpetuals)."""

MEMBERS = (*MATURITY_BUCKETS, "")
"""Labels of the dimension by member number."""

_DAYS_PER_YEAR = 365
_MONTHS_PER_YEAR = 12


def buckets(maturity: NDArray[np.int64], valuation_date: dt.date) -> NDArray[np.int64]:
    """Return the bucket of each position; `maturity` is days since 1970-01-01, -1 for none.

    A bucket includes its upper end: time to maturity t = days / 365 (Act/365F) belongs to the
    first bucket with t <= months / 12. Compared in integers, days x 12 <= months x 365, so that
    no bound depends on rounding. A maturity that has passed belongs to the first bucket.
    """
    today = (valuation_date - dt.date(1970, 1, 1)).days
    ends = np.array(MATURITY_BUCKET_MONTHS, dtype=np.int64) * _DAYS_PER_YEAR
    found = np.searchsorted(ends, (maturity - today) * _MONTHS_PER_YEAR, side="left")
    return np.where(maturity == -1, NO_MATURITY, found).astype(np.int64)
