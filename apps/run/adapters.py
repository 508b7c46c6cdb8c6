"""What a run needs of the pricing library: its measures, its numeric profile, and a proof.

The settings import this module before they pin the numeric profile: what imports NumPy is
imported where it is used.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence

from pricing import currencies, profile
from pricing.cashflow.defaults import DEFAULT_BUCKETS, DEFAULT_HORIZON
from pricing.key_rates import DEFAULT_KEY_RATE_TENORS
from pricing.measures import (
    BRIDGE_MEASURES,
    DEFAULT_MEASURES,
    LADDER_MEASURES,
    MEASURES,
    FactorKind,
    measure,
)

KEY_RATE_TENORS: tuple[str, ...] = DEFAULT_KEY_RATE_TENORS
"""The key rate tenors of a run that names none."""


LADDER_BUCKETS: tuple[str, ...] = DEFAULT_BUCKETS
"""The buckets of the maturity ladder of a run that names none."""

HORIZON = DEFAULT_HORIZON
"""The horizon of the duration bridge of a run that names none."""

_LADDER = (*LADDER_MEASURES, *BRIDGE_MEASURES)


def normal_measures(asked: Iterable[str], cashflows: Iterable[str] = ()) -> tuple[str, ...]:
    """Return measures (`CODE`, `CODE@SCENARIO`) once each, in the order of the registry.

    `CODE/HORIZON` asks for one horizon of a measure that has them. The order they were asked in
    cannot change a number, so it must not change a hash. Nothing asked is the default list.
    `cashflows` adds the ladder and the bridge of scenarios. An unknown code raises KeyError with
    it.
    """
    from pricing.axis import asked_cell

    order = {code: place for place, code in enumerate(MEASURES)}
    wanted = set(asked) or set(DEFAULT_MEASURES)
    wanted |= {f"{code}@{scenario}" for scenario in cashflows for code in _LADDER}
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


def has_ladder(measures: Iterable[str]) -> bool:
    """Return whether measures ask for a maturity ladder or a duration bridge."""
    return any(text.partition("@")[0].partition("/")[0] in _LADDER for text in measures)


def ladder_faults(
    names: Sequence[str], horizon: str, valuation_date: dt.date
) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with buckets and horizon: the field, and the reason."""
    from pricing.cashflow import buckets
    from pricing.dates import ordinal

    day = ordinal(valuation_date)
    try:
        buckets.edges(names, day)
    except buckets.BucketError as error:
        yield "ladder_buckets", str(error)
    try:
        buckets.day_of(horizon, day)
    except buckets.BucketError as error:
        yield "horizon", str(error)


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
