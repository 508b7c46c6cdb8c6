"""The surface of an option, and options whose rates a lognormal surface cannot value."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pricing.failure import Failure
from pricing.market.volatility import Volatility, VolatilityKind
from pricing.pricers.derivative_group import Group, Used

FloatArray = npt.NDArray[np.float64]


def volatility_of(
    group: Group, currency: str, kind: VolatilityKind
) -> tuple[Volatility, Used] | Failure:
    """Return the surface a group names, else the only one of the currency and kind."""
    named = group.text("volatility")
    surface = group.states.market.volatility(currency, kind, named)
    if surface is None:
        what = named or f"single surface of kind {kind} for {currency}"
        return Failure("UNKNOWN_VOLATILITY", f"the market has no {what}")
    return surface, (f"volatility/{surface.name}",)


def note_undefined(group: Group, surface: Volatility, values: FloatArray) -> None:
    """Fail the rows (rows, states) whose value a lognormal surface does not define."""
    undefined = np.flatnonzero(np.isnan(values).any(axis=1))
    group.fail(
        undefined,
        Failure(
            "RATE_OUT_OF_RANGE",
            f"a rate or strike is not above {-surface.shift:g}, as {surface.model} volatility "
            f"{surface.name} needs",
        ),
    )
