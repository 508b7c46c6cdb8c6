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
class _Step:
    """A shape that one scenario adds to zero rates, or multiplies them by 1 + it."""

    knots: tuple[float, ...]
    mode: Mode
    sizes: tuple[float, ...]
    floor: float | None = None


@dataclass(frozen=True, slots=True)
class _Layer:
    """Steps of one shape: `sizes` (scenarios, knots) of the scenarios at `at`."""

    knots: tuple[float, ...]
    mode: Mode
    floor: float | None
    at: IntpArray
    sizes: FloatArray

    def apply(self, zeros: FloatArray, times: FloatArray, place: IntpArray) -> None:
        """Change zero rates (times, scenarios) in place; `place` is each scenario's column."""
        columns = place[self.at]
        wanted = columns >= 0
        if not wanted.any():
            return
        columns, sizes = columns[wanted], self.sizes[wanted]
        if len(self.knots) == 1:
            shape = sizes[:, 0]
        else:
            shape = piecewise_linear(times, np.array(self.knots), sizes).T
        if self.floor is not None:
            before = zeros[:, columns]
            after = before + shape if self.mode is Mode.ABSOLUTE else before * (1.0 + shape)
            zeros[:, columns] = np.maximum(after, np.minimum(before, self.floor))
        elif self.mode is Mode.ABSOLUTE:
            zeros[:, columns] += shape
        else:
            zeros[:, columns] *= 1.0 + shape


@dataclass(frozen=True, slots=True)
class CurveStates:
    """A curve under every scenario: zero_s(t) = zero(t) x factor_s, then the layers in order."""

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
            layer.apply(zeros, times, place)
        return zeros


def curve_states(curve: ZeroCurve, scenarios: Sequence[Scenario]) -> CurveStates:
    """Return a curve under the scenarios; refuse one that leaves the range of rates.

    The error names the scenario, the curve and the tenor at which rates are the farthest out.
    """
    factors = np.ones(len(scenarios))
    stacks: list[list[_Step]] = []
    out_of_range: dict[int, float] = {}
    for place, scenario in enumerate(scenarios):
        factors[place], stack = _stack(curve, scenario)
        reached = _largest(float(np.abs(curve.zeros).max()) * abs(float(factors[place])), stack)
        if not reached <= MAX_RATE:
            out_of_range[place] = reached
        stacks.append(stack)
    states = CurveStates(curve, factors, tuple(_layers(stacks)))
    for place, reached in out_of_range.items():
        knots = sorted({*curve.times.tolist(), *(t for step in stacks[place] for t in step.knots)})
        at = np.abs(states.zero_rates(np.array(knots), np.array([place], dtype=np.intp))[:, 0])
        raise ScenarioError(
            f"{scenarios[place].code}, curve {curve.name}",
            f"zero rates reach {reached:.4g}, the farthest at {tenor(knots[int(at.argmax())])}, "
            "discount factors would not stay positive and finite",
            "DISCOUNT_FACTOR_INVALID",
        )
    return states


def _stack(curve: ZeroCurve, scenario: Scenario) -> tuple[float, list[_Step]]:
    """Return the factor of the curve's own rates and the steps that follow it.

    A parallel factor after additions only is carried into them: they become sums of one product
    each, whatever the number of shocks.
    """
    factor = 1.0
    stack: list[_Step] = []
    for shock in scenario.shocks:
        if not isinstance(shock, RateShock) or not _concerns(shock, curve):
            continue
        parallel = len(shock.sizes) == 1 and shock.mode is Mode.RELATIVE
        folds = all(step.mode is Mode.ABSOLUTE and step.floor is None for step in stack)
        if parallel and shock.floor is None and folds:
            times = 1.0 + shock.sizes[0]
            factor *= times
            stack = [
                _Step(step.knots, step.mode, tuple(size * times for size in step.sizes))
                for step in stack
            ]
        else:
            stack.append(_Step(shock.tenors, shock.mode, shock.sizes, shock.floor))
    return factor, stack


def _largest(rate: float, stack: Sequence[_Step]) -> float:
    """Return a bound of what a rate of that size becomes."""
    for step in stack:
        if step.mode is Mode.ABSOLUTE:
            rate += max(abs(size) for size in step.sizes)
        else:
            rate *= max(abs(1.0 + size) for size in step.sizes)
    return rate


def tenor(years: float) -> str:
    """Return a time in years as a person would say it: 10Y, 3M, else days."""
    months = years * 12.0
    if abs(months - round(months)) < 0.1 and round(months) > 0:
        whole = round(months)
        return f"{whole // 12}Y" if whole % 12 == 0 else f"{whole}M"
    return f"{round(years * 365.0)} days"


def _concerns(shock: RateShock, curve: ZeroCurve) -> bool:
    if shock.curve:
        return shock.curve == curve.name
    return shock.currency in ("", curve.currency)


def _layers(stacks: Sequence[Sequence[_Step]]) -> list[_Layer]:
    """Group the first steps of all scenarios by knots and mode, then the second ones, and so on."""
    layers: list[_Layer] = []
    for depth in range(max((len(stack) for stack in stacks), default=0)):
        groups: dict[tuple[tuple[float, ...], Mode, float | None], list[int]] = {}
        for place, stack in enumerate(stacks):
            if depth < len(stack):
                step = stack[depth]
                groups.setdefault((step.knots, step.mode, step.floor), []).append(place)
        for (knots, mode, floor), places in groups.items():
            sizes = np.array([stacks[place][depth].sizes for place in places])
            layers.append(_Layer(knots, mode, floor, np.array(places, dtype=np.intp), sizes))
    return layers
