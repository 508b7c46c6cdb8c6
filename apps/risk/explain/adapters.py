"""Between two runs and the pricing library: market moves, marks held, attribution of steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from pricing.axis import tenor_years
from pricing.batch import Column, Ragged
from pricing.market import snapshot
from pricing.market.errors import MarketError
from pricing.market.snapshot import Market
from pricing.products.loan_prepayment import COLUMNS as LOAN_COLUMNS
from pricing.products.pool_assumptions import COLUMNS as POOL_COLUMNS
from pricing.products.state import SPREAD_SOURCES
from pricing.risk import explain
from pricing.risk.explain import AMENDED, MATURED, NEW, RESIDUAL

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pricing.batch import Batch

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]

__all__ = ["AMENDED", "MATURED", "NEW", "RESIDUAL", "Explained", "MarketError", "Move"]

SPREAD_TENOR = "5Y"
"""The tenor at which moves of spread curves are shown."""

_BP = 1e-4
_MARK = SPREAD_SOURCES.index("MARK")
_MATRIX = SPREAD_SOURCES.index("MATRIX")
_OF_DEFAULTS = {"default", "default_speeds", "severity", "recovery_lag", "advances"}
_OF_OTHERS = {"lock_out", "penalty_until", "penalty_rate", "lockout", "refinancing_index"}
# An index is a number in the names of its own snapshot: it moves with the terms.
_PREPAYMENT = (set(LOAN_COLUMNS) | set(POOL_COLUMNS)) - _OF_DEFAULTS - _OF_OTHERS


@dataclass(frozen=True, slots=True)
class Move:
    """What one factor of the market was and is: zero rates and spreads in decimals, FX quotes."""

    kind: str
    factor: str
    opening: float
    closing: float


@dataclass(frozen=True, slots=True)
class Explained:
    """Integer amounts (rows, columns) whose sum is closing less opening in every row."""

    columns: tuple[str, ...]
    opening: Ints
    amounts: Ints
    closing: Ints


def explained(
    opening: Ints,
    steps: Mapping[str, Ints],
    amended: Ints,
    closing: Ints,
    held: tuple[Bools, Bools],
    parts: Mapping[str, Mapping[str, Floats]],
) -> Explained:
    """Return the attribution of positions; `parts` splits steps into estimates and their rest.

    `steps[name]` is the amount with the inputs up to that step moved, in the order of the mapping.
    """
    found = explain.explained(
        opening, steps, amended, closing,
        held_before=held[0], held_after=held[1], order=tuple(steps),
    )  # fmt: skip
    for name, estimates in parts.items():
        found = explain.split(found, name, estimates, f"{name}/REST")
    return Explained(found.columns, found.opening, found.amounts, found.closing)


def market(document: Mapping[str, Any]) -> Market:
    """Return the market of a document; MarketError names the place of what is wrong."""
    return snapshot.parse(document)


def rate_moves(before: Market, after: Market, tenors: Sequence[str]) -> dict[str, Floats]:
    """Return by currency the move in basis points of the discount curve's zero rate at tenors.

    Time runs from each market's own day. A currency that has no discount curve in both is left
    out.
    """
    years = np.array(tenor_years(tenors))
    found: dict[str, Floats] = {}
    for currency in sorted(set(before.discount) & set(after.discount)):
        zeros = [each.curves[each.discount[currency]].zero_rates(years) for each in (before, after)]
        found[currency] = (zeros[1] - zeros[0]) / _BP
    return found


def moves(before: Market, after: Market, tenors: Sequence[str]) -> list[Move]:
    """Return what the factors that both markets have were and are, and that differ.

    Zero rates of every curve at the key rate tenors, spreads of every curve at 5 years, FX quotes.
    """
    years = np.array(tenor_years(tenors))
    found = []
    for name in sorted(set(before.curves) & set(after.curves)):
        pairs = zip(
            before.curves[name].zero_rates(years), after.curves[name].zero_rates(years), strict=True
        )
        found += [
            Move("RATE", f"{name}/{tenor}", float(was), float(now))
            for tenor, (was, now) in zip(tenors, pairs, strict=True)
        ]
    at = np.array(tenor_years([SPREAD_TENOR]))
    for key in sorted(set(before.spreads.curves) & set(after.spreads.curves)):
        was, now = (each.spreads.curves[key].at(at)[0] for each in (before, after))
        found.append(Move("SPREAD", "/".join((*key, SPREAD_TENOR)), float(was), float(now)))
    quotes = [{(q.base, q.quote): q.rate for q in each.fx} for each in (before, after)]
    for base, quote in sorted(set(quotes[0]) & set(quotes[1])):
        was, now = (each[base, quote] for each in quotes)
        found.append(Move("FX", f"{base}{quote}", float(was), float(now)))
    return [move for move in found if move.opening != move.closing]


def marked(batch: Batch) -> Bools:
    """Return the rows whose own spread is solved from a mark."""
    if "spread_source" not in batch.columns:
        return np.zeros(len(batch), dtype=np.bool_)
    return np.asarray(batch.column("spread_source") == _MARK)


def held_marks(batch: Batch, spread: Floats) -> Batch:
    """Return the batch with the spreads that its marks gave, over the matrix, as its own.

    Priced on another market a mark would be met again: the residual is what is held.
    """
    rows = marked(batch)
    if not rows.any():
        return batch
    source = np.array(batch.column("spread_source"))
    own = batch.floats("spread")
    source[rows], own[rows] = _MATRIX, spread[rows]
    return replace(batch, columns={**batch.columns, "spread_source": source, "spread": own})


def with_prepayment(batch: Batch, other: Batch) -> Batch:
    """Return the batch with the prepayment assumptions of the same positions in another batch."""
    if batch.product_type != other.product_type or "prepayment" not in batch.columns:
        return batch
    names = _PREPAYMENT & set(batch.columns) & set(other.columns)
    changed = {n: other.columns[n] for n in names if not _same(batch.columns[n], other.columns[n])}
    return replace(batch, columns={**batch.columns, **changed}) if changed else batch


def _same(one: Column, other: Column) -> bool:
    if isinstance(one, Ragged) and isinstance(other, Ragged):
        return np.array_equal(np.diff(one.offsets), np.diff(other.offsets)) and np.array_equal(
            one.values, other.values
        )
    return bool(np.array_equal(np.asarray(one), np.asarray(other), equal_nan=_floats(one)))


def _floats(column: Column) -> bool:
    return not isinstance(column, Ragged) and column.dtype.kind == "f"
