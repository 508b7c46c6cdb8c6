"""Why a credit figure is refused: a code from a closed list, the place and a sentence."""

from __future__ import annotations

from types import MappingProxyType

from pricing.refusal import Refusal

CODES = MappingProxyType(
    {
        "SHAPE": "arrays that belong together have different shapes, or one is empty",
        "NOT_FINITE": "a number is NaN or infinite",
        "OUT_OF_RANGE": "a probability, rate or amount is outside what the figure is defined for",
        "ROW_SUM": "a row of a transition matrix does not sum to 1",
        "NOT_ABSORBING": "the last state of a transition matrix, default, can be left",
        "NO_GENERATOR": "the matrix has no real logarithm",
        "UNKNOWN_RATING": "a rating or grade is none of the states of the matrix",
        "UNKNOWN_NAME": "a segment, category, seniority or score has no parameter",
        "WEIGHTS_SUM": "weights of scenarios do not sum to 1",
        "GRID": "times do not ascend, or one year is not among them",
        "NOT_IN_FORCE": "no parameters of this name are in force on the date",
        "OVERLAPPING_DATES": "two versions of the same parameters are in force on one day",
        "PARAMETERS": "a document of parameters cannot be read",
        "UNEXPLAINED": "an adjustment has no reason or no owner",
        "DOES_NOT_CLOSE": "opening, movements and closing of an allowance disagree",
    }
)


class CreditError(Refusal):
    """A figure cannot be formed from what was given; `place` names where."""

    codes = CODES
