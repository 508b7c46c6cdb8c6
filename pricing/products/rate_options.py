"""Whether floors and caps of a floating rate are valued with the market's volatility."""

from __future__ import annotations

from pricing.batch import Names
from pricing.failure import Refused

UNLIMITED = 1e9
"""Stands for no cap, and with a minus for no floor, in a packed batch."""
OPTION_MODELS = ("INTRINSIC", "VOLATILITY")
INTRINSIC, VOLATILITY = OPTION_MODELS
ANY = "*"
"""Stands in a packed batch for the only surface of the index' currency; "" for none."""


def surface(option_model: str, volatility: str | None, where: str = "terms") -> str:
    """Return the text that stands for a choice of model and surface in a packed batch."""
    if volatility is None:
        return ANY if option_model == VOLATILITY else ""
    if option_model != VOLATILITY:
        raise Refused(
            "TERMS_INVALID", f"{where}.volatility: goes with option_model VOLATILITY alone"
        )
    if not volatility or " " in volatility or volatility == ANY:
        raise Refused("TERMS_INVALID", f"{where}.volatility: {volatility!r} names no surface")
    return volatility


def code(option_model: str, volatility: str | None, names: Names) -> int:
    """Return the code of that text."""
    return names.code(surface(option_model, volatility))
