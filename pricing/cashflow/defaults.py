"""The buckets and the horizon of a run that names none; without NumPy, as the settings need."""

from __future__ import annotations

DEFAULT_BUCKETS = (
    "ON", "1W", "1M", "3M", "6M", "1Y", "2Y", "3Y", "5Y", "7Y", "10Y", "15Y", "20Y", "30Y",
)  # fmt: skip
"""The liquidity buckets of a run that names none."""

DEFAULT_HORIZON = "1Y"
"""The horizon of the duration bridge of a run that names none."""
