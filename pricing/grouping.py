"""Rows that agree in several small integer columns, found without sorting where ranges allow."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

IntArray = npt.NDArray[np.int64]
IntpArray = npt.NDArray[np.intp]

TABLE_LIMIT = 1 << 20
"""Keys below this are looked up in a table instead of being sorted."""


def combine(*columns: npt.NDArray[np.generic]) -> tuple[IntpArray, IntpArray]:
    """Return the first row of each distinct combination of integer columns, and each row's one.

    Combinations are numbered in the order of the columns' values, the first column leading.
    """
    key = np.zeros(len(columns[0]), dtype=np.int64)
    size = 1
    for column in columns:
        values = column.astype(np.int64)
        low = int(values.min(initial=0))
        span = int(values.max(initial=0)) - low + 1
        if size * span >= 2**62:
            _, key = np.unique(key, return_inverse=True)
            size = len(key) + 1
        if span > 1:
            key *= span
            key += values - low
            size *= span
    if size > TABLE_LIMIT:
        _, sample, row = np.unique(key, return_index=True, return_inverse=True)
        return sample, row
    first = np.full(size, -1, dtype=np.intp)
    rows = np.arange(len(key))
    first[key[::-1]] = rows[::-1]
    used = np.flatnonzero(first >= 0)
    number = np.empty(size, dtype=np.intp)
    number[used] = np.arange(len(used))
    return first[used], number.take(key)


def order_by(*columns: IntpArray | IntArray) -> IntpArray:
    """Return the stable order of rows by small non-negative columns, the first one leading."""
    key = np.zeros(len(columns[0]), dtype=np.int64)
    size = 1
    for column in columns:
        # Spans multiply: 2^62 would take a batch beyond any memory.
        span = int(column.max(initial=0)) + 1
        key = key * span + column
        size *= span
    # NumPy sorts 16-bit integers by radix.
    return np.argsort(key.astype(np.uint16) if size <= 65536 else key, kind="stable")


def present(codes: IntArray) -> list[int]:
    """Return the distinct values of a column of small non-negative codes."""
    return np.flatnonzero(np.bincount(codes.ravel())).tolist()
