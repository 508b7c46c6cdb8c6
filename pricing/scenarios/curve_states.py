"""Zero curves under scenarios: shifts are applied after interpolation, in the declared order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pricing.market.curves import ZeroCurve
from pricing.market.interpolation import piecewise_linear
from pricing.scenarios.shocks import Mode, RateShock, Scenario, ScenarioError

FloatArray = npt.NDArray[np.float64]
IntpArray = npt.NDArray[np.intp]

MAX_RATE = 3.0
"""A shocked zero rate beyond +/-300% would leave discount factors outside float64 in 200 years."""


@dataclass(frozen=True, slots=True)
class _Layer:
    """Shifts of the same knots: `sizes` (scenarios, knots) of the scenarios at `at`."""

    knots: tuple[float, ...]
    at: IntpArray
    sizes: FloatArray


@dataclass(frozen=True, slots=True)
class CurveStates:
    """A curve under every scenario: zero_s(t) = zero(t) x factor_s + sum of layers at t."""

    curve: ZeroCurve
    factors: FloatArray
    layers: tuple[_Layer, ...]

    def zero_rates(self, times: FloatArray, scenarios: IntpArray) -> FloatArray:
        """Return zero rates (times, scenarios) of the asked scenarios.

        Each element depends on its own time and scenario only.
        """
        zeros = np.asarray(self.curve.zero_rates(times)[:, None] * self.factors[scenarios])
        place = np.full(len(self.factors), -1, dtype=np.intp)
        place[scenarios] = np.arange(len(scenarios))
        for layer in self.layers:
            columns = place[layer.at]
            wanted = columns >= 0
            if not wanted.any():
                continue
            sizes = layer.sizes[wanted]
            if len(layer.knots) == 1:
                zeros[:, columns[wanted]] += sizes[:, 0]
            else:
                knots = np.array(layer.knots)
                zeros[:, columns[wanted]] += piecewise_linear(times, knots, sizes).T
        return zeros


def curve_states(curve: ZeroCurve, scenarios: Sequence[Scenario]) -> CurveStates:
    """Return a curve under the scenarios; refuse one that leaves the range of rates."""
    factors = np.ones(len(scenarios))
    stacks: list[list[tuple[tuple[float, ...], list[float]]]] = []
    for place, scenario in enumerate(scenarios):
        stack: list[tuple[tuple[float, ...], list[float]]] = []
        for shock in scenario.shocks:
            if not isinstance(shock, RateShock) or not _concerns(shock, curve):
                continue
            if shock.mode is Mode.ABSOLUTE:
                stack.append((shock.tenors, list(shock.sizes)))
            else:
                factor = 1.0 + shock.sizes[0]
                factors[place] *= factor
                stack = [(knots, [size * factor for size in sizes]) for knots, sizes in stack]
        largest = float(np.abs(curve.zeros).max()) * abs(float(factors[place]))
        largest += sum(max(abs(size) for size in sizes) for _, sizes in stack)
        if not largest <= MAX_RATE:
            raise ScenarioError(
                f"{scenario.code}, curve {curve.name}",
                f"zero rates reach {largest:.4g}, discount factors would not stay positive and "
                "finite",
                "DISCOUNT_FACTOR_INVALID",
            )
        stacks.append(stack)
    return CurveStates(curve, factors, tuple(_layers(stacks)))


def _concerns(shock: RateShock, curve: ZeroCurve) -> bool:
    if shock.curve:
        return shock.curve == curve.name
    return shock.currency in ("", curve.currency)


def _layers(stacks: list[list[tuple[tuple[float, ...], list[float]]]]) -> list[_Layer]:
    """Group the first shifts of all scenarios by knots, then the second ones, and so on."""
    layers: list[_Layer] = []
    for depth in range(max((len(stack) for stack in stacks), default=0)):
        groups: dict[tuple[float, ...], list[int]] = {}
        for place, stack in enumerate(stacks):
            if depth < len(stack):
                groups.setdefault(stack[depth][0], []).append(place)
        for knots, places in groups.items():
            sizes = np.array([stacks[place][depth][1] for place in places])
            layers.append(_Layer(knots, np.array(places, dtype=np.intp), sizes))
    return layers
