"""From the moves of a history to scenario documents."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt

from pricing.market.plain import plain
from pricing.scenarios import historical
from pricing.scenarios.historical import FxFactor, HistoryError, Moves, Window
from pricing.scenarios.history import CLASSES, Factor, History, with_zero_rates, within
from pricing.scenarios.shocks import Mode

FloatArray = npt.NDArray[np.float64]

FORMAT = "tieout.scenario/1"
CURVE, CURRENCY = RATES_MOVE = ("CURVE", "CURRENCY")
"""What the moves of a curve are of: that curve alone, or every curve of its currency."""

DIGITS = 12
"""Decimals of a shock: a hundred-millionth of a basis point."""


@dataclass(frozen=True, slots=True)
class Made:
    """The scenarios in order of the day they end on, and what was taken: the basis of the set."""

    scenarios: tuple[dict[str, Any], ...]
    basis: dict[str, Any]


def scenarios(
    history: History,
    window: Window,
    returns: Mapping[str, Mode],
    currency: str,
    *,
    rates_move: str = CURVE,
) -> Made:
    """Return a scenario for every move of a history, and the basis that says how they were made.

    `returns` gives for each class (RATES, SPREADS, FX, VOLATILITIES) how moves are taken. Rates
    are moves of zero rates by tenor; FX of the value of each currency in `currency`. A relative
    move of a spread applies to its level on the last complete day: spread shocks are absolute.
    With `rates_move` CURVE a curve moves alone; with CURRENCY all curves of its currency move as
    it does, and a currency with two curves in the history is refused.
    """
    if rates_move not in RATES_MOVE:
        raise HistoryError("rates_move", f"one of {', '.join(RATES_MOVE)}", "UNKNOWN_FACTOR")
    if rates_move == CURRENCY:
        _refuse_two_curves(history)
    for kind in returns:
        if kind not in CLASSES.values():
            known = ", ".join(sorted(set(CLASSES.values())))
            raise HistoryError(kind, f"not a class of factors: {known}", "UNKNOWN_FACTOR")
    inside = with_zero_rates(within(history, window.first, window.last))
    factors, levels = _in_currency(inside, currency)
    modes = [historical.key(returns, factor.kind) for factor in factors]
    names = [factor.name for factor in factors]
    found = historical.moves(names, modes, inside.days, levels, window)
    made = tuple(
        _scenario(factors, modes, levels[found.anchor], found, at, inside.days, rates_move)
        for at in range(len(found.end))
    )
    return Made(made, _basis(inside, factors, window, returns, currency, found, rates_move))


def _refuse_two_curves(history: History) -> None:
    curves: dict[str, str] = {}
    for at in history.places("RATES"):
        one = history.factors[at]
        name = curves.setdefault(one.label("currency"), one.label("name"))
        if name != one.label("name"):
            raise HistoryError(
                one.name, f"{one.label('currency')} has the curve {name} too", "FACTOR_TWICE"
            )


def _in_currency(history: History, currency: str) -> tuple[list[Factor], FloatArray]:
    """Return factors and levels with FX rates as values of currencies in one."""
    fx = history.places("FX")
    others = [at for at in range(len(history.factors)) if at not in fx]
    factors = [history.factors[at] for at in others]
    levels = history.levels[:, others]
    if fx:
        pairs = [
            FxFactor(history.factors[at].label("base"), history.factors[at].label("quote"))
            for at in fx
        ]
        try:
            names, values = historical.values_in(currency, pairs, history.levels[:, fx])
        except ValueError as error:
            raise HistoryError("FX", str(error), "FX_NOT_CROSSED") from None
        labels = [(("base", name), ("quote", currency)) for name in names]
        factors += [Factor("FX", label) for label in labels]
        levels = np.concatenate([levels, values], axis=1)
    return factors, levels


def _scenario(
    factors: Sequence[Factor],
    modes: Sequence[Mode],
    anchor: FloatArray,
    found: Moves,
    at: int,
    days: Sequence[dt.date],
    rates_move: str,
) -> dict[str, Any]:
    sizes = found.sizes[at]
    begin, end = days[int(found.begin[at])], days[int(found.end[at])]
    shocks: list[dict[str, Any]] = []
    curves: dict[tuple[str, Mode], list[tuple[int, list[str]]]] = {}
    for number, factor in enumerate(factors):
        size = float(sizes[number])
        if factor.kind == "RATES":
            tenor = factor.label("tenor")
            months = int(tenor[:-1]) * (12 if tenor[-1] == "Y" else 1)
            narrow_to = factor.label("currency" if rates_move == CURRENCY else "name")
            curve = curves.setdefault((narrow_to, modes[number]), [])
            curve.append((months, [tenor, _text(size)]))
        elif factor.kind == "SPREADS":
            if modes[number] is Mode.RELATIVE:
                size *= float(anchor[number])
            narrow = {k: factor.label(k) for k in ("rating", "sector") if factor.label(k)}
            shocks.append(
                {
                    "risk": "SPREAD",
                    "size": _text(size),
                    "currency": factor.label("currency"),
                    **narrow,
                }
            )
        elif factor.kind == "FX":
            shocks.append(
                {
                    "risk": "FX",
                    "currency": factor.label("base"),
                    "size": _text(size),
                    "mode": str(modes[number]),
                }
            )
        else:
            shocks.append(
                {
                    "risk": "VOLATILITY",
                    "volatility": factor.label("name"),
                    "size": _text(size),
                    "mode": str(modes[number]),
                }
            )
    rates = [
        {
            "risk": "RATE",
            "currency" if rates_move == CURRENCY else "curve": name,
            "mode": str(mode),
            "tenors": [pair for _, pair in sorted(nodes)],
        }
        for (name, mode), nodes in curves.items()
    ]
    return {
        "format": FORMAT,
        "code": f"H{end:%Y%m%d}",
        "name": f"Moves from {begin} to {end}",
        "kind": "INSTANT",
        "shocks": [*rates, *shocks],
    }


def _text(size: float) -> str:
    return plain(Decimal(f"{size:.{DIGITS}f}")) if round(size, DIGITS) else "0"


def _basis(
    history: History,
    factors: Sequence[Factor],
    window: Window,
    returns: Mapping[str, Mode],
    currency: str,
    found: Moves,
    rates_move: str,
) -> dict[str, Any]:
    return {
        "kind": "HISTORICAL",
        "rates_move": rates_move,
        "from": window.first.isoformat(),
        "to": window.last.isoformat(),
        "first_day": history.days[int(found.begin[0])].isoformat(),
        "last_day": history.days[int(found.end[-1])].isoformat(),
        "anchor_day": history.days[found.anchor].isoformat(),
        "horizon_days": window.horizon_days,
        "overlapping": bool(window.overlapping) and window.horizon_days > 1,
        "missing_days": str(window.missing),
        "moves_skipped": found.skipped,
        "demeaned": window.demean,
        "returns": {kind: str(mode) for kind, mode in sorted(returns.items())},
        "currency": currency,
        "factors": [factor.name for factor in factors],
        "days": len(history.days),
        "scenarios": len(found.end),
    }
