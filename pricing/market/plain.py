"""Decimals as the texts that market documents hold."""

from __future__ import annotations

from decimal import Decimal
from typing import Any


def plain(value: Any) -> str:
    """Return a decimal as text without exponent and without trailing zeros."""
    text = format(Decimal(str(value)), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
