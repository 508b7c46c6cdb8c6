"""From what a pricer computed to a Valued: failures in place, zeros where there is no value."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pricing.axis import Axis
from pricing.batch import Batch
from pricing.failure import Failure
from pricing.pricers.contract import Valued

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


def assemble(
    batch: Batch,
    axis: Axis,
    values: FloatArray,
    failures: dict[int, Failure],
    dependencies: IntArray,
    dependency_names: tuple[tuple[str, ...], ...],
) -> Valued:
    """Return the valuation; a row with a cell that is not finite becomes a failure naming it."""
    for row in np.flatnonzero(~np.isfinite(values).all(axis=1)):
        if int(row) not in failures:
            place = int(np.flatnonzero(~np.isfinite(values[row]))[0])
            cell = str(axis.cells[place])
            failures[int(row)] = Failure("NOT_FINITE", f"{cell} is not finite", cell)
    listed: list[Failure | None] = [None] * len(batch)
    for index, failure in failures.items():
        listed[index] = failure
        values[index] = 0.0
    return Valued(
        values,
        listed,
        batch.integers("currency"),
        dependencies,
        dependency_names,
        batch.names,
    )
