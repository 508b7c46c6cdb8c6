"""Cells of the maturity ladder and of the duration bridge, from the flows that a pricer values.

A pricer hands over what its rows pay in the scenarios that ask for a ladder, part by part and
undiscounted; runs that ask for none pay nothing. docs/methods/ladder.md, duration_bridge.md.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pricing.cashflow import bridge, buckets, rounding
from pricing.kernel import sequential
from pricing.measures import BRIDGE_MEASURES, LADDER_MEASURES
from pricing.pricers import debt, own_spread
from pricing.pricers.cells import Cells
from pricing.pricers.debt import DebtContext
from pricing.scenarios.market_states import StateSet, plain
from pricing.scenarios.states import States

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
Int32Array = npt.NDArray[np.int32]
IntpArray = npt.NDArray[np.intp]

_ASKED = frozenset((*LADDER_MEASURES, *BRIDGE_MEASURES))


@dataclass(frozen=True, slots=True)
class Paid:
    """What rows pay, parts (flows, 1 or scenarios); row i owns [offsets[i], offsets[i + 1]).

    `scheduled` is negative where more is drawn than repaid. `contractual` is the principal that
    the contract repays without prepayment, default or drawing, None where there is no such thing.
    """

    days: IntArray
    offsets: Int32Array
    interest: FloatArray
    scheduled: FloatArray
    prepaid: FloatArray | None = None
    recovered: FloatArray | None = None
    contractual: FloatArray | None = None

    @property
    def width(self) -> int:
        """Return how many scenarios the widest part has a column for, 1 where all share theirs."""
        parts = (self.interest, self.scheduled, self.prepaid, self.recovered, self.contractual)
        return max(int(part.shape[1]) for part in parts if part is not None)

    @property
    def repaid(self) -> FloatArray:
        """Return principal of all kinds, less drawings."""
        total = self.scheduled
        for part in (self.prepaid, self.recovered):
            total = total if part is None else total + part
        return total


def scenarios(cells: Cells) -> tuple[str, ...]:
    """Return the scenarios that ask for a ladder or a bridge, in the order of the axis."""
    asked = (cell.scenario for cell in cells.axis.cells if cell.measure in _ASKED)
    return tuple(dict.fromkeys(asked))


def states_of(cells: Cells, states: States, currency: str = "") -> StateSet:
    """Return the market states of the scenarios that ask for a ladder or a bridge."""
    return plain(currency, [states.places[code] for code in scenarios(cells)])


def put(
    paid: Paid,
    outstanding: FloatArray,
    spread: FloatArray,
    sign: FloatArray,
    found: DebtContext,
    states: States,
    cells: Cells,
) -> None:
    """Write the ladders and bridges of rows sorted by pool, before the cells take their signs.

    `outstanding`, own `spread` and `sign` are (rows,).
    """
    codes = scenarios(cells)
    if paid.width == 1:
        # The flows are those of every scenario: one table for all.
        _put_ladders(paid, codes, outstanding, sign, states, cells)
    else:
        for place, code in enumerate(codes):
            _put_ladders(_state(paid, place), (code,), outstanding, sign, states, cells)
    if cells.needs(*BRIDGE_MEASURES):
        _put_bridges(paid, codes, spread, found, states, cells)


def _state(paid: Paid, place: int) -> Paid:
    """Return the flows of one scenario, parts (flows, 1)."""

    def column(part: FloatArray | None) -> FloatArray | None:
        return part if part is None or part.shape[1] == 1 else part[:, place : place + 1]

    interest, scheduled = column(paid.interest), column(paid.scheduled)
    assert interest is not None
    assert scheduled is not None
    return Paid(
        paid.days, paid.offsets, interest, scheduled, column(paid.prepaid),
        column(paid.recovered), column(paid.contractual),
    )  # fmt: skip


def _put_ladders(
    paid: Paid,
    codes: tuple[str, ...],
    outstanding: FloatArray,
    sign: FloatArray,
    states: States,
    cells: Cells,
) -> None:
    names = buckets.names(cells.axis.ladder_buckets)
    ends = buckets.edges(cells.axis.ladder_buckets, states.day)
    bucket = buckets.places(ends, paid.days)
    owner = np.repeat(np.arange(len(outstanding)), np.diff(paid.offsets))
    principal, interest = paid.repaid[:, 0], paid.interest[:, 0]
    contract = paid.contractual[:, 0] if paid.contractual is not None else None
    owed = sign[owner] < 0.0
    # Of what is owed the flows are ours to pay and drawings come in.
    paying = np.where(owed, -(np.maximum(principal, 0.0) + interest), -np.minimum(principal, 0.0))
    amounts = {
        "LADDER_CONTRACTUAL": contract,
        "LADDER_PRINCIPAL": principal,
        "LADDER_INTEREST": interest,
        "LADDER_DRAWS": -np.minimum(principal, 0.0),
        "LADDER_OUTFLOWS": paying,
        "LADDER_TIME": (principal + interest) * (paid.days / 365.0),
    }
    for measure, flows in amounts.items():
        at = [
            (cell.factor, place)
            for place, cell in enumerate(cells.axis.cells)
            if cell.measure == measure and cell.scenario in codes
        ]
        if not at or flows is None:
            continue
        # A flow is a row of the table that its bucket alone is not zero in: the sum of a bucket
        # runs over the row's own flows in date order, whatever the other rows are.
        width = len(names)
        flat = np.bincount(owner * width + bucket, flows, minlength=len(outstanding) * width)
        table = flat.reshape(-1, width)
        columns: dict[str, FloatArray] = {
            name: table[:, at_bucket].astype(np.float64) for at_bucket, name in enumerate(names)
        }
        if any(name == buckets.NOT_PROJECTED for name, _ in at):
            moved = np.bincount(owner, np.abs(flows), minlength=len(outstanding))
            size = np.asarray(np.abs(outstanding) + moved, dtype=np.float64)
            rest = rounding.without_noise(outstanding - table.sum(axis=1), size)
            columns[buckets.NOT_PROJECTED] = rest
        for name, place in at:
            cells.values[cells.rows, place] = columns[name]


def _put_bridges(
    paid: Paid,
    codes: tuple[str, ...],
    spread: FloatArray,
    found: DebtContext,
    states: States,
    cells: Cells,
) -> None:
    ahead = buckets.day_of(cells.axis.bridge_horizon, states.day) - states.day
    horizon = ahead / 365.0
    rows = cells.rows
    owner = np.repeat(np.arange(len(rows)), np.diff(paid.offsets))
    own = own_spread.to_settlement(spread[owner], found, rows[owner], paid.days)
    growth = own_spread.to_settlement(spread, found, rows, np.full(len(rows), ahead))
    wanted = {
        (cell.measure, cell.scenario, cell.factor): place
        for place, cell in enumerate(cells.axis.cells)
        if cell.measure in BRIDGE_MEASURES
    }
    for begin, end, pool in debt.pools(found, rows):
        flows = slice(int(paid.offsets[begin]), int(paid.offsets[end]))
        offsets = paid.offsets[begin : end + 1] - paid.offsets[begin]
        years = paid.days[flows] / 365.0
        here = plain(pool.currency, [states.places[code] for code in codes])
        factors = states.state_discount(pool.curve, pool.spread_class, years, here)
        factors /= own[flows, None]
        at = np.array([horizon])
        then = states.state_discount(pool.curve, pool.spread_class, at, here)
        grown = growth[begin:end, None][owner[flows] - begin] / then
        values, times = bridge.steps(_parts(paid, flows), factors, grown, years, horizon)
        slots = np.arange(len(years), dtype=np.int32)
        ones = np.ones(len(years))
        for measure, made in zip(BRIDGE_MEASURES, (values, times), strict=True):
            for step, name in enumerate(bridge.STEPS):
                table = np.ascontiguousarray(made[step])
                sums = sequential(ones, slots, offsets, table)
                for column, code in enumerate(codes):
                    place = wanted.get((measure, code, name))
                    if place is not None:
                        cells.values[rows[begin:end], place] = sums[:, column]


def _parts(paid: Paid, flows: slice) -> dict[str, FloatArray]:
    scheduled = paid.scheduled[flows]
    nothing = np.zeros((len(scheduled), 1))
    return {
        "INTEREST": paid.interest[flows],
        "SCHEDULED": np.maximum(scheduled, 0.0),
        "PREPAYMENT": nothing if paid.prepaid is None else paid.prepaid[flows],
        "DEFAULT": nothing if paid.recovered is None else paid.recovered[flows],
        "DRAWS": np.minimum(scheduled, 0.0),
    }
