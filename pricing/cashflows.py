"""The projected flows of one position: what is behind its value, down to the curve node."""

from __future__ import annotations

import numpy as np

from pricing.axis import BASE
from pricing.batch import Batch
from pricing.pricers.flows import ProjectedFlow
from pricing.products.registry import product
from pricing.scenarios.states import States

__all__ = ["ProjectedFlow", "cashflows"]


def cashflows(batch: Batch, states: States, scenario: str = BASE) -> list[ProjectedFlow]:
    """Return the flows of a batch of exactly one row under a scenario, by date.

    The sum of their pv, converted at the scenario's FX, is the position's PV; a position that
    has no value has no flows.
    """
    if len(batch) != 1:
        raise ValueError(f"one position is expected, not {len(batch)}")
    if scenario not in states.places:
        raise KeyError(scenario)
    with np.errstate(over="ignore", invalid="ignore", under="ignore", divide="ignore"):
        return product(batch.product_type).pricer.cashflows(batch, states, scenario)
