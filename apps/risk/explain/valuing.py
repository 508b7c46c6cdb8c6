"""Positions of two runs valued again between them: one input after another."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from django.db import connection

from apps.portfolio import selectors as portfolio
from apps.result import adapters as results
from apps.result import encode
from apps.run.contracts import CellSpec, RunRequest

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]

GAP = 256
"""Ordinals that are read and not needed, rather than one more statement for a range."""

Packed = Any
"""Packed terms and state of one product: a batch of the pricing library."""

Groups = Sequence[tuple["Ints", Packed]]
"""Batches of one product each, with the place of every row in the array of pairs."""


@dataclass(frozen=True, slots=True)
class Values:
    """Cells of positions, by place: floats in axis currency, integers as a run would store them.

    `known` are the places that have a value; all others are zero.
    """

    axis: Sequence[CellSpec]
    floats: Floats
    cells: Ints
    known: Bools

    def at(self, measure: str, factor: str = "") -> int:
        """Return the place of a cell on the axis."""
        for place, cell in enumerate(self.axis):
            if (cell.measure, cell.factor) == (measure, factor):
                return place
        raise LookupError(f"{measure} {factor} was not valued")


def load(snapshot: int, ordinals: Ints) -> Groups:
    """Return the packed terms and state of positions, by ordinal; place i is ordinals[i].

    Ordinals below 0 have none. Contiguous ones are read at once.
    """
    wanted = np.flatnonzero(ordinals >= 0)
    if not len(wanted):
        return []
    order = wanted[np.argsort(ordinals[wanted], kind="stable")]
    in_order = ordinals[order]
    cuts = np.flatnonzero(np.diff(in_order) > GAP) + 1
    found: list[tuple[Ints, Packed]] = []
    with connection.cursor() as cursor:
        for places in np.split(order, cuts):
            first, last = int(ordinals[places[0]]), int(ordinals[places[-1]]) + 1
            shard = portfolio.load_shard(cursor, snapshot, first, last)
            place_of = np.full(last - first, -1, dtype=np.int64)
            place_of[ordinals[places] - first] = places
            for _, rows, batch in shard.groups:
                held = np.flatnonzero(place_of[rows] >= 0)
                if len(held):
                    found.append((place_of[rows[held]], batch.take(held)))
    return found


def chosen(groups: Groups, keep: Bools) -> Groups:
    """Return the groups without the places that `keep` is false for."""
    found = []
    for places, batch in groups:
        held = np.flatnonzero(keep[places])
        if len(held) == len(places):
            found.append((places, batch))
        elif len(held):
            found.append((places[held], batch.take(held)))
    return found


class Valuer:
    """A request of a run with some of its inputs replaced; valued in this process, BASE only."""

    def __init__(
        self, request: RunRequest, measures: Sequence[str], document: Mapping[str, Any]
    ) -> None:
        base = tuple(s for s in request.scenarios if str(s["code"]) == "BASE")
        self._prepared = results.Prepared(
            dataclasses.replace(request, market=document, scenarios=base, measures=tuple(measures))
        )

    def value(self, groups: Groups, count: int) -> Values:
        """Return the values of groups as arrays over `count` places."""
        axis = results.specs(self._prepared.axis)
        floats = np.zeros((count, len(axis)))
        known = np.zeros(count, dtype=np.bool_)
        for places, batch in groups:
            priced = self._prepared.value(batch)
            good = np.ones(len(places), dtype=np.bool_)
            good[list(priced.errors)] = False
            floats[places[good]] = priced.cells[good]
            known[places[good]] = True
        cells = encode.integer_cells([floats], {}, axis)
        known &= cells.valued
        return Values(axis, floats, cells.values, known)
