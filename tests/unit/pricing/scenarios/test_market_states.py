"""Fixed flows valued in every market state have the cells of the analytic columns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pricing import kernel
from pricing.axis import Axis, Cell
from pricing.kernel import Kernel
from pricing.market import snapshot
from pricing.pricers.cells import Cells
from pricing.pricers.discounting import discount, strips
from pricing.pricers.flows import Flows, offsets_of
from pricing.scenarios import States, parse
from pricing.scenarios.market_states import BP, Bump, MarketState

from tests.unit.pricing.conftest import DAY, MARKET, SCENARIOS  # isort: skip

MakeStates = Callable[..., States]
FloatArray = Any

EVERYWHERE = tuple(
    f"{code}@{scenario}"
    for code in ("DV01", "KEY_RATE_DV01", "CS01", "CS25", "CONVEXITY_AMOUNT", "FX_EXPOSURE",
                 "FX_DELTA", "CLEAN_PV", "DIRTY_PRICE")
    for scenario in ("BASE", "UP", "TWIST", "WIDER")
)  # fmt: skip
CURVE = {"USD": "USD-TREASURY", "EUR": "EUR-GOVERNMENT"}


@pytest.fixture
def states(make_states: MakeStates) -> States:
    return make_states(measures=EVERYWHERE)


def flows_of(states: States, rows: Sequence[Sequence[tuple[int, float]]]) -> Flows:
    days = np.array([day for row in rows for day, _ in row], dtype=np.int64)
    amounts = np.array([amount for row in rows for _, amount in row])
    counts = np.array([len(row) for row in rows], dtype=np.int64)
    irregular = np.zeros(len(rows), dtype=bool)
    return Flows(
        amounts, states.grid.slots(days), offsets_of(counts), np.arange(len(rows)), irregular
    )


def some_rows(seed: int = 7, rows: int = 12) -> list[list[tuple[int, float]]]:
    rng = np.random.default_rng(seed)
    return [
        [
            (int(day), float(amount))
            for day, amount in zip(
                np.sort(rng.choice(np.arange(1, 11_000), size=count, replace=False)),
                rng.normal(0.0, 1e5, count),
                strict=True,
            )
        ]
        for count in rng.integers(1, 60, rows)
    ]


def analytic(
    states: States, flows: Flows, currency: str, own: str, spread_class: int, credit: bool
) -> FloatArray:
    """The cells by the columns of discount factors, converted into the position's currency."""
    rows = len(flows.offsets) - 1
    values = np.zeros((rows, len(states.axis)))
    columns = states.column_set(currency, credit=credit)
    if currency == own:
        cells = Cells(states.axis, values, np.arange(rows))
        discount(flows, states, CURVE[currency], spread_class, columns, Kernel.RECORD, cells)
        return values
    fx, base = states.fx_value(currency), states.fx_value(own)
    assert fx is not None
    assert base is not None
    for strip, runs in strips(columns, fx / base):
        table = states.table(CURVE[currency], spread_class, columns.order[strip])
        local = kernel.sequential(flows.amounts, flows.slots, flows.offsets, table)
        for run in runs:
            values[:, run.cells] += run.of(local)
    return values


def by_states(
    states: States, flows: Flows, currency: str, own: str, spread_class: int, credit: bool
) -> FloatArray:
    """The cells by values in every market state."""
    rows = len(flows.offsets) - 1
    cells = Cells(states.axis, np.zeros((rows, len(states.axis))), np.arange(rows))
    chosen = states.state_set((currency,), own, credit=credit)
    table = states.state_table(CURVE[currency], spread_class, chosen)
    chosen.put(cells, kernel.sequential(flows.amounts, flows.slots, flows.offsets, table))
    return cells.values


def gross(states: States, flows: Flows, currency: str, own: str) -> FloatArray:
    """Sum of |flow PV| of each row and scenario of a cell, in the position's currency."""
    chosen = states.state_set((currency,), own, credit=True)
    table = states.state_table(CURVE[currency], 0, chosen)
    worth = kernel.sequential(np.abs(flows.amounts), flows.slots, flows.offsets, table)
    fx, base = states.fx_value(currency), states.fx_value(own)
    assert fx is not None
    assert base is not None
    scenario = [states.places[cell.scenario] for cell in states.axis.cells]
    at = [chosen.place(MarketState(place)) for place in scenario]
    return np.asarray(worth[:, at] * np.maximum((fx / base)[scenario], 1.0))


@pytest.mark.parametrize("credit", [True, False])
@pytest.mark.parametrize(("currency", "own"), [("USD", "USD"), ("EUR", "EUR"), ("EUR", "USD")])
def test_fixed_flows_have_the_cells_of_the_analytic_columns(
    currency: str, own: str, credit: bool, states: States
) -> None:
    flows = flows_of(states, some_rows())
    spread_class = states.spread_classes.of((currency, "BBB", "BANK"))
    wanted = analytic(states, flows, currency, own, spread_class, credit)
    got = by_states(states, flows, currency, own, spread_class, credit)
    scale = gross(states, flows, currency, own)
    longest = 30.2
    for place, cell in enumerate(states.axis.cells):
        if cell.measure == "DIRTY_PRICE":
            continue
        error = np.abs(got[:, place] - wanted[:, place])
        bound = 1e-12 * scale[:, place]
        if cell.measure == "CONVEXITY_AMOUNT":
            # 2 (cosh(hT) - 1) / h^2 = T^2 (1 + (hT)^2 / 12 + ...), h = 25bp.
            bound = bound / 0.0025**2 + scale[:, place] * longest**2 * (
                (0.0025 * longest) ** 2 / 12
            )
        assert np.all(error <= bound), cell


def test_cells_that_no_state_makes_stay_as_they_are(states: States) -> None:
    chosen = states.state_set(("EUR",), "EUR", credit=False)
    cells = Cells(states.axis, np.full((2, len(states.axis)), 5.0), np.array([1]))
    chosen.put(cells, np.ones((1, len(chosen))))
    assert np.all(cells.values[0] == 5.0)
    for place, cell in enumerate(states.axis.cells):
        touched = cells.values[1, place] != 5.0
        if cell.measure in ("CS01", "CS25", "DIRTY_PRICE") or "USD" in cell.factor:
            assert not touched, cell
        elif cell.measure in ("PV", "CLEAN_PV"):
            assert cells.values[1, place] == 6.0


def test_value_that_ignores_rates_and_spreads_has_no_sensitivity_at_all(states: States) -> None:
    chosen = states.state_set(("EUR",), "USD", credit=True)
    cells = Cells(states.axis, np.zeros((1, len(states.axis))), np.array([0]))
    chosen.put(cells, np.full((1, len(chosen)), 123456.789))
    for place, cell in enumerate(states.axis.cells):
        if cell.measure in ("DV01", "KEY_RATE_DV01", "CS01", "CS25", "CONVEXITY_AMOUNT"):
            assert cells.values[0, place] == 0.0, cell


def test_factor_all_bumps_every_currency_at_once(states: States) -> None:
    # A value that is the product of two discount factors: a cross effect no sum of parts has.
    chosen = states.state_set(("EUR", "USD"), "EUR", credit=False)
    time = np.array([10.0])
    euro = states.state_discount(CURVE["EUR"], None, time, chosen)
    dollar = states.state_discount(CURVE["USD"], None, time, chosen)
    cells = Cells(states.axis, np.zeros((1, len(states.axis))), np.array([0]))
    chosen.put(cells, 1e6 * euro * dollar)

    def cell(measure: str, factor: str = "") -> float:
        return float(cells.values[0, states.axis.places[Cell(measure, "BASE", factor)]])

    worth = cell("PV")
    assert cell("DV01", "EUR") == pytest.approx(worth * np.sinh(1e-3), rel=1e-9)
    assert cell("DV01", "USD") == pytest.approx(worth * np.sinh(1e-3), rel=1e-9)
    assert cell("DV01", "ALL") == pytest.approx(worth * np.sinh(2e-3), rel=1e-9)
    wide = 2 * (np.cosh(0.05) - 1) / 0.0025**2
    assert cell("CONVEXITY_AMOUNT") == pytest.approx(worth * wide, rel=1e-7)
    assert cell("FX_EXPOSURE", "EUR") == worth
    assert cell("FX_EXPOSURE", "USD") == 0.0


def test_legs_in_two_currencies_add_up(states: States) -> None:
    bought = flows_of(states, [[(182, 1e6)]])
    sold = flows_of(states, [[(182, -1.08e6)]])
    both = Cells(states.axis, np.zeros((1, len(states.axis))), np.array([0]))
    for flows, currency in ((bought, "EUR"), (sold, "USD")):
        chosen = states.state_set((currency,), "USD", credit=False)
        table = states.state_table(CURVE[currency], 0, chosen)
        chosen.put(both, kernel.sequential(flows.amounts, flows.slots, flows.offsets, table))
    wanted = analytic(states, bought, "EUR", "USD", 0, False)
    wanted += analytic(states, sold, "USD", "USD", 0, False)
    for place, cell in enumerate(states.axis.cells):
        if cell.measure != "CONVEXITY_AMOUNT":
            assert both.values[0, place] == pytest.approx(wanted[0, place], abs=1e-6), cell


def test_curve_alone_feels_rates_and_no_spread(states: States) -> None:
    chosen = states.state_set(("USD",), "USD", credit=True)
    time = np.array([5.0])
    spread_class = states.spread_classes.of(("USD", "BBB", "BANK"))
    alone = states.state_discount(CURVE["USD"], None, time, chosen)[0]
    risky = states.state_discount(CURVE["USD"], spread_class, time, chosen)[0]
    spread = states.state_spread(spread_class, chosen)
    assert risky == pytest.approx(alone * np.exp(-5.0 * spread), rel=1e-14)
    for place, state in enumerate(chosen.order):
        same = alone[chosen.place(MarketState(state.scenario))]
        if state.bump in (Bump.NONE, Bump.SPREAD):
            assert alone[place] == same
        elif state.bump is Bump.RATES:
            assert alone[place] == pytest.approx(same * np.exp(-5.0 * state.size), rel=1e-14)


def test_triangles_of_all_key_rates_are_the_parallel_bump(states: States) -> None:
    chosen = states.state_set(("USD",), "USD", credit=True)
    times = np.linspace(0.0, 60.0, 601)
    zeros = states.state_zero_rates(CURVE["USD"], times, chosen)
    base = zeros[:, chosen.place(MarketState(0))]
    moved = np.zeros(len(times))
    for tenor in range(len(states.axis.key_rate_tenors)):
        moved += zeros[:, chosen.place(MarketState(0, Bump.KEY_RATE, "USD", tenor, BP))] - base
    assert moved == pytest.approx(BP, abs=1e-16)
    parallel = zeros[:, chosen.place(MarketState(0, Bump.RATES, "USD", 0, BP))] - base
    assert parallel == pytest.approx(BP, abs=1e-17)


def test_price_cells_are_made_from_values_at_settlement(states: States) -> None:
    chosen = states.state_set(("USD",), "USD", credit=True)
    cells = Cells(states.axis, np.zeros((1, len(states.axis))), np.array([0]))
    values = np.arange(1.0, len(chosen) + 1)[None, :]
    chosen.put_settled(cells, values)
    for place, cell in enumerate(states.axis.cells):
        wanted = 0.0
        if cell.measure == "DIRTY_PRICE":
            wanted = values[0, chosen.place(MarketState(states.places[cell.scenario]))]
        assert cells.values[0, place] == wanted


def test_states_are_valued_in_strips_with_the_same_bits(states: States) -> None:
    chosen = states.state_set(("USD",), "USD", credit=True)
    times = np.linspace(0.01, 40.0, 77)
    whole = states.state_discount(CURVE["USD"], 0, times, chosen)
    for first in range(0, len(chosen), 5):
        last = min(first + 5, len(chosen))
        strip = states.state_discount(CURVE["USD"], 0, times, chosen.part(first, last))
        assert np.array_equal(strip, whole[:, first:last])


@pytest.mark.parametrize("keep", [("BASE",), ("BASE", "TWIST"), ("BASE", "WIDER", "UP")])
def test_cell_has_the_same_bits_on_any_axis(keep: tuple[str, ...], states: States) -> None:
    rows = some_rows(3)
    whole = by_states(states, flows_of(states, rows), "EUR", "USD", 0, True)
    scenarios = [parse(document) for document in SCENARIOS if document["code"] in keep]
    cells = tuple(c for c in reversed(states.axis.cells) if c.scenario in keep)
    few = States(snapshot.parse(MARKET), scenarios, Axis(cells, DAY, "USD"))
    part = by_states(few, flows_of(few, rows[::-1]), "EUR", "USD", 0, True)[::-1]
    places = [states.axis.places[cell] for cell in cells]
    assert np.array_equal(part, whole[:, places])


CENTS = st.integers(-(10**9), 10**9).map(lambda cents: cents / 100)


@settings(max_examples=40, deadline=None)
@given(
    rows=st.lists(
        st.lists(
            st.tuples(
                st.integers(1, 20_000), st.integers(-(10**9), 10**9).map(lambda cents: cents / 100)
            ),
            min_size=1,
            max_size=20,
        ),
        min_size=1,
        max_size=4,
    ),
    size=st.floats(-0.03, 0.1),
)
def test_random_flows_have_the_cells_of_the_analytic_columns(
    rows: list[list[tuple[int, float]]], size: float
) -> None:
    scenarios = [
        parse({"code": "BASE"}),
        parse({"code": "S", "shocks": [{"risk": "RATE", "size": f"{size:.6f}"}]}),
    ]
    codes = ("PV", "DV01", "CS01", "CS25")
    cells = tuple(
        Cell(code, scenario, "ALL" if code == "DV01" else "")
        for code in codes
        for scenario in ("BASE", "S")
    )
    states = States(snapshot.parse(MARKET), scenarios, Axis(cells, DAY, "USD"))
    ordered = [sorted(row) for row in rows]
    flows = flows_of(states, ordered)
    wanted = analytic(states, flows, "USD", "USD", 0, True)
    got = by_states(states, flows, "USD", "USD", 0, True)
    places = [states.axis.places[Cell("PV", cell.scenario)] for cell in cells]
    magnitude = Flows(np.abs(flows.amounts), flows.slots, flows.offsets, flows.grid, flows.regular)
    scale = by_states(states, magnitude, "USD", "USD", 0, True)[:, places]
    assert np.all(np.abs(got - wanted) <= 1e-12 * scale)
