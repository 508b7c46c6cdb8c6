"""PV = C x DF: the products that turn flows into values.

RECORD is a sparse row product (SciPy CSR): each value is the sum of amount x factor in date
order, one multiplication and one addition at a time, so its bits are those of a plain sequential
loop whatever the other rows and columns are. FAST is a dense product, whose bits depend on its
shape: it is always taken in blocks of one shape that only a position's own number of flows picks,
which makes a position's bits independent of its neighbours.
"""

from __future__ import annotations

from enum import StrEnum

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

FloatArray = npt.NDArray[np.float64]
Int32Array = npt.NDArray[np.int32]

BLOCK_ROWS = 32
BLOCK_FLOWS = 64
BLOCK_COLUMNS = 128
"""Every dense product has the shape (32, K, 128), K the multiple of 64 of a row's own flows."""
FEW = 32
"""Rows with no more flows than this are cheaper by the sparse product, padding counted."""


class Kernel(StrEnum):
    """Which product a profile values with."""

    RECORD = "record"
    FAST = "fast"


def sequential(
    amounts: FloatArray, slots: Int32Array, offsets: Int32Array, factors: FloatArray
) -> FloatArray:
    """Return (rows, columns): row i sums amounts[j] x factors[slots[j]] for its j in order.

    `offsets` int32 (rows + 1) delimits the rows of `amounts` and `slots`; `factors` is
    C-ordered (slots, columns).
    """
    matrix = sp.csr_matrix(
        (amounts, slots, offsets), shape=(len(offsets) - 1, len(factors)), copy=False
    )
    return np.asarray(matrix @ factors)


def dense_size(
    flows: npt.NDArray[np.int64], regular: npt.NDArray[np.bool_]
) -> npt.NDArray[np.int64]:
    """Return the padded inner length of each position in a dense product, 0: it goes sparse.

    Positions with a date off their grid and those with few flows are valued by the sparse
    product: which one values a position is a property of the position alone.
    """
    return np.where(regular & (flows > FEW), -(-flows // BLOCK_FLOWS) * BLOCK_FLOWS, 0)


def dense(
    amounts: FloatArray, lengths: npt.NDArray[np.int64], size: int, factors: FloatArray
) -> FloatArray:
    """Return (rows, BLOCK_COLUMNS) of rows of `lengths` flows by factors (size, BLOCK_COLUMNS).

    `amounts` are the rows' flows one after another; rows share the dates of `factors`. The rows
    go through products of one fixed shape, so that a library that picks its method by shape
    picks the same one whatever the number of rows.
    """
    blocks = -(-len(lengths) // BLOCK_ROWS)
    padded = np.zeros((blocks * BLOCK_ROWS, size))
    padded[: len(lengths)][np.arange(size) < lengths[:, None]] = amounts
    product: FloatArray = np.matmul(padded.reshape(blocks, BLOCK_ROWS, size), factors)
    return product.reshape(-1, BLOCK_COLUMNS)[: len(lengths)]
