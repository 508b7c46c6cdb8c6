"""What loans and bonds share: curve, spread and FX of each row, and the cells flows do not make."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pricing.batch import Batch
from pricing.failure import Failure
from pricing.grouping import combine
from pricing.kernel import Kernel, sequential
from pricing.market.spreads import SpreadCurve
from pricing.pricers.cells import Cells
from pricing.pricers.discounting import discount
from pricing.pricers.flows import Flows
from pricing.pricers.projection import Leg
from pricing.products.rows import refusals
from pricing.products.state import SPREAD_SOURCES
from pricing.scenarios.columns import Column, Operator
from pricing.scenarios.states import States

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
IntpArray = npt.NDArray[np.intp]

SUPPLIED = SPREAD_SOURCES.index("SUPPLIED")
MATRIX = SPREAD_SOURCES.index("MATRIX")
MARK = SPREAD_SOURCES.index("MARK")
UNSHOCKED = 0
"""The class of spread shocks that nothing belongs to: discount factors of the curve alone."""


@dataclass(frozen=True, slots=True)
class Pool:
    """Rows that are discounted alike: one currency, curve and class of spread shocks."""

    currency: str
    curve: str
    spread_class: int


@dataclass(frozen=True, slots=True)
class DebtContext:
    """Per row of a batch: pool, spread curve, and what it depends on.

    `pool` (rows,) is a place in `pools`, -1 where the row failed; `spread_curve` a place in
    `spread_curves`, -1 where the row's spread is its own. `failures` by row.
    """

    pool: IntArray
    pools: tuple[Pool, ...]
    spread_curve: IntArray
    spread_curves: tuple[SpreadCurve, ...]
    dependencies: IntArray
    dependency_names: tuple[tuple[str, ...], ...]
    failures: dict[int, Failure]


Uses = Callable[..., tuple[str, ...] | Failure]
"""What a row needs of the market beside: by the states, its currency and names in its columns."""


def context(
    batch: Batch,
    states: States,
    column: str | tuple[str, ...] = "curve",
    uses: Uses | None = None,
) -> DebtContext:
    """Return what each row of a batch of loans or bonds is discounted with.

    `uses` gives what the names in `column` depend on, or why a row cannot have them.
    """
    failures = refusals(batch)
    names = batch.names
    source = batch.column("spread_source")
    columns = [batch.column(name) for name in ("currency", "curve", "rating", "sector")]
    refused = batch.column("refusal") != 0
    curved = (source == MATRIX) | (source == MARK)
    more_columns = [batch.column(one) for one in ((column,) if isinstance(column, str) else column)]
    sample, row = combine(*columns, curved, refused, *more_columns)
    pools: dict[Pool, int] = {}
    curves: dict[str, tuple[int, SpreadCurve]] = {}
    dependencies: dict[tuple[str, ...], int] = {(): 0}
    group_pool = np.full(len(sample), -1, dtype=np.int64)
    group_curve = np.full(len(sample), -1, dtype=np.int64)
    group_dependency = np.zeros(len(sample), dtype=np.int64)
    group_failure: dict[int, Failure] = {}
    for group, at in enumerate(sample):
        if refused[at]:
            continue
        currency, named, rating, sector = (names.text(int(column[at])) for column in columns)
        found = _discounting(states, currency, named)
        if isinstance(found, Failure):
            group_failure[group] = found
            continue
        curve, used = found
        if uses is not None:
            more = uses(states, currency, *(names.text(int(one[at])) for one in more_columns))
            if isinstance(more, Failure):
                group_failure[group] = more
                continue
            used = (*used, *(name for name in more if name not in used))
        if curved[at]:
            spread = states.market.spreads.find(currency, rating, sector)
            if spread is None:
                group_failure[group] = Failure(
                    "SPREAD_MISSING",
                    f"no spread curve for {currency}, rating {rating or 'none'}, "
                    f"sector {sector or 'none'}",
                )
                continue
            group_curve[group] = curves.setdefault(spread.name, (len(curves), spread))[0]
            used = (*used, spread.name)
        spread_class = states.spread_classes.of((currency, rating, sector))
        pool = Pool(currency, curve, spread_class)
        group_pool[group] = pools.setdefault(pool, len(pools))
        group_dependency[group] = dependencies.setdefault(used, len(dependencies))
    if group_failure:
        failed = np.isin(row, list(group_failure))
        for at in np.flatnonzero(failed):
            failures[int(at)] = group_failure[int(row[at])]
    return DebtContext(
        group_pool[row],
        tuple(pools),
        group_curve[row],
        tuple(curve for _, curve in curves.values()),
        group_dependency[row],
        tuple(dependencies),
        failures,
    )


def _discounting(
    states: States, currency: str, named: str
) -> tuple[str, tuple[str, ...]] | Failure:
    curve = states.curve_for(currency, named)
    if curve is None:
        return Failure("UNKNOWN_CURVE", f"the market has no curve {named or 'for ' + currency}")
    if curve.currency != currency:
        return Failure("CURVE_CURRENCY", f"curve {curve.name} is in {curve.currency}")
    if states.fx_value(currency) is None:
        run = states.axis.run_currency
        return Failure("FX_MISSING", f"the market has no rate from {currency} to {run}")
    used = [f"curve/{curve.name}", *states.fx_quotes(currency)]
    if not named:
        used.append(f"discount/{currency}")
    if f"settlement/{currency}" in states.market.hashes:
        used.append(f"settlement/{currency}")
    return curve.name, tuple(used)


def any_marked(batch: Batch, rows: IntpArray) -> bool:
    """Return whether a row's spread is to be solved from its mark."""
    return bool((batch.column("spread_source")[rows] == MARK).any())


def settlement_days(found: DebtContext, rows: IntpArray, states: States) -> IntArray:
    """Return the days from the valuation date to settlement of each row."""
    by_pool = [states.settlement_days(pool.currency) for pool in found.pools]
    return np.array(by_pool, dtype=np.int64)[found.pool[rows]]


def pools(found: DebtContext, rows: IntpArray) -> Iterator[tuple[int, int, Pool]]:
    """Yield the runs [begin, end) of rows that are sorted by pool, each with its pool."""
    pool = found.pool[rows]
    edges = [0, *(np.flatnonzero(np.diff(pool)) + 1).tolist(), len(pool)]
    for begin, end in itertools.pairwise(edges):
        yield begin, end, found.pools[int(pool[begin])]


def discounted(
    flows: Flows, found: DebtContext, cells: Cells, states: States, kernel: Kernel
) -> None:
    """Write the cells of flows whose rows are sorted by pool."""
    for begin, end, shared in pools(found, cells.rows):
        discount(
            flows.rows(begin, end),
            states,
            shared.curve,
            shared.spread_class,
            states.column_set(shared.currency, credit=True),
            kernel,
            cells.part(begin, end),
        )


def settled(
    flows: Flows, found: DebtContext, rows: IntpArray, states: States, scenarios: Sequence[int]
) -> FloatArray:
    """Return (rows, scenarios): what flows after settlement are worth at it; rows sorted by pool.

    The market's part of the spread grows with the curve up to settlement, the row's own does not.
    """
    columns = tuple(Column(scenario, Operator.SETTLED) for scenario in scenarios)
    out = np.empty((len(rows), len(columns)))
    for begin, end, pool in pools(found, rows):
        part = flows.rows(begin, end)
        table = states.table(pool.curve, pool.spread_class, columns)
        out[begin:end] = sequential(part.amounts, part.slots, part.offsets, table)
    return out


def settled_factors(
    flows: Flows, found: DebtContext, rows: IntpArray, states: States, scenarios: Sequence[int]
) -> FloatArray:
    """Return (flows, scenarios): each flow's factor from settlement on its curve, without spread.

    0 for what is paid up to settlement; rows sorted by pool.
    """
    columns = tuple(Column(scenario, Operator.SETTLED) for scenario in scenarios)
    out = np.empty((len(flows.amounts), len(columns)))
    for begin, end, pool in pools(found, rows):
        first, last = int(flows.offsets[begin]), int(flows.offsets[end])
        table = states.table(pool.curve, UNSHOCKED, columns)
        out[first:last] = table.take(flows.slots[first:last], axis=0)
    return out


def leg(found: DebtContext, spread: float) -> Leg:
    """Return how the flows of a batch of one row are discounted."""
    pool = found.pools[int(found.pool[0])]
    at = int(found.spread_curve[0])
    curve = found.spread_curves[at] if at >= 0 else None
    return Leg(pool.currency, pool.curve, pool.spread_class, spread, curve)
