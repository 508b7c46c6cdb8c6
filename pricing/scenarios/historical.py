"""Historical scenarios: the moves of dated levels over a horizon, as shocks of today's market.

A move is taken between two days of the history that are `horizon_days` of its days apart, and is
named by the day it ends on. Moves are never bridged over a day that lacks a level: SKIP leaves out
those that begin or end on such a day, REFUSE names the first one.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from pricing.scenarios.shocks import Mode

FloatArray = npt.NDArray[np.float64]
IntpArray = npt.NDArray[np.intp]


class MissingDays(StrEnum):
    """What becomes of moves that begin or end on a day without all levels."""

    SKIP = "SKIP"
    REFUSE = "REFUSE"


class HistoryError(ValueError):
    """A history cannot give the moves asked for; the message names factor and day."""

    def __init__(self, place: str, message: str, code: str = "HISTORY_INVALID") -> None:
        super().__init__(f"{place}: {message}")
        self.place, self.message, self.code = place, message, code


@dataclass(frozen=True, slots=True)
class Window:
    """Which moves are taken: both days inclusive, and how horizons of several days follow.

    `overlapping` must be said where the horizon is longer than a day: True takes a move from
    every day, and neighbours share days; False takes one after the other.
    """

    first: dt.date
    last: dt.date
    horizon_days: int = 1
    overlapping: bool | None = None
    missing: MissingDays = MissingDays.REFUSE
    demean: bool = False


@dataclass(frozen=True, slots=True)
class Moves:
    """Moves (n, factors) with the places of the days they begin and end on.

    `skipped` counts the moves that a missing level has cost, `anchor` is the place of the last
    day of the window that has every level.
    """

    begin: IntpArray
    end: IntpArray
    sizes: FloatArray
    skipped: int
    anchor: int


def moves(
    factors: Sequence[str],
    modes: Sequence[Mode],
    days: Sequence[dt.date],
    levels: FloatArray,
    window: Window,
) -> Moves:
    """Return the moves of levels (days, factors) in a window; NaN is a missing level.

    ABSOLUTE moves are later - earlier, RELATIVE ones later / earlier - 1, less their mean over
    the moves where `demean` is asked.
    """
    if window.horizon_days < 1:
        raise HistoryError("horizon_days", "a number of days of at least 1 is expected")
    if window.horizon_days > 1 and window.overlapping is None:
        raise HistoryError(
            "horizon_days",
            f"say whether moves of {window.horizon_days} days overlap or follow one another",
            "OVERLAP_UNSTATED",
        )
    inside = [at for at, day in enumerate(days) if window.first <= day <= window.last]
    if len(inside) <= window.horizon_days:
        raise HistoryError(
            "window",
            f"{len(inside)} days from {window.first} to {window.last}, "
            f"a move takes {window.horizon_days + 1}",
            "TOO_FEW_DAYS",
        )
    complete = _complete(factors, days, levels, inside, window.missing)
    step = 1 if window.overlapping or window.horizon_days == 1 else window.horizon_days
    begin = np.array(inside[: -window.horizon_days : step], dtype=np.intp)
    end = begin + window.horizon_days
    kept = complete[begin] & complete[end]
    skipped = int((~kept).sum())
    begin, end = begin[kept], end[kept]
    if not len(begin):
        raise HistoryError("window", "no move has all its levels", "TOO_FEW_DAYS")
    sizes = _sizes(factors, modes, days, levels, begin, end)
    if window.demean:
        sizes = sizes - sizes.mean(axis=0)
    anchor = max(at for at in inside if complete[at])
    return Moves(begin, end, sizes, skipped, anchor)


def _complete(
    factors: Sequence[str],
    days: Sequence[dt.date],
    levels: FloatArray,
    inside: Sequence[int],
    missing: MissingDays,
) -> npt.NDArray[np.bool_]:
    """Return (days,): whether a day has every level; a factor that begins later is refused."""
    absent = np.isnan(levels)
    for number, factor in enumerate(factors):
        # A factor without a first level is not yet quoted: that is no missing day, and nothing
        # may be filled in backwards.
        known = np.flatnonzero(~absent[inside, number])
        if not len(known):
            raise HistoryError(factor, "no level in the window", "HISTORY_INCOMPLETE")
        first = inside[int(known[0])]
        if int(known[0]) > _LATE:
            raise HistoryError(
                factor,
                f"begins on {days[first]}, the window on {days[inside[0]]}",
                "HISTORY_INCOMPLETE",
            )
    if missing is MissingDays.REFUSE:
        for at in inside:
            gaps = np.flatnonzero(absent[at])
            if len(gaps):
                raise HistoryError(
                    factors[int(gaps[0])], f"no level on {days[at]}", "HISTORY_INCOMPLETE"
                )
    return np.asarray(~absent.any(axis=1))


_LATE = 5
"""Days of a window that a factor may lack at its beginning: a holiday, not a later start."""


def _sizes(
    factors: Sequence[str],
    modes: Sequence[Mode],
    days: Sequence[dt.date],
    levels: FloatArray,
    begin: IntpArray,
    end: IntpArray,
) -> FloatArray:
    sizes = levels[end] - levels[begin]
    for number, mode in enumerate(modes):
        if mode is Mode.ABSOLUTE:
            continue
        earlier = levels[begin, number]
        wrong = np.flatnonzero(~(earlier > 0.0))
        if len(wrong):
            day = days[int(begin[int(wrong[0])])]
            raise HistoryError(
                factors[number],
                f"a relative move from {earlier[int(wrong[0])]:.6g} on {day} has no meaning",
                "LEVEL_NOT_POSITIVE",
            )
        sizes[:, number] = levels[end, number] / earlier - 1.0
    return sizes


@dataclass(frozen=True, slots=True)
class FxFactor:
    """A rate of a history: units of `quote` for one `base`."""

    base: str
    quote: str


def values_in(
    currency: str, pairs: Sequence[FxFactor], rates: FloatArray
) -> tuple[tuple[str, ...], FloatArray]:
    """Return what a unit of each other currency is worth in one, (days, currencies).

    Every pair has one currency in common, through which the others are crossed; ValueError says
    that it has not. A day without the rates of a cross has no value (NaN).
    """
    common = {pairs[0].base, pairs[0].quote} if pairs else set()
    for pair in pairs:
        common &= {pair.base, pair.quote}
    if not common:
        raise ValueError("the rates have no currency in common")
    through = min(common - {currency}) if len(common) > 1 else min(common)
    worth: dict[str, FloatArray] = {through: np.ones(len(rates))}
    for number, pair in enumerate(pairs):
        other = pair.quote if pair.base == through else pair.base
        worth[other] = 1.0 / rates[:, number] if pair.base == through else rates[:, number]
    if currency not in worth:
        raise ValueError(f"there is no rate of {currency}")
    names = tuple(sorted(name for name in worth if name != currency))
    return names, np.stack([worth[name] / worth[currency] for name in names], axis=1)


def key(mapping: Mapping[str, Mode], kind: str) -> Mode:
    """Return how moves of a class of factors are taken, or raise HistoryError naming it."""
    found = mapping.get(kind)
    if found is None:
        raise HistoryError(kind, "say ABSOLUTE or RELATIVE for this class", "RETURNS_UNSTATED")
    return found
