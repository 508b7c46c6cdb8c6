"""Allowances by observed rates of loss: closed and open pools, ageing, WARM, vintages."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from pricing.credit import arrays
from pricing.credit.arrays import FloatArray
from pricing.credit.errors import CreditError
from pricing.credit.lgd import named
from pricing.credit.parameters import Parameters, numbers


def segment_rates(parameters: Parameters, segments: Sequence[str]) -> FloatArray:
    """Return the rate of each segment by a LOSS_RATES document (`rates`); UNKNOWN_NAME."""
    place = f"parameters.{parameters.name}.values"
    return named(numbers(parameters.values, "rates", place, 0.0, 1.0), segments, "segments")


def lifetime_rate(losses: npt.ArrayLike, balance: float) -> float:
    """Return what was lost over life of a balance, unrounded: sum of losses / balance.

    The balance is what was originated (closed pool) or the amortised cost at a snapshot whose
    losses are followed until the pool is gone (open pool).
    """
    if not 0.0 < balance < np.inf:
        raise CreditError("OUT_OF_RANGE", "balance", f"{balance} is not above 0")
    return float(arrays.amounts(losses, "losses").sum() / balance)


def allowance(amortised_cost: npt.ArrayLike, rates: npt.ArrayLike) -> FloatArray:
    """Return amortised cost x rate of each segment or bucket; the rate is not rounded before."""
    cost, rate = (
        arrays.amounts(amortised_cost, "amortised_cost"),
        arrays.probabilities(rates, "rates"),
    )
    if cost.shape != rate.shape:
        raise CreditError("SHAPE", "rates", f"is {rate.shape} beside costs of {cost.shape}")
    return cost * rate


def scaled_rates(rates: npt.ArrayLike, change: float) -> FloatArray:
    """Return historical rates changed by a fraction for conditions that differ: rate x (1 + c)."""
    return arrays.probabilities(
        arrays.probabilities(rates, "rates") * (1.0 + change), "rates x (1 + change)"
    )


def warm(balances: npt.ArrayLike, annual_rates: npt.ArrayLike) -> FloatArray:
    """Return the allowance by weighted-average remaining maturity: sum of rate x balance of a year.

    `balances` (pools, years) are amortised cost expected at the start of each coming year, the
    first today's; `annual_rates` (years,) or (pools, years) charge-offs of average balance. With
    one rate it is rate x remaining maturity x cost, maturity weighted by balance.
    """
    held, rate = (
        arrays.amounts(balances, "balances"),
        arrays.probabilities(annual_rates, "annual_rates"),
    )
    if held.ndim != 2 or rate.shape[-1] != held.shape[1] or rate.ndim > 2:
        raise CreditError("SHAPE", "annual_rates", f"is {rate.shape} beside {held.shape}")
    return np.asarray((held * rate).sum(axis=1))


def remaining_maturity(balances: npt.ArrayLike) -> FloatArray:
    """Return years of balance left of each pool: sum of the balances / today's."""
    held = arrays.amounts(balances, "balances")
    if held.ndim != 2 or bool((held[:, 0] <= 0.0).any()):
        raise CreditError("OUT_OF_RANGE", "balances", "the first of a pool is not above 0")
    return np.asarray(held.sum(axis=1) / held[:, 0])


def vintage_rates(originated: npt.ArrayLike, losses: npt.ArrayLike) -> FloatArray:
    """Return the loss rate at each age over the vintages that have reached it, by what they lent.

    `losses` (vintages, ages) are NaN where an age has not been reached: left out of both sums,
    never zero. OUT_OF_RANGE where no vintage has.
    """
    lent = arrays.amounts(originated, "originated")
    triangle = np.asarray(losses, dtype=np.float64)
    if triangle.ndim != 2 or len(triangle) != len(lent):
        raise CreditError("SHAPE", "losses", f"is {triangle.shape} beside {len(lent)} vintages")
    seen = ~np.isnan(triangle)
    arrays.amounts(np.where(seen, triangle, 0.0), "losses")
    base = (seen * lent[:, None]).sum(axis=0)
    if bool((base <= 0.0).any()):
        age = int(np.argmin(base))
        raise CreditError("OUT_OF_RANGE", f"losses[:, {age}]", "no vintage has reached this age")
    return np.asarray(np.where(seen, triangle, 0.0).sum(axis=0) / base)


def vintage_allowance(
    originated: npt.ArrayLike, ages_reached: npt.ArrayLike, rates: npt.ArrayLike
) -> FloatArray:
    """Return what each vintage has still to lose: originated x sum of rates of ages to come."""
    lent, rate = arrays.amounts(originated, "originated"), arrays.probabilities(rates, "rates")
    reached = np.asarray(ages_reached)
    if reached.shape != lent.shape or reached.dtype.kind != "i" or reached.min() < 0:
        raise CreditError("SHAPE", "ages_reached", "one number of ages from 0 a vintage")
    rest = np.concatenate([np.cumsum(rate[::-1])[::-1], [0.0]])
    return np.asarray(lent * rest[np.minimum(reached, len(rate))])
