"""Principal of pools after settlement, and the time of it in years of 30/360."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pricing import daycount
from pricing.pricers import state_valued
from pricing.pricers.cells import Cells
from pricing.pricers.placing import Placed

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

BASIS = daycount.CONVENTIONS.index("30/360")


def thirty_360(begin: IntArray, end: IntArray) -> FloatArray:
    """Return years of 30/360 between day ordinals."""
    never = np.full(len(begin), -1, dtype=np.int64)
    return daycount.year_fraction(np.full(len(begin), BASIS), begin, end, never)


def put(placed: Placed, repaid: FloatArray, waiting: IntArray, today: int, cells: Cells) -> None:
    """Write PRINCIPAL_FLOWS and PRINCIPAL_TIME of principal (flows,) paid after settlement."""
    settled = today + waiting[placed.owner]
    paid = today + placed.days
    later = np.where(paid > settled, repaid, 0.0)
    columns = np.stack([later, later * thirty_360(settled, paid)], axis=1)
    total = state_valued.sums(placed, columns)
    cells.fill("PRINCIPAL_FLOWS", total[:, 0])
    cells.fill("PRINCIPAL_TIME", total[:, 1])
