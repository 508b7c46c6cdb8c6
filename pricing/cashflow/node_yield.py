"""The yield of a node: the internal rate of return of its summed flows."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pricing.failure import Failure

FloatArray = npt.NDArray[np.float64]

LOWEST, HIGHEST = -0.99, 10.0
ITERATIONS = 200

NOT_SOLVED = Failure("YIELD_NOT_SOLVED", "no rate between -99% and 1000% makes the value")


def internal_rate(amounts: FloatArray, years: FloatArray, value: float) -> float | Failure:
    """Return the continuous rate y with sum(amounts x exp(-y t)) = value.

    `amounts` of flows after the valuation date and their times in years. The sum must fall with
    y, as it does where inflows come after outflows; bisection to 1e-14. Weighted means of
    position yields are another figure: only the sum of flows has a yield (Fabozzi, Bond Markets,
    Analysis and Strategies, chapter 3: "yield for a portfolio").
    """

    def error(rate: float) -> float:
        with np.errstate(over="ignore", under="ignore"):
            return float((amounts * np.exp(-rate * years)).sum()) - value

    low, high = LOWEST, HIGHEST
    at_low, at_high = error(low), error(high)
    if not (value > 0.0 and at_low >= 0.0 >= at_high and at_low > at_high):
        return NOT_SOLVED
    for _ in range(ITERATIONS):
        middle = 0.5 * (low + high)
        if error(middle) > 0.0:
            low = middle
        else:
            high = middle
        if high - low <= 1e-14:
            break
    return 0.5 * (low + high)
