"""US standardised risk weights, 12 CFR 217 subpart D, of exposures by category."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from pricing.capital.errors import CapitalError
from pricing.capital.rulebook import Rulebook
from pricing.capital.weighting import Columns, Weighted, sheet

US_FIGURES = ("weight", "bank")


def weighted(rules: Rulebook, columns: Columns) -> Weighted:
    """Return the weight of each exposure by its category, the column `exposure_class`."""
    found = sheet(rules, columns)
    rows, kinds = found.texts(np.flatnonzero(found.open), "exposure_class", "217.32")
    for kind in np.unique(kinds).tolist():
        of_kind = rows[kinds == kind]
        figure = next((name for name in US_FIGURES if kind in rules.numbers(name)), None)
        if figure is None:
            found.refuse(of_kind, "217.32", "exposure_class", f"{kind!r} is no category")
        else:
            found.part(of_kind, rules.entry(figure, kind), kind, figure)
    return found.weighted()


def shortfalls(rules: Rulebook, figure: str, ratios: Mapping[str, float]) -> dict[str, float]:
    """Return by how much each ratio misses its threshold; a ratio not supplied is refused."""
    found = {}
    for name, threshold in rules.numbers(figure).items():
        if name not in ratios or not np.isfinite(ratios[name]):
            raise CapitalError("RWA_MISSING", f"{rules.label}.{figure}.{name}", "is not supplied")
        if ratios[name] < threshold:
            found[name] = threshold - ratios[name]
    return found
