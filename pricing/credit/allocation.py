"""Amounts of a pool given to its positions so that they add up to the last quantum."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pricing.credit import arrays
from pricing.credit.arrays import IntArray
from pricing.credit.errors import CreditError
from pricing.risk.apportionment import apportioned


def allocated(
    totals: npt.ArrayLike, pools: npt.ArrayLike, amortised_cost: npt.ArrayLike
) -> IntArray:
    """Return each position's part of its pool's total: total x cost / cost of the pool.

    Everything is counts of a quantum. Largest remainder: parts of a pool sum to its total exactly,
    whichever way positions are added up later. A pool without cost can have no total.
    """
    whole = arrays.integers(totals, "totals")
    pool = arrays.integers(pools, "pools")
    cost = arrays.integers(amortised_cost, "amortised_cost")
    if pool.shape != cost.shape or pool.min() < 0 or pool.max() >= len(whole):
        raise CreditError("SHAPE", "pools", f"one of {len(whole)} pools a position is expected")
    if cost.min() < 0:
        i = int(np.argmin(cost))
        raise CreditError("OUT_OF_RANGE", f"amortised_cost[{i}]", f"{cost[i]} is below 0")
    found = np.zeros(len(cost), dtype=np.int64)
    for number, total in enumerate(whole.tolist()):
        held = np.flatnonzero(pool == number)
        base = sum(cost[held].tolist())
        if base == 0:
            if total:
                raise CreditError(
                    "OUT_OF_RANGE", f"totals[{number}]", f"{total} has no amortised cost to go to"
                )
            continue
        parts = np.array([total * one for one in cost[held].tolist()], dtype=object)
        found[held] = apportioned(
            parts, base, np.zeros(len(held), dtype=np.int64), whole[number : number + 1]
        )
    return found
