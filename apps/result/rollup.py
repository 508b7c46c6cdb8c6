"""The exact sums of a shard's cells by book and by every dimension inside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from apps.portfolio.dimensions import Dimension
from apps.run.contracts import RetryUseless
from foundation.exact import LIMIT, quantise

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]

MOST_NOTIONAL = 1e16
"""The largest outstanding notional that counts, in the run currency; pricers take a tenth of it."""

_CENTS = np.array([2], dtype=np.int64)
_MEMBER_BITS = 32
_DIMENSION_BITS = 8


class CubeOverflow(OverflowError, RetryUseless):
    """A total of the cube does not fit into 64 bits, and never will; the message names the cell."""


class CellOverflow(OverflowError):
    """A sum of one cell does not fit into 64 bits; `cell` is its index on the axis."""

    def __init__(self, cell: int) -> None:
        super().__init__(f"the total of cell {cell} does not fit into 64 bits")
        self.cell = cell


@dataclass(frozen=True, slots=True)
class Partials:
    """Roll-up rows in (node, dimension, member) order; `cells` is int64 (rows, cells).

    `count` counts all positions, `covered` the valued ones; only these are in `cells`.
    Notionals are integer cents of the run currency.
    """

    node: Ints
    dimension: Ints
    member: Ints
    count: Ints
    covered: Ints
    covered_notional: Ints
    uncovered_notional: Ints
    cells: Ints


def partials(
    *,
    book: Ints,
    dimensions: Mapping[Dimension, Ints],
    valued: NDArray[np.bool_],
    notional: Ints,
    cells: Ints,
    additive: NDArray[np.bool_],
) -> Partials:
    """Sum `cells` int64 (n, c) by (book, dimension, member), PORTFOLIO being the book alone.

    Rows that are not valued must be zero in `cells`; they count as uncovered. Cells that are not
    additive are zero in every sum. One product with a sparse 0/1 matrix does all dimensions:
    integers add up to the same bits in any order.
    """
    count = len(book)
    keys = [packed(book, int(Dimension.PORTFOLIO), np.zeros(count, dtype=np.int64))]
    keys += [packed(book, int(axis), member) for axis, member in sorted(dimensions.items())]
    groups, inverse, sizes = np.unique(
        np.concatenate(keys), return_inverse=True, return_counts=True
    )
    order = np.argsort(inverse, kind="stable")
    bounds = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int32)
    positions = np.tile(np.arange(count, dtype=np.int32), len(keys))[order]
    member_of = sparse.csr_matrix(
        (np.ones(len(order), dtype=np.int64), positions, bounds), shape=(len(groups), count)
    )
    facts = np.stack(
        [valued.astype(np.int64), np.where(valued, notional, 0), np.where(valued, 0, notional)],
        axis=1,
    )
    counted: Ints = np.asarray(member_of @ facts)
    try:
        guard(member_of, facts, counted)
    except CellOverflow as overflow:
        raise CubeOverflow("the notional of a shard does not fit into 64 bits") from overflow
    covered, covered_notional, uncovered_notional = counted.T
    sums: Ints = np.asarray(member_of @ cells)
    # What is no sum may wrap: it is not kept.
    guard(member_of, cells, sums, additive)
    sums[:, ~additive] = 0
    node, dimension, member = unpacked(groups)
    return Partials(
        node=node,
        dimension=dimension,
        member=member,
        count=sizes.astype(np.int64),
        covered=covered,
        covered_notional=covered_notional,
        uncovered_notional=uncovered_notional,
        cells=sums,
    )


def notional_cents(amounts: NDArray[np.float64]) -> Ints:
    """Return notionals in cents, what totals are covered by; 0 where one is beyond MOST_NOTIONAL.

    Such a position is an error, and its notional a slip of the pen that would drown all others.
    """
    sane = np.where(np.abs(amounts) <= MOST_NOTIONAL, amounts, 0.0)
    return quantise(sane[:, None], _CENTS)[0][:, 0]


def packed(node: Ints, dimension: Ints | int, member: Ints) -> Ints:
    """Return one int64 for each key, in the order of (node, dimension, member)."""
    return (node << (_MEMBER_BITS + _DIMENSION_BITS)) | (dimension << _MEMBER_BITS) | member


def unpacked(keys: Ints) -> tuple[Ints, Ints, Ints]:
    """Return node, dimension and member of packed keys."""
    return (
        keys >> (_MEMBER_BITS + _DIMENSION_BITS),
        (keys >> _MEMBER_BITS) & ((1 << _DIMENSION_BITS) - 1),
        keys & ((1 << _MEMBER_BITS) - 1),
    )


def guard(
    member_of: sparse.csr_matrix,
    cells: Ints,
    sums: Ints,
    additive: NDArray[np.bool_] | None = None,
) -> None:
    """Raise CellOverflow when one of `sums` has wrapped; of those that are `additive` if given.

    The largest cell times the number of rows bounds every sum; only when that bound is out of
    range is each sum compared with its float shadow, which does not wrap.
    """
    if not len(cells):
        return
    largest = np.maximum(cells.max(axis=0), -cells.min(axis=0)).astype(np.float64)
    near = largest * len(cells) >= LIMIT
    if additive is not None:
        near &= additive
    for cell in np.flatnonzero(near):
        shadow = member_of.astype(np.float64) @ cells[:, cell].astype(np.float64)
        if (np.abs(shadow - sums[:, cell]) >= LIMIT).any():
            raise CellOverflow(int(cell))


def members(dimensions: Mapping[Any, Ints]) -> dict[Dimension, Ints]:
    """Return the roll-up dimensions of a shard, keyed by name or number there, by enumeration."""
    found: dict[Dimension, Ints] = {}
    for key, column in dimensions.items():
        dimension = Dimension.__members__.get(key) if isinstance(key, str) else Dimension(key)
        if dimension is not None:
            found[dimension] = column
    return found
