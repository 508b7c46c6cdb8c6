"""Parts that add up to their totals exactly: the method of largest remainders."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pricing.risk.arrays import IntArray
from pricing.risk.errors import RiskError


def apportioned(
    numerators: npt.NDArray[np.object_] | IntArray,
    denominator: int,
    parents: IntArray,
    totals: IntArray,
) -> IntArray:
    """Return numerators / denominator as integers that sum to the total of each child's parent.

    Hamilton's method: each child has the floor of its quotient, and what a parent's total is
    above the floors goes, one quantum each, to its children with the largest remainders; ties to
    the earlier child. CHILDREN_DO_NOT_SUM where a total is not its children's exact sum rounded.
    """
    _refuse_other_totals(numerators, denominator, parents, totals)
    floors = np.array([int(value) // denominator for value in numerators], dtype=np.int64)
    rests = np.array([int(value) % denominator for value in numerators], dtype=np.int64)
    missing = totals.copy()
    np.subtract.at(missing, parents, floors)
    order = np.lexsort((np.arange(len(parents)), -rests, parents))
    place_in_order = np.arange(len(parents)) - np.searchsorted(parents[order], parents[order])
    above = np.zeros(len(parents), dtype=np.int64)
    above[order] = place_in_order < missing[parents[order]]
    return floors + above


def _refuse_other_totals(
    numerators: npt.NDArray[np.object_] | IntArray,
    denominator: int,
    parents: IntArray,
    totals: IntArray,
) -> None:
    exact = {int(parent): 0 for parent in parents}
    for parent, value in zip(parents.tolist(), numerators.tolist(), strict=True):
        exact[parent] += int(value)
    for parent, value in sorted(exact.items()):
        if 2 * abs(int(totals[parent]) * denominator - value) > denominator:
            raise RiskError(
                "CHILDREN_DO_NOT_SUM",
                f"parent {parent}",
                f"its total is {int(totals[parent])}, its children's {value}/{denominator}",
            )
