"""Combinations of dimensions: summed from the positions under a node, exactly, within bounds."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from django.db import connection

from apps.portfolio import selectors as portfolio
from apps.portfolio.dimensions import Dimension
from apps.result import adapters, maturity, rollup, selection, statements
from apps.result.axis import Place
from apps.result.cube import RunHeader, Sums
from apps.result.selection import Column
from foundation import copy, sqlfiles
from foundation.exact import guarded_sum

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]

SQL = sqlfiles.load(Path(__file__).parent / "sql")

MAX_READ = 2_500_000
"""Positions x (cells + KEYS) that one combination may read: about a second."""

KEYS = 5
"""What reading a position's dimensions costs, in cells."""

_VALUED = 0


class TooMuchDetail(ValueError):
    """A question that would read more positions x cells than is answered interactively."""


@dataclass(frozen=True, slots=True)
class _Detail:
    """Positions of a range as columns: the node each is shown under, members, facts, cells.

    `facts` is count, covered, covered and uncovered notional in cents; `node` 0 is not shown.
    """

    node: Ints
    members: Mapping[Dimension, Ints]
    facts: Ints
    cells: Ints


def by_detail(
    header: RunHeader,
    split: Sequence[Dimension],
    where: Mapping[Dimension, Collection[str]],
    shown: Sequence[int],
    parts: Sequence[int],
    columns: Sequence[Column],
) -> list[Sums]:
    """Sum the cells of the positions under the shown nodes by combinations of members.

    `header` has the labels of `split`, of the dimensions of `where`, and of CURRENCY. The cells
    come out of PostgreSQL as integers, so the sums are those of the roll-ups.
    """
    places = selection.places(columns)
    within = ranges(header, shown, parts)
    if not within:
        return []
    first, last = min(start for _, start, _ in within), max(end for _, _, end in within)
    if (last - first) * (len(places) + KEYS) > MAX_READ:
        raise TooMuchDetail(
            f"{last - first} positions x {len(places)} cells are too many to add up here: "
            "ask for fewer cells, a lower node or one dimension"
        )
    detail = _read(header, first, last, within, places)
    chosen = detail.node > 0
    for dimension, names in where.items():
        labels = header.members(dimension)
        wanted = [number for number, label in enumerate(labels) if label in set(names)]
        chosen &= np.isin(detail.members[dimension], wanted)
    return list(_grouped(detail, np.flatnonzero(chosen), split, places))


def ranges(
    header: RunHeader, shown: Sequence[int], parts: Sequence[int]
) -> list[tuple[int, int, int]]:
    """Return the ordinals [first, last) of the positions under each part, with its shown node."""
    with connection.cursor() as cursor:
        cursor.execute(
            SQL["ranges"],
            {
                "tree": header.tree,
                "snapshot": header.snapshot,
                "shown": list(shown),
                "part": list(parts),
            },
        )
        return [(int(node), int(first), int(last)) for node, first, last in cursor.fetchall()]


def _read(
    header: RunHeader,
    first: int,
    last: int,
    ranges: Sequence[tuple[int, int, int]],
    places: Sequence[Place],
) -> _Detail:
    kinds: dict[str, Any] = {"position": "int4", "status": "int2"}
    kinds |= {f"c{index}": "int8" for index in range(len(places))}
    with connection.cursor() as cursor:
        loaded = portfolio.load_shard(cursor, header.snapshot, first, last)
        facts = {"run": header.run, "first": first, "last": last}
        rows = copy.copy_out(cursor, statements.detail(places), kinds, facts)
        rates = adapters.rates(_market(cursor, header), header.currency)
    at = rows["position"] - first
    labels = header.members(Dimension.CURRENCY)
    by_member = np.array([rates.get(label, 0.0) for label in labels])
    amounts = loaded.notional * by_member[loaded.dimensions[Dimension.CURRENCY]]
    cents = rollup.notional_cents(amounts)[at]
    valued = rows["status"] == _VALUED
    members = {dimension: column[at] for dimension, column in loaded.dimensions.items()}
    members[Dimension.MATURITY_BUCKET] = maturity.buckets(loaded.maturity, header.valuation_date)[
        at
    ]
    node = np.zeros(last - first, dtype=np.int64)
    for number, start, end in ranges:
        node[start - first : end - first] = number
    cells = [rows[f"c{index}"] for index in range(len(places))]
    return _Detail(
        node[at],
        members,
        np.stack(
            [np.ones_like(cents), valued, np.where(valued, cents, 0), np.where(valued, 0, cents)],
            axis=1,
        ).astype(np.int64),
        np.stack(cells, axis=1) if cells else np.empty((len(at), 0), dtype=np.int64),
    )


def _market(cursor: Any, header: RunHeader) -> str:
    cursor.execute(SQL["market"], {"market": header.market})
    return str(cursor.fetchone()[0])


def _grouped(
    detail: _Detail, rows: Ints, split: Sequence[Dimension], places: Sequence[Place]
) -> Iterator[Sums]:
    if not len(rows):
        return
    keys = np.stack(
        [detail.node[rows], *(detail.members[dimension][rows] for dimension in split)], axis=1
    )
    order = np.lexsort(keys.T[::-1])
    keys, rows = keys[order], rows[order]
    starts = np.flatnonzero(np.r_[True, (np.diff(keys, axis=0) != 0).any(axis=1)])
    facts = guarded_sum(detail.facts[rows], starts).tolist()
    sums = guarded_sum(detail.cells[rows], starts).tolist()
    for key, fact, cells in zip(keys[starts].tolist(), facts, sums, strict=True):
        yield Sums(
            node=key[0],
            members=tuple(key[1:]),
            count=fact[0],
            covered=fact[1],
            covered_notional=fact[2],
            uncovered_notional=fact[3],
            cells=dict(zip(places, cells, strict=True)),
        )
