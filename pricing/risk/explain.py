"""The change of an amount between two runs, split into columns that add up to the last quantum."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from pricing.risk import arrays
from pricing.risk.arrays import FloatArray, IntArray
from pricing.risk.errors import RiskError

NEW, MATURED, AMENDED, RESIDUAL = "NEW", "MATURED", "AMENDED", "RESIDUAL"
STEPS = (
    "EVENTS",
    "CARRY",
    "ROLL_DOWN",
    "RATES",
    "SPREADS",
    "FX",
    "VOLATILITIES",
    "PREPAYMENT",
    "PARAMETERS",
)
"""The order in which inputs move from the opening run to the closing one. EVENTS: payments and
bookings between the runs leave the value. CARRY: time passes, forwards are realised. ROLL_DOWN:
time has passed, zero rates by time to maturity as they were. Then the closing market, part by
part, the prepayment model and all other parameters. The terms move last: AMENDED."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """Amounts of positions or nodes by column: opening + all columns = closing, in every row."""

    columns: tuple[str, ...]
    opening: IntArray
    amounts: IntArray
    closing: IntArray

    def column(self, name: str) -> IntArray:
        """Return one column."""
        if name not in self.columns:
            raise RiskError("UNKNOWN_FACTOR", name, "is no column of the explanation")
        return self.amounts[:, self.columns.index(name)]

    def change(self) -> IntArray:
        """Return closing less opening: the sum of the columns of each row."""
        total: IntArray = self.amounts.sum(axis=1)
        return total

    def pnl(self, cash: IntArray) -> IntArray:
        """Return the P&L of each row: its change of value and the cash it paid out meanwhile.

        `cash` is received net of paid, proceeds of sales and costs of purchases among it.
        """
        return self.change() + arrays.amounts(cash, "cash", 1)

    def rolled(self, node_of: IntArray, nodes: int) -> Explanation:
        """Return the explanation of nodes, each the sum of its rows; it adds up as they do."""
        if node_of.shape != self.opening.shape:
            raise RiskError("SHAPE", "node_of", f"{node_of.shape} for {self.opening.shape} rows")
        parts = [self.opening[:, None], self.amounts, self.closing[:, None]]
        rows = arrays.addable(np.hstack(parts), len(node_of), "explanation")
        sums = np.zeros((nodes, rows.shape[1]), dtype=np.int64)
        np.add.at(sums, node_of, rows)
        return Explanation(self.columns, sums[:, 0], sums[:, 1:-1], sums[:, -1])


def explained(
    opening: IntArray,
    steps: Mapping[str, IntArray],
    amended: IntArray,
    closing: IntArray,
    *,
    held_before: arrays.BoolArray,
    held_after: arrays.BoolArray,
    order: Sequence[str] = STEPS,
) -> Explanation:
    """Return what each step did to each position's amount (PV, DV01 or any other SUM measure).

    `steps[name]` is the amount with the inputs of that step and of all before it in `order` moved
    to the closing run, terms as at opening; a step that is not given moves nothing. `amended` has
    the closing terms too; the closing run's own figure may still differ: RESIDUAL. Positions held
    at one end only have the one column NEW or MATURED (their other rows are not read). The order
    decides which step a joint effect falls to; it is stored with the figures.
    """
    unknown = [name for name in steps if name not in order]
    if unknown:
        raise RiskError("UNKNOWN_FACTOR", unknown[0], "is no step of the order")
    path = [opening, *(steps[name] for name in order if name in steps), amended, closing]
    rows = [arrays.addable(arrays.amounts(row, "amounts", 1), 4, "amounts") for row in path]
    if len({row.shape for row in (*rows, held_before, held_after)}) != 1:
        raise RiskError("SHAPE", "steps", f"lengths {[len(row) for row in rows]}")
    stays = held_before & held_after
    taken = [name for name in order if name in steps]
    moves = np.where(stays, np.diff(np.stack(rows), axis=0), 0)
    columns = (NEW, MATURED, *taken, AMENDED, RESIDUAL)
    new = np.where(held_after & ~held_before, closing, 0)
    matured = np.where(held_before & ~held_after, -opening, 0)
    return Explanation(
        columns=columns,
        opening=np.where(held_before, opening, 0),
        amounts=np.stack([new, matured, *moves], axis=1),
        closing=np.where(held_after, closing, 0),
    )


def split(
    whole: Explanation, column: str, parts: Mapping[str, FloatArray], rest: str
) -> Explanation:
    """Return the explanation with one column split into estimated parts and the rest of it.

    For RATES by key rate: each part is -KEY_RATE_DV01 x move in bp, in quanta, rounded half to
    even; `rest` holds convexity, cross effects and the rounding, so that the parts and the rest
    are the column exactly.
    """
    total = whole.column(column)
    rounded = []
    for name, part in parts.items():
        if part.shape != total.shape:
            raise RiskError("SHAPE", name, f"{part.shape} for {total.shape} rows")
        if np.abs(arrays.finite(part, name)).max(initial=0.0) >= 2.0**62:
            raise RiskError("OUT_OF_RANGE", name, "does not fit 64 bits")
        rounded.append(np.rint(part).astype(np.int64))
    left = total - np.sum(rounded, axis=0, dtype=np.int64)
    at = whole.columns.index(column)
    names = (*whole.columns[:at], *parts, rest, *whole.columns[at + 1 :])
    pieces = np.stack([*rounded, left], axis=1)
    amounts = np.hstack([whole.amounts[:, :at], pieces, whole.amounts[:, at + 1 :]])
    return Explanation(names, whole.opening, amounts, whole.closing)
