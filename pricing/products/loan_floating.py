"""What a loan's terms say of a floating rate: index, margin, limits and resets."""

from __future__ import annotations

from dataclasses import dataclass

from pricing.batch import Names
from pricing.failure import Refused
from pricing.products import rate_options
from pricing.products.fields import declared
from pricing.products.rate_options import INTRINSIC, OPTION_MODELS, UNLIMITED
from pricing.products.rows import Row

DAILY_RATES = ("COMPOUNDED", "AVERAGED")
RESETS = ("ADVANCE", "ARREARS")
BY_INDEX = 2
"""Daily rates as the kind of the index has them: overnight compounded, prime averaged."""

COLUMNS = {
    "index": "i4",
    "margin": "f8",
    "index_floor": "f8",
    "index_cap": "f8",
    "rate_floor": "f8",
    "rate_cap": "f8",
    "options": "i4",
    "periodic_down": "f8",
    "periodic_up": "f8",
    "reset_payments": "i2",
    "fixed_payments": "i2",
    "current_known": "i1",
    "lag": "i1",
    "arrears": "i1",
    "lookback": "i1",
    "shifted": "i1",
    "rate_lockout": "i1",
    "averaged": "i1",
}


@dataclass(frozen=True, slots=True)
class FloatingRate:
    """A rate that follows an index; before the first reset the loan's `rate` is paid."""

    index: str = declared("text", "name of the index in the market, like SOFR or EURIBOR_3M")
    margin: float = declared("rate", "added to the index, annual, decimal", 0.0)
    margin_steps: tuple[tuple[int, float], ...] | None = declared(
        "steps", "[[date, margin], ...]: from the period that begins on the date on", None,
        low=-0.99, high=1.0, code="RATE_OUT_OF_RANGE",
    )  # fmt: skip
    index_floor: float | None = declared("rate", "least index rate, before the margin", None)
    index_cap: float | None = declared("rate", "highest index rate, before the margin", None)
    floor: float | None = declared("rate", "least rate over the life, margin included", None)
    cap: float | None = declared("rate", "highest rate over the life, margin included", None)
    option_model: str = declared(
        "choice", "whether limits are worth what they are in each market state, or time value too",
        INTRINSIC, choices=OPTION_MODELS,
    )  # fmt: skip
    volatility: str | None = declared(
        "text", "surface of VOLATILITY; absent: the only one of the index' currency", None
    )
    periodic_cap: float | None = declared(
        "rate", "most the rate may rise at a reset", None, low=0.0
    )
    periodic_floor: float | None = declared(
        "rate", "most the rate may fall at a reset; absent: as the periodic cap", None, low=0.0
    )
    fixed_payments: int = declared(
        "integer", "first payments at the loan's `rate`, before the first reset", 0, high=1200
    )
    reset_payments: int = declared(
        "integer", "payments between resets of a term rate", 1, low=1, high=1200
    )
    reset: str = declared(
        "choice", "whether a term rate is fixed before the period or at its end", "ADVANCE",
        choices=RESETS,
    )  # fmt: skip
    fixing_lag_days: int | None = declared(
        "integer", "business days from the fixing to the period; absent: the index's", None, high=30
    )
    daily_rates: str | None = declared(
        "choice", "how daily rates make a period's; absent: overnight compounded, prime averaged",
        None, choices=DAILY_RATES,
    )  # fmt: skip
    lookback_days: int = declared(
        "integer", "business days by which daily rates are read earlier", 0, high=30
    )
    observation_shift: bool = declared(
        "flag", "whether the weights of daily rates are moved with them", False
    )
    lockout_days: int = declared(
        "integer", "last business days of a period in which the rate before them goes on", 0,
        high=15,
    )  # fmt: skip


def is_periodic(floating: FloatingRate) -> bool:
    """Return whether a rate depends on the one before it."""
    return floating.periodic_cap is not None or floating.periodic_floor is not None


def surface(floating: FloatingRate) -> str:
    """Return the choice of volatility as it stands in a packed batch, "" for none."""
    return rate_options.surface(floating.option_model, floating.volatility, "terms.floating")


def row(floating: FloatingRate, names: Names) -> Row:
    """Return the columns of a floating rate; refuse limits that exclude each other."""
    index_floor, index_cap = _limits(
        floating.index_floor, floating.index_cap, "index_floor", "index_cap"
    )
    floor, cap = _limits(floating.floor, floating.cap, "floor", "cap")
    up = UNLIMITED if floating.periodic_cap is None else floating.periodic_cap
    # Absent, the limit of falls is that of rises.
    down = up if floating.periodic_floor is None else floating.periodic_floor
    if floating.reset == "ARREARS" and floating.reset_payments > 1:
        raise Refused(
            "TERMS_INVALID", "terms.floating.reset_payments: a rate set in arrears is of one period"
        )
    return {
        "index": names.code(floating.index),
        "margin": floating.margin,
        "index_floor": index_floor,
        "index_cap": index_cap,
        "rate_floor": floor,
        "rate_cap": cap,
        "options": names.code(surface(floating)),
        "periodic_down": down,
        "periodic_up": up,
        "reset_payments": floating.reset_payments,
        "fixed_payments": floating.fixed_payments,
        "lag": -1 if floating.fixing_lag_days is None else floating.fixing_lag_days,
        "arrears": RESETS.index(floating.reset),
        "lookback": floating.lookback_days,
        "shifted": floating.observation_shift,
        "rate_lockout": floating.lockout_days,
        "averaged": BY_INDEX
        if floating.daily_rates is None
        else DAILY_RATES.index(floating.daily_rates),
    }


def _limits(
    low: float | None, high: float | None, low_name: str, high_name: str
) -> tuple[float, float]:
    least = -UNLIMITED if low is None else low
    most = UNLIMITED if high is None else high
    if least > most:
        raise Refused(
            "RATE_OUT_OF_RANGE",
            f"terms.floating.{low_name}: {least:g} is above {high_name} {most:g}",
        )
    return least, most
