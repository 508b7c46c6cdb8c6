"""What a run needs of the pricing library: its measures, its numeric profile, and a proof."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from pricing import currencies, profile
from pricing.key_rates import DEFAULT_KEY_RATE_TENORS
from pricing.measures import DEFAULT_MEASURES, MEASURES, FactorKind, measure

# Settings import this module, and NumPy only after the numeric profile is pinned: what needs NumPy
# is imported where it is called.

KEY_RATE_TENORS: tuple[str, ...] = DEFAULT_KEY_RATE_TENORS
"""The key rate tenors of a run that names none."""


def normal_measures(asked: Iterable[str]) -> tuple[str, ...]:
    """Return measures (`CODE`, `CODE@SCENARIO`) once each, in the order of the registry.

    `CODE/HORIZON` asks for one horizon of a measure that has them. The order they were asked in
    cannot change a number, so it must not change a hash. Nothing asked is the default list. An
    unknown code raises KeyError with it.
    """
    from pricing.axis import asked_cell

    order = {code: place for place, code in enumerate(MEASURES)}
    wanted = set(asked) or set(DEFAULT_MEASURES)
    cells = {asked_cell(text) for text in wanted}
    for cell in cells:
        if cell.measure not in order:
            raise KeyError(cell.measure)
    ordered = sorted(cells, key=lambda cell: (order[cell.measure], cell.scenario, cell.factor))
    return tuple(
        cell.measure
        + (f"/{cell.factor}" if cell.factor else "")
        + (f"@{cell.scenario}" if cell.scenario else "")
        for cell in ordered
    )


def has_factor(asked: str, valuation_date: dt.date) -> bool:
    """Return whether the factor that a measure is asked for, if any, is a horizon it has."""
    from pricing.axis import asked_cell
    from pricing.horizons import horizon_days

    cell = asked_cell(asked)
    horizon = measure(cell.measure).factor is FactorKind.HORIZON
    return not cell.factor or (horizon and horizon_days(cell.factor, valuation_date) is not None)


def is_currency(code: str) -> bool:
    """Return whether the library knows a currency of this code."""
    return currencies.is_currency(code)


def numeric_profile() -> str:
    """Return the numeric profile of this process: its kernel, libraries and CPU feature class."""
    return profile.name()


def pin_numeric_profile() -> None:
    """Fix the environment of the numeric profile; without effect once NumPy has been imported."""
    profile.pin()


def verify_numeric_profile() -> None:
    """Raise where this process does not compute the bits that are committed for its profile."""
    profile.verify()
