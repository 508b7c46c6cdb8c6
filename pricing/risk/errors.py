"""Why a risk figure is refused: a code from a closed list, the place and a sentence."""

from __future__ import annotations

from types import MappingProxyType

from pricing.refusal import Refusal

CODES = MappingProxyType(
    {
        "SHAPE": "arrays that belong together have different lengths, or one is empty",
        "NOT_FINITE": "a number is NaN or infinite",
        "OUT_OF_RANGE": "a level, size or amount is outside what the figure is defined for",
        "TOO_FEW_SCENARIOS": "less than one scenario is expected in the tail of the level",
        "OVERLAP_NOT_DECLARED": "horizons of historical scenarios overlap and nobody said so",
        "NOT_IN_ORDER": "dates or sizes are not ascending",
        "CHILDREN_DO_NOT_SUM": "the children's P&L does not add up to their parent's",
        "NOT_PSD": "the matrix is not a covariance matrix",
        "UNKNOWN_FACTOR": "a factor is asked for that the matrix or list does not have",
    }
)


class RiskError(Refusal):
    """A figure cannot be formed from what was given; `place` names where."""

    codes = CODES
