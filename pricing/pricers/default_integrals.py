"""Integrals over the time of default: hazard and forward rates constant between knots.

With P the discount factor and Q the survival probability, I(t) is the integral of P over -dQ and
J(t) that of s P over -dQ, from today to t. Between knots, with f and h the falls of log P and
log Q and x = f + h, the parts are h P0 Q0 (1 - exp(-x)) / x and the like: the formulas of the ISDA
CDS Standard Model (ISDA/Markit, version 1.8.2), as published by White, *The Pricing and Risk
Management of Credit Default Swaps, with a Focus on the ISDA Model*, OpenGamma 2013, section 3.

Knots are the nodes of both curves and the 20th of March, June, September and December, whatever
is valued: an integral depends on its date and the curves alone. On a curve whose forward rates
are constant between nodes the added dates change nothing; on others they bound the error.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pricing import dates
from pricing.scenarios.market_states import Bump, StateSet
from pricing.scenarios.states import States

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class DefaultIntegrals:
    """I and J at knots (knots, states), the first of which is the valuation day."""

    curve: str
    credit: str
    states: States
    states_of: StateSet
    knots: IntArray
    log_discount: FloatArray
    log_survival: FloatArray
    paid: FloatArray
    timed: FloatArray

    @staticmethod
    def of(
        curve: str, credit: str, last: int, states: States, states_of: StateSet
    ) -> DefaultIntegrals:
        """Return the integrals up to `last` days after the valuation day."""
        knots = _knots(curve, credit, last, states, states_of)
        log_discount, log_survival = _logs(curve, credit, knots, states, states_of)
        at = knots / 365.0
        paid, timed = _parts(
            at[:-1, None], at[1:, None], log_discount[:-1], log_discount[1:], log_survival[:-1],
            log_survival[1:],
        )  # fmt: skip
        nothing = np.zeros((1, len(states_of)))
        return DefaultIntegrals(
            curve, credit, states, states_of, knots, log_discount, log_survival,
            np.concatenate([nothing, np.cumsum(paid, axis=0)]),
            np.concatenate([nothing, np.cumsum(timed, axis=0)]),
        )  # fmt: skip

    def at(self, days: IntArray) -> tuple[FloatArray, FloatArray]:
        """Return I and J (days, states) up to days after the valuation day, 0 up to it."""
        days = np.maximum(days, 0)
        left = np.searchsorted(self.knots, days, side="right") - 1
        log_discount, log_survival = _logs(
            self.curve, self.credit, days, self.states, self.states_of
        )
        paid, timed = _parts(
            self.knots[left, None] / 365.0, days[:, None] / 365.0, self.log_discount[left],
            log_discount, self.log_survival[left], log_survival,
        )  # fmt: skip
        return self.paid[left] + paid, self.timed[left] + timed


def _logs(
    curve: str, credit: str, days: IntArray, states: States, states_of: StateSet
) -> tuple[FloatArray, FloatArray]:
    times = days / 365.0
    zeros = states.state_zero_rates(curve, times, states_of)
    survival = states.state_survival(credit, times, states_of)
    return -zeros * times[:, None], np.log(survival)


def _knots(curve: str, credit: str, last: int, states: States, states_of: StateSet) -> IntArray:
    as_of = dates.ordinal(states.market.as_of)
    nodes = (
        np.array(states.market.curves[curve].node_dates, dtype=np.int64) - as_of,
        np.array(states.market.credit[credit].node_dates, dtype=np.int64) - as_of,
    )
    today = np.array([states.day], dtype=np.int64)
    first = int(dates.month_index(today)[0])
    until = int(dates.month_index(np.minimum(today + last, dates.LAST_INPUT_DAY))[0])
    months = np.arange(first, until + 1)
    months = months[months % 3 == 2]
    twentieth = dates.on_day(months, 20) - states.day
    shared = states_of.first
    horizon = shared.horizon if shared is not None else 0
    if horizon and shared is not None:
        # Nothing defaults up to the horizon; what keeps its tenor has its nodes later from there.
        later = horizon if shared.bump is Bump.ROLL else 0
        nodes = (nodes[0] + later, nodes[1] + later)
        twentieth = twentieth[twentieth > horizon]
    found = np.unique(np.concatenate([[0, horizon], *nodes, twentieth]))
    return found[(found >= 0) & (found <= last)]


def _parts(
    begin: FloatArray,
    end: FloatArray,
    log_discount: FloatArray,
    log_discount_end: FloatArray,
    log_survival: FloatArray,
    log_survival_end: FloatArray,
) -> tuple[FloatArray, FloatArray]:
    """Return the integrals of P and of s P over -dQ between two times."""
    hazard = log_survival - log_survival_end
    fall = log_discount - log_discount_end + hazard
    scale = np.exp(log_discount + log_survival) * hazard
    small = np.abs(fall) < 1e-4
    safe = np.where(small, 1.0, fall)
    decayed = -np.expm1(-safe)
    mean = np.where(small, 1.0 - fall * (0.5 - fall * (1.0 / 6.0 - fall / 24.0)), decayed / safe)
    late = np.where(
        small,
        0.5 - fall * (1.0 / 3.0 - fall * (1.0 / 8.0 - fall / 30.0)),
        (decayed / safe - (1.0 - decayed)) / safe,
    )
    paid = scale * mean
    return paid, begin * paid + (end - begin) * scale * late
