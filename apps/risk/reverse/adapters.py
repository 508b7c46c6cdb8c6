"""Between a run's positions and the search of the pricing library: shocks by size, and answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import numpy as np

from pricing.market.errors import MarketError
from pricing.market.plain import plain
from pricing.risk import reverse_stress
from pricing.risk.errors import RiskError
from pricing.scenarios.ladders import FORMAT
from pricing.scenarios.shocks import ScenarioError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]

REFUSALS = (MarketError, RiskError, ScenarioError)
"""What the library refuses; every message names the place."""

BASE = "BASE"

LIMIT_BP = 20_000
"""Shocks beyond +/-200 percentage points are refused as unit mistakes, as in scenario files."""

Sizes = tuple[int, ...]
"""The size of each shock, in tenths of a basis point."""


class Moved(StrEnum):
    """What a shock moves in parallel: continuously compounded zero rates, or zero spreads."""

    RATES = "RATES"
    SPREADS = "SPREADS"


@dataclass(frozen=True, slots=True)
class ParallelShock:
    """A move of all rates or spreads by one size, of one currency or some ratings if named."""

    moved: Moved
    currency: str = ""
    ratings: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """What is moved, in one word."""
        return "_".join((self.moved.value, *filter(None, (self.currency, *self.ratings))))

    def shocks(self, tenths: int) -> list[dict[str, Any]]:
        """Return the shocks of a scenario document that make this one of a size."""
        size = plain(Decimal(tenths).scaleb(-5))
        if self.moved is Moved.RATES:
            narrowed = {"currency": self.currency} if self.currency else {}
            return [{"risk": "RATE", "size": size, **narrowed}]
        if not self.ratings:
            return [{"risk": "SPREAD", "size": size}]
        return [{"risk": "SPREAD", "size": size, "rating": each} for each in self.ratings]


def code(shocks: Sequence[ParallelShock], sizes: Sizes) -> str:
    """Return the code of the scenario of these sizes: RATES_USD_12.5; BASE of none."""
    return (
        BASE
        if not shocks
        else ":".join(
            f"{shock.name}_{plain(Decimal(tenths).scaleb(-1))}"
            for shock, tenths in zip(shocks, sizes, strict=True)
        )
    )


def scenario(shocks: Sequence[ParallelShock], sizes: Sizes) -> dict[str, Any]:
    """Return the scenario document of shocks, one on the other, each of its size."""
    parts = [part for shock, size in zip(shocks, sizes, strict=True) for part in shock.shocks(size)]
    name = code(shocks, sizes)
    return {"format": FORMAT, "code": name, "name": name, "kind": "INSTANT", "shocks": parts}


Found = reverse_stress.ReverseStress
"""The grid, its losses and every crossing seen on it."""

Losses = Callable[[Sequence[Sizes]], Mapping[Sizes, int]]
"""Losses of the node in quanta, by the sizes of the shocks."""


def search(losses: Losses, threshold: int, grid: Ints) -> Found:
    """Return where the loss under one shock reaches the threshold."""

    def asked(sizes: Ints) -> Ints:
        points = [(int(size),) for size in sizes]
        found = losses(points)
        return np.array([found[point] for point in points], dtype=np.int64)

    return reverse_stress.reverse_stress(asked, threshold, grid)


def frontier(
    losses: Losses, threshold: int, first: Ints, second: Ints
) -> Sequence[tuple[int, Found]]:
    """Return where the loss under two shocks reaches the threshold, by sizes of the first."""

    def asked(sizes: Ints) -> Ints:
        points = [(int(one), int(other)) for one, other in sizes]
        found = losses(points)
        return np.array([found[point] for point in points], dtype=np.int64)

    return reverse_stress.frontier(asked, threshold, first, second)
