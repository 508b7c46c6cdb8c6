"""The dimensions that results are rolled up by, and their codes in the database."""

from __future__ import annotations

from enum import IntEnum


class Dimension(IntEnum):
    """What a roll-up is split by below a node; PORTFOLIO is the node alone (member 0)."""

    PORTFOLIO = 0
    PRODUCT_TYPE = 1
    CURRENCY = 2
    SECTOR = 3
    RATING = 4
    COUNTRY = 5
    COUNTERPARTY_GROUP = 6
    MATURITY_BUCKET = 7
    TAG = 8


SNAPSHOT_DIMENSIONS = (
    Dimension.PRODUCT_TYPE,
    Dimension.CURRENCY,
    Dimension.SECTOR,
    Dimension.RATING,
    Dimension.COUNTRY,
    Dimension.COUNTERPARTY_GROUP,
    Dimension.TAG,
)
"""The dimensions whose members a position snapshot names; member 0 is always '' (none)."""

MATURITY_BUCKETS = ("<=3M", "<=6M", "<=1Y", "<=2Y", "<=5Y", "<=7Y", "<=10Y", ">10Y")
"""Labels of MATURITY_BUCKET by member number: remaining time to maturity, upper end included."""

MATURITY_BUCKET_MONTHS = (3, 6, 12, 24, 60, 84, 120)
"""Upper ends of all buckets but the last, in months of 1/12 Act/365F year."""
