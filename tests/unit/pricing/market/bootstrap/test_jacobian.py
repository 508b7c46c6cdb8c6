"""Sensitivities to quotes: the Jacobian against curves that are rebuilt from moved quotes."""

from __future__ import annotations

import copy
import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from pricing import dates, kernel, valuation
from pricing.axis import Axis, Cell
from pricing.batch import Names
from pricing.cashflows import cashflows
from pricing.market import bootstrap, par_risk, snapshot
from pricing.market.snapshot import Market
from pricing.pricers.cells import Cells
from pricing.products.registry import product
from pricing.scenarios import States, parse
from pricing.scenarios.market_states import Bump, MarketState

from tests.unit.pricing.market.bootstrap.test_par import QUOTES  # isort: skip

DAY = dt.date(2022, 12, 30)
BP = Decimal("0.0001")
RATES = {"DEPOSIT", "FRA", "OIS", "SWAP"}


def read(document: dict[str, Any]) -> Market:
    return snapshot.parse(bootstrap.calibrated(document))


def moved(document: dict[str, Any], name: str, place: int, size: Decimal) -> Market:
    """The market with one quote of a curve moved."""
    changed = copy.deepcopy(document)
    (curve,) = (item for item in changed["curves"] if item["name"] == name)
    quote = curve["quotes"][place]
    if quote["kind"] == "FUTURES":
        quote["price"] = str(Decimal(quote["price"]) - size * 100)
    else:
        field = "rate" if "rate" in quote else "spread"
        quote[field] = str(Decimal(quote[field]) + size)
    return read(changed)


@pytest.mark.parametrize(
    ("source", "place"),
    [("USD-SOFR", 0), ("USD-SOFR", 2), ("USD-SOFR", 7), ("USD-TERM", 2), ("USD-TERM", 3),
     ("USD-TERM", 6), ("USD-TERM", 7), ("EUR-USD", 1), ("EUR-USD", 2)],
)  # fmt: skip
def test_jacobian_is_what_rebuilt_curves_say(
    source: str, place: int, quoted: dict[str, Any]
) -> None:
    market = read(quoted)
    up, down = moved(quoted, source, place, BP), moved(quoted, source, place, -BP)
    for name in market.curves:
        change = (up.curves[name].zeros - down.curves[name].zeros) / 2e-4
        table = market.par[name].jacobian.get(source)
        if table is None:
            assert not change.any(), name
        else:
            assert table[:, place] == pytest.approx(change, abs=2e-7), name


def test_curve_on_given_nodes_moves_with_a_parallel_shift_of_them(quoted: dict[str, Any]) -> None:
    market = read(quoted)
    changes = []
    for size in (BP, -BP):
        changed = copy.deepcopy(quoted)
        for item in changed["curves"]:
            if item["name"] == "EUR-ESTR":
                item["nodes"] = [[day, str(Decimal(rate) + size)] for day, rate in item["nodes"]]
        changes.append(read(changed).curves["EUR-USD"].zeros)
    wanted = (changes[0] - changes[1]) / 2e-4
    assert market.par["EUR-USD"].jacobian["EUR-ESTR"][:, 0] == pytest.approx(wanted, abs=2e-7)


def test_bond_quote_is_its_yield(quoted: dict[str, Any]) -> None:
    # A zero curve through bonds moves about as much as their yields do.
    market = read(quoted)
    moves = market.par["USD-BONDS"].shifts["USD"]
    assert moves == pytest.approx(1.0, abs=0.05)


def test_hazard_rates_move_with_cds_spreads(quoted: dict[str, Any]) -> None:
    table = read(quoted).credit["ACME"].jacobian
    assert table is not None
    changed = copy.deepcopy(quoted)
    changed["credit"][0]["quotes"][2]["spread"] = "0.0129"
    up = read(changed).credit["ACME"].hazards
    changed["credit"][0]["quotes"][2]["spread"] = "0.0127"
    down = read(changed).credit["ACME"].hazards
    assert table[:, 2] == pytest.approx((up - down) / 2e-4, abs=2e-7)


def treasury(shift: str = "0", at: int | None = None) -> dict[str, Any]:
    quotes = [
        (tenor, str(Decimal(rate) + (Decimal(shift) if at in (None, place) else 0)))
        for place, (tenor, rate) in enumerate(QUOTES)
    ]
    part = bootstrap.par_curve_document("T", "USD", DAY, quotes, "US Treasury")
    return {
        "format": "tieout.market/1", "as_of": DAY.isoformat(), "curves": [part],
        "discount": {"USD": "T"},
    }  # fmt: skip


@pytest.mark.parametrize("place", [0, 4, 5, 8, 10, 12])
def test_treasury_par_jacobian_is_what_rebuilt_curves_say(place: int) -> None:
    market = snapshot.parse(treasury())
    up = snapshot.parse(treasury("0.00001", place)).curves["T"].zeros
    down = snapshot.parse(treasury("-0.00001", place)).curves["T"].zeros
    table = market.par["T"].jacobian["T"]
    assert table[:, place] == pytest.approx((up - down) / 2e-5, abs=3e-7)


def test_par_note_moves_with_its_own_quote_alone() -> None:
    market = snapshot.parse(treasury())
    curve = market.curves["T"]
    place = [tenor for tenor, _ in QUOTES].index("10Y")
    rate = float(QUOTES[place][1])
    day = dates.ordinal(DAY)
    days = [dates.add_months(day, months) - day for months in range(6, 121, 6)]
    times = np.array(days) / 365.0
    flows = np.full(len(days), rate / 2)
    flows[-1] += 1.0
    values = flows * np.exp(-curve.zero_rates(times) * times)
    assert values.sum() == pytest.approx(1.0, abs=1e-10)
    ladder = market.par["T"].ladder(par_risk.node_dv01(curve, times, values))["T"]
    annuity = float((values / flows).sum() / 2) * 1e-4
    wanted = np.zeros(len(QUOTES))
    wanted[place] = annuity
    assert ladder == pytest.approx(wanted, abs=1e-12)


Position = Callable[..., Any]
FACTORS = ("ALL", "USD", "EUR")


def cells_of(document: dict[str, Any], position: Any, extra: tuple[Cell, ...] = ()) -> Any:
    """Return (cells by name) of one position in a market of quotes, and of the market states."""
    cells = (
        Cell("PV", "BASE"), Cell("PV", "UP"),
        *(Cell("DV01_PAR", scenario, f) for scenario in ("BASE", "UP") for f in FACTORS), *extra,
    )  # fmt: skip
    up = {"code": "UP", "shocks": [{"risk": "RATE", "size": "0.01"}]}
    axis = Axis(cells, DAY, "USD")
    states = States(read(document), [parse({"code": "BASE"}), parse(up)], axis)
    packed = product(position.product_type).pack([position], Names())
    valued = valuation.value(packed.batch, states)
    assert valued.failures == [None]
    amounts = valuation.convert(valued, states)[0]
    return {str(cell): float(amounts[place]) for place, cell in enumerate(cells)}, states


def shifted(document: dict[str, Any], currency: str, size: Decimal) -> dict[str, Any]:
    """The market with every quoted rate of a currency moved: not its spreads, not FX."""
    changed = copy.deepcopy(document)
    for curve in changed["curves"]:
        if currency not in ("ALL", curve["currency"]):
            continue
        for quote in curve.get("quotes", []):
            if quote["kind"] in RATES:
                quote["rate"] = str(Decimal(quote["rate"]) + size)
            elif quote["kind"] == "FUTURES":
                quote["price"] = str(Decimal(quote["price"]) - 100 * size)
        if "quotes" not in curve:
            curve["nodes"] = [[d, str(Decimal(rate) + size)] for d, rate in curve["nodes"]]
    return changed


@pytest.mark.parametrize("factor", FACTORS)
@pytest.mark.parametrize("currency", ["USD", "EUR"])
def test_par_dv01_is_that_of_curves_rebuilt_from_moved_quotes(
    currency: str, factor: str, quoted: dict[str, Any], position: Position
) -> None:
    curve = {"USD": "USD-TERM", "EUR": "EUR-USD"}[currency]
    terms = {"discount_curve": curve, "maturity_date": "2031-08-15"}
    bond = position("FIXED_BOND", terms, currency=currency)
    cells, _ = cells_of(quoted, bond)
    down, _ = cells_of(shifted(quoted, factor, -BP), bond)
    up, _ = cells_of(shifted(quoted, factor, BP), bond)
    for scenario in ("BASE", "UP"):
        wanted = (down[f"PV@{scenario}"] - up[f"PV@{scenario}"]) / 2
        # A derivative of the curve, not its difference: second order in a basis point.
        bound = 1e-6 * abs(cells[f"DV01_PAR@{scenario}/ALL"])
        assert cells[f"DV01_PAR@{scenario}/{factor}"] == pytest.approx(wanted, abs=bound)


def test_par_dv01_of_a_given_curve_is_that_of_its_zero_rates(
    position: Position, market: dict[str, Any]
) -> None:
    market["spreads"] = []
    cells, _ = cells_of(market, position("FIXED_BOND"), (Cell("DV01", "BASE", "USD"),))
    assert cells["DV01_PAR@BASE/USD"] == cells["DV01@BASE/USD"]
    assert cells["DV01_PAR@BASE/EUR"] == 0.0


def test_market_states_have_the_par_dv01_of_the_columns(
    quoted: dict[str, Any], position: Position
) -> None:
    _, states = cells_of(quoted, position("FIXED_BOND", {"discount_curve": "USD-TERM"}))
    days = np.array([100, 400, 2000, 8000])
    slots = states.grid.slots(days)
    offsets = np.array([0, 4], dtype=np.int32)
    amounts = np.array([5.0, 5.0, 5.0, 105.0])
    chosen = states.state_set(("EUR",), "USD", credit=False)
    got = Cells(states.axis, np.zeros((1, len(states.axis))), np.array([0]))
    table = states.state_table("EUR-USD", 0, chosen)
    chosen.put(got, kernel.sequential(amounts, slots, offsets, table))
    columns = states.column_set("EUR", credit=False)
    table = states.table("EUR-USD", 0, columns.order)
    local = kernel.sequential(amounts, slots, offsets, table)
    wanted = np.zeros(len(states.axis))
    wanted[columns.cells] = local[0, columns.columns] * columns.scales * 1.0666
    assert got.values[0] == pytest.approx(wanted, abs=1e-10)
    assert chosen.place(MarketState(0)) == 0


def test_ladder_of_quoted_rates_adds_up_to_the_par_dv01(
    quoted: dict[str, Any], position: Position
) -> None:
    bond = position("FIXED_BOND", {"discount_curve": "USD-TERM"}, {"spread": "0"})
    cells, states = cells_of(quoted, bond)
    market = states.market
    flows = cashflows(product("FIXED_BOND").pack([bond], Names()).batch, states, "BASE")
    times = np.array([flow.years for flow in flows])
    values = np.array([flow.pv for flow in flows])
    nodes = par_risk.node_dv01(market.curves["USD-TERM"], times, values)
    ladder = market.par["USD-TERM"].ladder(nodes)
    rates = {
        item["name"]: np.array([quote["kind"] != "BASIS" for quote in item["quotes"]])
        for item in quoted["curves"] if item["currency"] == "USD"
    }  # fmt: skip
    total = sum(float(entries[rates[name]].sum()) for name, entries in ladder.items())
    assert set(ladder) == {"USD-SOFR", "USD-TERM"}
    assert total == pytest.approx(cells["DV01_PAR@BASE/USD"], rel=1e-6)


def test_survival_under_a_bump_of_cds_spreads_is_that_of_rebuilt_hazards(
    quoted: dict[str, Any],
) -> None:
    axis = Axis((Cell("PV", "BASE"), Cell("CS01_PAR", "BASE")), DAY, "USD")
    states = States(read(quoted), [parse({"code": "BASE"})], axis)
    chosen = states.state_set(("USD",), "USD", credit=False)
    times = np.array([0.5, 2.0, 4.0, 9.0, 12.0])
    survival = states.state_survival("ACME", times, chosen)
    changed = copy.deepcopy(quoted)
    for quote in changed["credit"][0]["quotes"]:
        quote["spread"] = str(Decimal(quote["spread"]) + BP)
    rebuilt = np.exp(-read(changed).credit["ACME"].cumulative(times))
    up = chosen.place(MarketState(0, Bump.PAR_SPREAD, "", 0, 1e-4))
    assert survival[:, up] == pytest.approx(rebuilt, abs=2e-7)
    # A position that pays on survival loses as spreads widen.
    cells = Cells(axis, np.zeros((1, 2)), np.array([0]))
    chosen.put(cells, survival.sum(axis=0)[None, :])
    assert cells.values[0, 1] == pytest.approx(
        float(survival[:, 0].sum() - rebuilt.sum()), rel=2e-3
    )
