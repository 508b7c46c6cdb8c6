"""How the nodes of built curves move with the quotes of all curves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from pricing.market.bootstrap.system import Built, System

FloatArray = npt.NDArray[np.float64]

STEP = 1e-4
"""Quotes are moved by 1bp each way and the curves rebuilt: a central difference."""


def jacobians(system: System) -> dict[str, dict[str, FloatArray]]:
    """Return by curve, by curve of the quotes, (nodes, quotes): zero rate by quoted unit.

    A curve has an entry for itself and for every curve that it was built on. The unit of a quote
    is that of the rate, spread or FX rate it states; a bond's is its yield, a futures' 100 - price.
    A curve whose nodes are given has one column: a parallel shift of them.
    """
    out: dict[str, dict[str, FloatArray]] = {name: {} for name in system.built}
    live = {
        name: [(made.quote, made.unit) for made in curve.instruments]
        for name, curve in system.built.items()
    }
    live |= {name: [(quote, 1.0)] for name, quote in system.parallel.items()}
    for source, quotes in live.items():
        reached = [curve for curve in system.built.values() if _reaches(source, curve, system)]
        moves = [_moves(quote, STEP * unit, reached) for quote, unit in quotes]
        for place, curve in enumerate(reached):
            out[curve.asked.name][source] = np.stack([move[place] for move in moves], axis=1)
    return out


def _moves(quote: Any, step: float, curves: Sequence[Built]) -> list[FloatArray]:
    """Return the derivative of each curve's nodes by a quote."""
    before = quote.value()
    quote.setValue(before + step)
    up = [curve.zeros() for curve in curves]
    quote.setValue(before - step)
    down = [curve.zeros() for curve in curves]
    quote.setValue(before)
    return [(high - low) / (2.0 * STEP) for high, low in zip(up, down, strict=True)]


def _reaches(source: str, curve: Built, system: System) -> bool:
    """Return whether a curve depends on the quotes of another, by way of any others."""
    waiting, seen = [curve.asked.name], set[str]()
    while waiting:
        name = waiting.pop()
        if name == source:
            return True
        if name in seen or name not in system.built:
            continue
        seen.add(name)
        waiting.extend(system.built[name].asked.needs)
    return False
