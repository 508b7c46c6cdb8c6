"""Probabilities of scenarios, which weigh losses and nothing that losses are made from."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from pricing.credit import arrays
from pricing.credit.arrays import FloatArray
from pricing.credit.errors import CreditError
from pricing.credit.parameters import Parameters, numbers

SUM_TOLERANCE = 1e-12


@dataclass(frozen=True, slots=True)
class Weights:
    """Weights by scenario, which sum to 1."""

    label: str
    by_scenario: Mapping[str, float]


def read(parameters: Parameters) -> Weights:
    """Return the weights of a SCENARIO_WEIGHTS document: WEIGHTS_SUM where they do not sum to 1."""
    place = f"parameters.{parameters.name}.values"
    found = numbers(parameters.values, "weights", place, 0.0, 1.0)
    total = math.fsum(found.values())
    if abs(total - 1.0) > SUM_TOLERANCE:
        raise CreditError("WEIGHTS_SUM", f"{place}.weights", f"they sum to {total:.12g}, not to 1")
    return Weights(parameters.label, found)


def weighted_loss(weights: Weights, losses: Mapping[str, FloatArray]) -> FloatArray:
    """Return sum of weight x loss over scenarios, by position.

    `losses` are whole losses of each scenario. Losses are not linear in PD or in the economy: the
    loss of weighted inputs is another, lower number, which this library has no function for.
    """
    if missing := sorted(set(weights.by_scenario) ^ set(losses)):
        raise CreditError(
            "UNKNOWN_NAME", f"losses.{missing[0]}", f"{weights.label} and the losses differ in it"
        )
    found = [
        weight * arrays.within(losses[name], f"losses.{name}", -np.inf)
        for name, weight in weights.by_scenario.items()
    ]
    if len({one.shape for one in found}) > 1:
        raise CreditError("SHAPE", "losses", "scenarios have different positions")
    return np.asarray(np.sum(found, axis=0), dtype=np.float64)
