"""Ladders made of whole quanta in the currency they are stored in, on the axis of a run."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pricing.axis import Axis, Cell
from pricing.cashflow.buckets import NOT_PROJECTED
from pricing.cashflow.rounding import exact_parts
from pricing.measures import SUMMING_TO_PRINCIPAL

FloatArray = npt.NDArray[np.float64]


def settle(values: FloatArray, axis: Axis) -> None:
    """Round ladders of principal (rows, cells) in place so that each sums to PRINCIPAL exactly."""
    found: dict[tuple[str, str], list[int]] = {}
    for place, cell in enumerate(axis.cells):
        if cell.measure in SUMMING_TO_PRINCIPAL:
            found.setdefault((cell.measure, cell.scenario), []).append(place)
    for (_, scenario), places in found.items():
        total = axis.places.get(Cell("PRINCIPAL", scenario))
        whole = any(axis.cells[place].factor == NOT_PROJECTED for place in places)
        if total is None or not whole:
            continue
        quantum = axis.quantum(axis.cells[places[0]])
        values[:, places] = exact_parts(values[:, places], values[:, total], quantum)
