"""Transition matrices of ratings: the last state is default, which nothing leaves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pricing.credit.arrays import FloatArray, IntArray, probabilities
from pricing.credit.errors import CreditError
from pricing.credit.parameters import Parameters, refused
from pricing.market import reading
from pricing.market.errors import MarketError

SUM_TOLERANCE = 1e-9
"""What adding decimal fractions in floats may leave; published rounding is `rescaled` first."""


@dataclass(frozen=True, slots=True)
class TransitionMatrix:
    """Probabilities (from, to) of moving between states in `years`."""

    states: tuple[str, ...]
    values: FloatArray
    years: float

    def at(self, ratings: Sequence[str], place: str = "ratings") -> IntArray:
        """Return the row of each rating; UNKNOWN_RATING names the element."""
        return places(self.states, ratings, place)


def places(states: Sequence[str], ratings: Sequence[str], place: str) -> IntArray:
    """Return the number of each rating among the states; UNKNOWN_RATING names the element."""
    known = {state: i for i, state in enumerate(states)}
    for i, rating in enumerate(ratings):
        if rating not in known:
            raise CreditError(
                "UNKNOWN_RATING", f"{place}[{i}]", f"{rating!r} is none of {', '.join(states)}"
            )
    return np.array([known[rating] for rating in ratings], dtype=np.int64)


def validated(
    states: Sequence[str], values: npt.ArrayLike, years: float = 1.0, place: str = "matrix"
) -> TransitionMatrix:
    """Return a matrix: rows sum to 1, and the last state stays. ROW_SUM names the row."""
    found = probabilities(values, place)
    if found.shape != (len(states), len(states)) or len(set(states)) != len(states):
        raise CreditError(
            "SHAPE", place, f"is {found.shape}, not square over {len(states)} distinct states"
        )
    if not 0.0 < years < np.inf:
        raise CreditError("OUT_OF_RANGE", f"{place}.years", f"{years} is not above 0")
    sums = found.sum(axis=1)
    for state, total in zip(states, sums.tolist(), strict=True):
        if abs(total - 1.0) > SUM_TOLERANCE:
            raise CreditError("ROW_SUM", f"{place}[{state}]", f"sums to {total:.10g}, not to 1")
    if found[-1, -1] != 1.0:
        raise CreditError(
            "NOT_ABSORBING", f"{place}[{states[-1]}]", f"stays with {found[-1, -1]:g}, not with 1"
        )
    return TransitionMatrix(tuple(states), found, years)


def rescaled(
    states: Sequence[str], values: npt.ArrayLike, at_most: float, years: float = 1.0
) -> tuple[TransitionMatrix, float]:
    """Return a printed matrix with its rows divided by their sums, and the largest correction.

    Published rows are rounded; ROW_SUM where one is off by more than `at_most`, which the caller
    states from the digits printed. Rows with withdrawn ratings left out need a larger one: the
    division then spreads the withdrawn over the other states as they stand.
    """
    found = probabilities(values, "matrix")
    sums = found.sum(axis=1)
    off = np.abs(sums - 1.0)
    worst = int(np.argmax(off))
    if off[worst] > at_most + SUM_TOLERANCE:
        raise CreditError(
            "ROW_SUM",
            f"matrix[{states[worst]}]",
            f"sums to {sums[worst]:.10g}: further from 1 than {at_most:g}",
        )
    return validated(states, found / sums[:, None], years), float(off[worst])


def read(parameters: Parameters) -> TransitionMatrix:
    """Return the matrix of a document: `states`, `rows` by state, `years`."""
    place = f"parameters.{parameters.name}.values"
    try:
        states = [str(one) for one in reading.sequence(parameters.values.get("states"), place)]
        rows = reading.mapping(parameters.values.get("rows"), f"{place}.rows")
        years = reading.number(parameters.values.get("years", 1), f"{place}.years", 1e-3, 100.0)
        reading.only(rows, set(states), f"{place}.rows")
        table = [
            [
                reading.number(cell, f"{place}.rows.{state}[{i}]", 0.0, 1.0)
                for i, cell in enumerate(reading.sequence(rows.get(state), f"{place}.rows.{state}"))
            ]
            for state in states
        ]
        if any(len(row) != len(states) for row in table):
            raise MarketError(f"{place}.rows", f"rows of {len(states)} numbers are expected")
    except MarketError as error:
        raise refused(error) from None
    return validated(states, table, years, f"{place}.rows")
