"""How a range of positions is cut into the pieces that tasks work on."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

LARGEST = 20_000
"""Most positions of a task by default: about 5 s of work at a hundred cells."""

LEAST_PIECES = 16
PIECES_FROM = 2_000
"""From this many positions there are at least LEAST_PIECES, so that workers share a small run."""

_SLACK = 0.25


def cut(books: Sequence[tuple[int, int]], count: int | None = None) -> list[tuple[int, int]]:
    """Return ranges that cover `books` (adjoining ranges of positions in order) without gaps.

    Ends stand at the end of a book when one lies within a quarter of a piece of the even cut.
    """
    if not books:
        return []
    start, stop = books[0][0], books[-1][1]
    total = stop - start
    pieces = min(total, count if count is not None else _pieces(total))
    if pieces < 1:
        raise ValueError("a range is cut into at least one piece")
    ends = sorted({last for _, last in books})
    cuts = [start]
    for piece in range(1, pieces):
        even = start + piece * total // pieces
        cuts.append(_snapped(even, total / pieces * _SLACK, ends, cuts[-1], stop - pieces + piece))
    cuts.append(stop)
    return list(itertools.pairwise(cuts))


def _pieces(total: int) -> int:
    by_size = -(-total // LARGEST)
    if total >= PIECES_FROM:
        return max(by_size, LEAST_PIECES)
    return max(1, total * LEAST_PIECES // PIECES_FROM)


def _snapped(even: int, slack: float, ends: Sequence[int], after: int, latest: int) -> int:
    """Return the end of a book nearest to `even`, else `even`, above `after`, up to `latest`."""
    near = [end for end in ends if abs(end - even) <= slack and after < end <= latest]
    if near:
        return min(near, key=lambda end: (abs(end - even), end))
    return min(max(even, after + 1), latest)
