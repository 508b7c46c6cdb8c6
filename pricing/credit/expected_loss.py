"""Expected loss over twelve months and over life, by position."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pricing.credit import arrays
from pricing.credit.arrays import FloatArray
from pricing.credit.errors import CreditError


@dataclass(frozen=True, slots=True)
class ExpectedLoss:
    """Losses (..., positions) in money, their periods (..., positions, periods), how discounted."""

    twelve_months: FloatArray
    lifetime: FloatArray
    periods: FloatArray
    discounted: bool


def expected_loss(
    times: npt.ArrayLike,
    cumulative: npt.ArrayLike,
    lgd: npt.ArrayLike,
    exposures: npt.ArrayLike,
    discount: npt.ArrayLike | None = None,
) -> ExpectedLoss:
    """Return sum over periods of marginal PD x LGD x exposure (x discount factor).

    `times` end the periods, in years, and one of them is 1. `cumulative` PD, `exposures` (0 after
    maturity) and `discount` broadcast to (..., positions, periods), `lgd` too, where (positions, 1)
    is one for life; leading axes are scenarios. Without `discount` losses are undiscounted.
    """
    grid = arrays.times(times)
    year = np.flatnonzero(np.isclose(grid, 1.0, rtol=0.0, atol=1e-9))
    if len(year) != 1:
        raise CreditError("GRID", "times", "one year is not the end of a period")
    probability = arrays.probabilities(cumulative, "cumulative")
    severity = arrays.probabilities(lgd, "lgd")
    amount = arrays.amounts(exposures, "exposures")
    factor = np.ones(1) if discount is None else arrays.amounts(discount, "discount")
    for name, found in (("cumulative", probability), ("exposures", amount)):
        if found.ndim < 2 or found.shape[-1] != len(grid):
            raise CreditError("SHAPE", name, f"is {found.shape}, not (..., {len(grid)} periods)")
    marginal = arrays.marginal(probability)
    try:
        losses = marginal * severity * amount * factor
    except ValueError as error:
        raise CreditError("SHAPE", "lgd", str(error)) from None
    return ExpectedLoss(
        losses[..., : int(year[0]) + 1].sum(axis=-1),
        losses.sum(axis=-1),
        losses,
        discount is not None,
    )
