"""The one way to value: a batch under the states of a run, and its conversion to axis currency."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pricing.axis import Axis
from pricing.batch import Batch
from pricing.cashflow.settling import settle
from pricing.failure import Failure
from pricing.kernel import Kernel
from pricing.measures import Conversion, measure
from pricing.pricers.contract import Valued
from pricing.products.registry import PRODUCTS
from pricing.scenarios.states import States

FloatArray = npt.NDArray[np.float64]

__all__ = ["Valued", "convert", "value"]


def value(
    batch: Batch, states: States, axis: Axis | None = None, profile: str | Kernel = Kernel.RECORD
) -> Valued:
    """Return the values of a batch in each position's currency, a Failure per row without one.

    `axis` is that of the states (given only to be checked); `profile` is "record" or "fast".
    A row's bits depend on the row, the market, its cell and the profile alone.
    """
    if axis is not None and axis is not states.axis and axis != states.axis:
        raise ValueError("the states were made for another axis")
    product = PRODUCTS.get(batch.product_type)
    if product is None:
        failure = Failure("UNKNOWN_PRODUCT", f"{batch.product_type} has no pricer")
        rows = len(batch)
        return Valued(
            np.zeros((rows, len(states.axis))),
            [failure] * rows,
            np.zeros(rows, dtype=np.int64),
            np.zeros(rows, dtype=np.int64),
            ((),),
            batch.names,
        )
    # Poisoned numbers run into infinities that become failures of their own rows.
    with np.errstate(over="ignore", invalid="ignore", under="ignore", divide="ignore"):
        valued = product.pricer.value(batch, states, Kernel(profile))
        for place, parts in states.axis.sums:
            for part in parts:
                valued.values[:, place] += valued.values[:, part]
        return valued


def convert(valued: Valued, states: States, axis: Axis | None = None) -> FloatArray:
    """Return (rows, cells) in the currency of each cell, at the FX of the cell's own scenario.

    Ladders that sum to what is outstanding are whole quanta from here on, so that they still do
    when they are stored.
    """
    axis = states.axis if axis is None else axis
    converted = np.array(
        [measure(cell.measure).conversion is Conversion.POSITION_CURRENCY for cell in axis.cells]
    )
    scenarios = np.array([states.places[cell.scenario] for cell in axis.cells], dtype=np.intp)
    out = valued.values.copy()
    for code in np.unique(valued.currency):
        currency = valued.names.text(int(code))
        fx = states.fx_value(currency)
        if fx is None or currency == axis.run_currency:
            continue
        rows = np.flatnonzero(valued.currency == code)
        out[rows] *= np.where(converted, fx[scenarios], 1.0)
    settle(out, axis)
    return out
