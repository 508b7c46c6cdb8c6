"""Values of currencies in the run currency under scenarios."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from pricing.market.fx import FxValue
from pricing.scenarios.shocks import FxShock, Mode, Scenario, ScenarioError

FloatArray = npt.NDArray[np.float64]


def fx_states(
    values: dict[str, FxValue], scenarios: Sequence[Scenario], run_currency: str
) -> dict[str, tuple[FloatArray, tuple[str, ...]]]:
    """Return by currency (scenarios,) what a unit is worth, and the quotes it comes from."""
    states = {
        currency: (np.full(len(scenarios), fx.value), fx.quotes) for currency, fx in values.items()
    }
    for place, scenario in enumerate(scenarios):
        for index, shock in enumerate(scenario.shocks):
            if not isinstance(shock, FxShock):
                continue
            where = f"{scenario.code}.shocks[{index}]"
            for currency in _shocked(shock, states.keys(), run_currency, where):
                value = states[currency][0]
                if shock.mode is Mode.RELATIVE:
                    value[place] *= 1.0 + shock.size
                else:
                    value[place] += shock.size
                if not (np.isfinite(value[place]) and value[place] > 0.0):
                    raise ScenarioError(
                        where, f"{currency} would be worth {value[place]:.6g}", "FX_NOT_POSITIVE"
                    )
    return states


def _shocked(shock: FxShock, known: Iterable[str], run_currency: str, place: str) -> list[str]:
    names = sorted(known)
    if shock.currency == "ALL":
        return [name for name in names if name != run_currency]
    if shock.currency == run_currency:
        raise ScenarioError(
            place,
            f"a shock is of a currency's value in {run_currency}, the run currency",
            "FX_SHOCK_OF_RUN_CURRENCY",
        )
    if shock.currency not in names:
        raise ScenarioError(
            place, f"the market has no rate for {shock.currency}", "UNKNOWN_CURRENCY"
        )
    return [shock.currency]
