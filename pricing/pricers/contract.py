"""What every pricer takes and gives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from pricing.batch import Batch, Names
from pricing.failure import Failure
from pricing.kernel import Kernel
from pricing.pricers.flows import ProjectedFlow
from pricing.scenarios.states import States

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Valued:
    """The values of a batch on an axis, in each position's own currency, unrounded.

    `values` float64 (rows, cells), zeros in rows that failed; `failures` a Failure or None per
    row; `currency` the codes in `names` of the rows' currencies. `dependencies` gives per row a
    place in `dependency_names`: the market objects it was valued from (hashes by
    `Market.hash_of`); place 0 is nothing, for rows that failed before they used any.
    """

    values: FloatArray
    failures: list[Failure | None]
    currency: npt.NDArray[np.int64]
    dependencies: npt.NDArray[np.int64]
    dependency_names: tuple[tuple[str, ...], ...]
    names: Names

    def __len__(self) -> int:
        return len(self.values)


class Pricer(Protocol):
    """Values batches of one product type."""

    def value(self, batch: Batch, states: States, kernel: Kernel) -> Valued:
        """Return the values of a batch; never raises for a position it cannot value."""
        ...

    def cashflows(self, batch: Batch, states: States, scenario: str) -> list[ProjectedFlow]:
        """Return the projected flows of a batch of one row under a scenario, by date."""
        ...
