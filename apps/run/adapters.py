"""What a run needs of the pricing library: its measures, its numeric profile, and a proof."""

from __future__ import annotations

from collections.abc import Iterable

from pricing import currencies, profile
from pricing.key_rates import DEFAULT_KEY_RATE_TENORS
from pricing.measures import DEFAULT_MEASURES, MEASURES

KEY_RATE_TENORS: tuple[str, ...] = DEFAULT_KEY_RATE_TENORS
"""The key rate tenors of a run that names none."""


def normal_measures(asked: Iterable[str]) -> tuple[str, ...]:
    """Return measures (`CODE` or `CODE@SCENARIO`) once each, in the order of the registry.

    The order they were asked in cannot change a number, so it must not change a hash. Nothing
    asked is the default list. An unknown code raises KeyError with it.
    """
    order = {code: place for place, code in enumerate(MEASURES)}
    wanted = set(asked) or set(DEFAULT_MEASURES)
    split = [(text.partition("@")[0], text.partition("@")[2]) for text in wanted]
    for code, _ in split:
        if code not in order:
            raise KeyError(code)
    split.sort(key=lambda pair: (order[pair[0]], pair[1]))
    return tuple(f"{code}@{scenario}" if scenario else code for code, scenario in split)


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
