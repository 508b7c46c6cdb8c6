"""Exposure at default: what is drawn, and the share of the undrawn that will be."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from pricing.credit import arrays
from pricing.credit.arrays import FloatArray
from pricing.credit.errors import CreditError
from pricing.credit.lgd import named
from pricing.credit.parameters import Parameters, numbers


def conversion_factors(parameters: Parameters, categories: Sequence[str]) -> FloatArray:
    """Return the credit conversion factor of each category by a CCF document (`factors`)."""
    place = f"parameters.{parameters.name}.values"
    return named(numbers(parameters.values, "factors", place, 0.0, 1.0), categories, "categories")


def exposure_at_default(
    drawn: npt.ArrayLike, undrawn: npt.ArrayLike, factors: npt.ArrayLike
) -> FloatArray:
    """Return drawn + factor x undrawn, (positions,) or (positions, periods), in money.

    A negative drawn amount is a deposit, not an exposure: OUT_OF_RANGE.
    """
    balance, rest = arrays.amounts(drawn, "drawn"), arrays.amounts(undrawn, "undrawn")
    factor = arrays.probabilities(factors, "factors")
    if balance.shape != rest.shape or factor.shape != balance.shape[:1]:
        raise CreditError(
            "SHAPE", "undrawn", f"{rest.shape} and factors {factor.shape} beside {balance.shape}"
        )
    return np.asarray(balance + factor.reshape(-1, *[1] * (balance.ndim - 1)) * rest)
