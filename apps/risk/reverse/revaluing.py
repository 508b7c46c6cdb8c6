"""Losses of a node's positions under shocks of any size: all that are asked for in one pass."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from apps.result import adapters as results
from apps.result import encode
from apps.risk.explain import pairs, valuing
from apps.risk.reverse import adapters
from apps.risk.reverse.adapters import ParallelShock, Sizes
from foundation.exact import guarded_sum

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from apps.result.axis import Place
    from apps.risk.explain.valuing import Groups
    from apps.run.contracts import RunRequest

    Ints = NDArray[np.int64]
    Bools = NDArray[np.bool_]

CHUNK = 5_000
"""Positions that are valued at once."""


class FewerPositions(Exception):
    """A size has taken the value of a position: the losses found so far are of too many."""


@dataclass(slots=True)
class Revaluation:
    """The valued positions under a node, and their losses under `shocks` by size.

    `known` are those with a value at every size asked for; all losses are of them alone. `base` is
    their value at BASE as this process finds it, `stored` as the run has it, both in quanta.
    """

    run: int
    snapshot: int
    request: RunRequest
    place: Place
    shocks: tuple[ParallelShock, ...]
    ordinals: Ints
    known: Bools = field(init=False)
    base: int = 0
    stored: int = 0
    _losses: dict[Sizes, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.known = np.ones(len(self.ordinals), dtype=np.bool_)

    def losses(self, asked: Sequence[Sizes]) -> Mapping[Sizes, int]:
        """Return the losses at sizes, those not known yet by one valuation of all of them.

        FewerPositions where one of them takes the value of a position that had one: what was
        found before is forgotten.
        """
        new = [sizes for sizes in dict.fromkeys(asked) if sizes not in self._losses]
        if new:
            self._value(new)
        return self._losses

    def _value(self, sizes: Sequence[Sizes]) -> None:
        documents = [adapters.scenario((), ()), *(self._document(each) for each in sizes)]
        valuer = _Valuer(self.request, documents)
        before = self.known.copy()
        totals = [0] * len(documents)
        stored = 0
        for first in range(0, len(self.ordinals), CHUNK):
            part = slice(first, first + CHUNK)
            ordinals = np.where(self.known[part], self.ordinals[part], -1)
            cells, good = valuer.value(valuing.load(self.snapshot, ordinals), len(ordinals))
            self.known[part] &= good
            sums = guarded_sum(cells[self.known[part]])
            totals = [total + int(each) for total, each in zip(totals, sums, strict=True)]
            held = ordinals[self.known[part]]
            stored += int(guarded_sum(pairs.stored(self.run, self.place, held)[:, None])[0])
        if self._losses and not np.array_equal(before, self.known):
            self._losses.clear()
            raise FewerPositions
        self.base, self.stored = totals[0], stored
        self._losses |= {
            each: totals[0] - total for each, total in zip(sizes, totals[1:], strict=True)
        }

    def _document(self, sizes: Sizes) -> Mapping[str, Any]:
        return adapters.scenario(self.shocks, sizes)


class _Valuer:
    """PV of positions of a run under scenarios of our own, as the run's stage would store it."""

    def __init__(self, request: RunRequest, documents: Sequence[Mapping[str, Any]]) -> None:
        self._prepared = results.Prepared(
            dataclasses.replace(request, scenarios=tuple(documents), measures=("PV",), basis={})
        )
        self._axis = results.specs(self._prepared.axis)
        places = {cell.scenario: at for at, cell in enumerate(self._axis) if cell.measure == "PV"}
        self._order = [places[str(document["code"])] for document in documents]

    def value(self, groups: Groups, count: int) -> tuple[Ints, Bools]:
        """Return PV in quanta (count, scenarios), and which places have one in all of them."""
        floats = np.zeros((count, len(self._axis)))
        known = np.zeros(count, dtype=np.bool_)
        for places, batch in groups:
            priced = self._prepared.value(batch)
            good = np.ones(len(places), dtype=np.bool_)
            good[list(priced.errors)] = False
            floats[places[good]] = priced.cells[good]
            known[places[good]] = True
        cells = encode.integer_cells([floats], {}, self._axis)
        return cells.values[:, self._order], known & cells.valued
