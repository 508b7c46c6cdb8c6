"""Why a capital figure is refused: a code from a closed list, the place and a sentence."""

from __future__ import annotations

from types import MappingProxyType

from pricing.refusal import Refusal

CODES = MappingProxyType(
    {
        "SHAPE": "arrays that belong together have different lengths",
        "OUT_OF_RANGE": "a number is missing, not finite or outside what the rule is defined for",
        "RULEBOOK": "a rulebook cannot be read",
        "NOT_IN_FORCE": "no version of the rulebook is in force on the date",
        "OVERLAPPING_DATES": "two versions of a rulebook are in force on one day",
        "NO_FIGURE": "the rulebook has no such figure",
        "UNKNOWN_NAME": "the figure has no entry of this name",
        "RWA_MISSING": "a ratio needs all risk-weighted assets, and a part is not supplied",
    }
)


class CapitalError(Refusal):
    """A figure cannot be formed from what was given; `place` names where."""

    codes = CODES
