"""The margin over an index at which a floating note's payments are worth its price.

31 CFR 356 Appendix B, section IV: payments are discounted period by period at simple interest, at
the index rate of the period and the margin.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pricing import roots
from pricing.failure import Failure

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
Int32Array = npt.NDArray[np.int32]

NOT_SOLVED = Failure("YIELD_NOT_SOLVED", "no discount margin within +/-100% reproduces the price")
LIMIT = 1.0


def solve(
    cash: FloatArray,
    index_rate: FloatArray,
    fraction: FloatArray,
    offsets: Int32Array,
    price: FloatArray,
) -> tuple[FloatArray, BoolArray]:
    """Return margins (rows, columns) and whether there is one.

    `cash` and `index_rate` are (flows, columns) per unit of face, `fraction` (flows,) the part of
    each period after settlement; rows own flows [offsets[i], offsets[i + 1]).
    """
    counts = np.diff(offsets)
    rows, longest = len(counts), int(counts.max(initial=0))
    row = np.repeat(np.arange(rows), counts)
    place = np.arange(len(row)) - np.repeat(offsets[:-1], counts)

    # A table (rows, payments, columns): products run along a row's own payments only.
    def laid_out(flows: FloatArray) -> FloatArray:
        table = np.zeros((rows, longest, flows.shape[1]))
        table[row, place] = flows
        return table

    amount, rate = laid_out(cash), laid_out(index_rate)
    length = laid_out(fraction[:, None])

    def value(margin: FloatArray) -> tuple[FloatArray, FloatArray]:
        simple = 1.0 + length * (rate + margin[:, None, :])
        factor = np.cumprod(1.0 / simple, axis=1)
        slope = -np.cumsum(length / simple, axis=1)
        worth, moved = np.zeros(price.shape), np.zeros(price.shape)
        for k in range(longest):
            part = amount[:, k] * factor[:, k]
            worth += part
            moved += part * slope[:, k]
        return worth, moved

    highest = np.full(price.shape, LIMIT)
    # Below this a period's simple interest would eat the whole amount.
    lowest = np.maximum(-highest, np.max(-0.9 / np.maximum(length, 1e-9) - rate, axis=1))
    return roots.decreasing(value, price, lowest, highest, np.zeros(price.shape))
