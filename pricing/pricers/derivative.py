"""DERIVATIVE: rows by kind and market, each group valued by the module of its kind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from pricing.batch import Batch
from pricing.failure import Failure
from pricing.grouping import combine
from pricing.kernel import Kernel
from pricing.pricers import cap_floor, cds, fx_swap, swap, swaption
from pricing.pricers.assembly import assemble
from pricing.pricers.contract import Pricer, Valued
from pricing.pricers.derivative_group import HOW, Group, Used
from pricing.pricers.flows import ProjectedFlow
from pricing.products.derivative import KINDS
from pricing.products.rows import refusals
from pricing.scenarios.states import States

FloatArray = npt.NDArray[np.float64]
IntpArray = npt.NDArray[np.intp]

CHUNK_VALUES = 4_000_000
"""Values of rows in market states that are held together: rows share the tables of their group."""

_LEG = ("currency", "curve", *HOW)
_KEYS = (
    "kind", "currency", "collateral", "exchange", "resetting", "volatility", "settlement",
    "credit", "mid_point", *(f"{side}_{name}" for side in ("receive", "pay") for name in _LEG),
)  # fmt: skip
"""What the rows of a group share."""


@dataclass(frozen=True, slots=True)
class _Family:
    """How kinds are valued: what a group needs of the market, its cells and its flows."""

    uses: Callable[[Group], tuple[Any, Used] | Failure]
    value: Callable[[Group, Any], None]
    cashflows: Callable[[Group, Any, str], list[ProjectedFlow]]


_SWAP = _Family(swap.uses, swap.value, swap.cashflows)
_FAMILIES = {
    **dict.fromkeys(("IRS", "OIS", "BASIS", "XCCY"), _SWAP),
    "FX_SWAP": _Family(fx_swap.uses, fx_swap.value, fx_swap.cashflows),
    "CAP_FLOOR": _Family(cap_floor.uses, cap_floor.value, cap_floor.cashflows),
    "SWAPTION": _Family(swaption.uses, swaption.value, swaption.cashflows),
    "CDS": _Family(cds.uses, cds.value, cds.cashflows),
}


class DerivativePricer:
    """Values DERIVATIVE."""

    def value(self, batch: Batch, states: States, kernel: Kernel) -> Valued:
        """Return the values of a batch of derivatives; both kernels add in flow order."""
        failures = refusals(batch)
        values = np.zeros((len(batch), len(states.axis)))
        dependency = np.zeros(len(batch), dtype=np.int64)
        dependencies: dict[tuple[str, ...], int] = {(): 0}
        alive = np.flatnonzero(batch.column("refusal") == 0)
        for rows in _groups(batch, alive):
            group = _group(batch, rows, states, values, failures)
            family = _FAMILIES[KINDS[group.flag("kind")]]
            found = family.uses(group)
            if isinstance(found, Failure):
                group.fail(np.arange(len(rows)), found)
                continue
            markets, used = found
            names = tuple(dict.fromkeys(used))
            dependency[rows] = dependencies.setdefault(names, len(dependencies))
            step = max(CHUNK_VALUES // max(len(states.axis), 1), 1024)
            for first in range(0, len(rows), step):
                family.value(group.take(rows[first : first + step]), markets)
        return assemble(batch, states.axis, values, failures, dependency, tuple(dependencies))

    def cashflows(self, batch: Batch, states: States, scenario: str) -> list[ProjectedFlow]:
        """Return the projected flows of a batch of one derivative under a scenario."""
        failures = refusals(batch)
        if failures:
            return []
        values = np.zeros((1, len(states.axis)))
        group = _group(batch, np.array([0]), states, values, failures)
        family = _FAMILIES[KINDS[group.flag("kind")]]
        found = family.uses(group)
        return [] if isinstance(found, Failure) else family.cashflows(group, found[0], scenario)


def _group(
    batch: Batch,
    rows: IntpArray,
    states: States,
    values: FloatArray,
    failures: dict[int, Failure],
) -> Group:
    currency = batch.names.text(int(batch.column("currency")[rows[0]]))
    return Group(batch, rows, currency, states, values, failures)


def _groups(batch: Batch, rows: IntpArray) -> list[IntpArray]:
    """Return the rows of each group, in their order."""
    if not len(rows):
        return []
    sample, number = combine(*(batch.column(name)[rows] for name in _KEYS))
    order = np.argsort(number, kind="stable")
    edges = np.searchsorted(number[order], np.arange(1, len(sample)))
    return np.split(rows[order], edges)


PRICER: Pricer = DerivativePricer()
