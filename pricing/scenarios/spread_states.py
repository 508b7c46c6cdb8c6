"""Spread shocks by rating, sector and currency as classes of positions that share them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from pricing.scenarios.shocks import Scenario, SpreadShock

FloatArray = npt.NDArray[np.float64]

Obligor = tuple[str, str, str]
"""Currency, rating and sector: what a spread shock can be narrowed by."""


class SpreadClasses:
    """The distinct vectors of spread shocks over the run's scenarios.

    Class 0 is no shock at all. A class is known by its content, so its number is the same for
    every position that meets the same shocks.
    """

    def __init__(self, scenarios: Sequence[Scenario]) -> None:
        self._scenarios = scenarios
        self._vectors: list[FloatArray] = [np.zeros(len(scenarios))]
        self._by_content = {self._vectors[0].tobytes(): 0}
        self._by_obligor: dict[Obligor, int] = {}

    def vector(self, number: int) -> FloatArray:
        """Return the spread shock of a class in each scenario."""
        return self._vectors[number]

    def of(self, obligor: Obligor) -> int:
        """Return the class of an obligor."""
        found = self._by_obligor.get(obligor)
        if found is None:
            found = self._by_obligor[obligor] = self._make(obligor)
        return found

    def _make(self, obligor: Obligor) -> int:
        currency, rating, sector = obligor
        vector = np.zeros(len(self._scenarios))
        for place, scenario in enumerate(self._scenarios):
            for shock in scenario.shocks:
                if (
                    isinstance(shock, SpreadShock)
                    and shock.currency in ("", currency)
                    and shock.rating in ("", rating)
                    and shock.sector in ("", sector)
                ):
                    vector[place] += shock.size
        content = vector.tobytes()
        number = self._by_content.get(content)
        if number is None:
            number = self._by_content[content] = len(self._vectors)
            self._vectors.append(vector)
        return number
