"""What must hold for any bond, note, bill or linker: sums, orders and differences."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pricing import cashflows, valuation
from pricing.axis import Axis, default_cells
from pricing.batch import Names
from pricing.market import snapshot
from pricing.position import PositionInput
from pricing.products.registry import product
from pricing.scenarios import States, parse
from pricing.yield_conventions import YIELD_CONVENTIONS

from tests.unit.pricing.conftest import DAY, MARKET  # isort: skip

SCENARIOS = [
    {"code": "BASE"},
    {"code": "DOWN", "shocks": [{"risk": "RATE", "size": "-0.0001"}]},
    {"code": "UP", "shocks": [{"risk": "RATE", "size": "0.0001"}]},
    {"code": "CHEAPER", "shocks": [{"risk": "SPREAD", "size": "0.0001"}]},
    {"code": "DEARER", "shocks": [{"risk": "SPREAD", "size": "-0.0001"}]},
]
MEASURES = ("PV", "ACCRUED", "DV01", "KEY_RATE_DV01", "CS01", "PRINCIPAL", "DIRTY_PRICE")


def prepared(*more: str, market: Mapping[str, Any] = MARKET) -> States:
    codes = [str(document["code"]) for document in SCENARIOS]
    cells = default_cells((*MEASURES, *more), codes, ["USD"], "USD")
    read = [parse(document) for document in SCENARIOS]
    return States(snapshot.parse(market), read, Axis(cells, DAY, "USD"))


STATES = prepared()
QUOTED = prepared("YIELD_SEMI_BOND", "MODIFIED_DURATION", "Z_SPREAD")


def value(position: PositionInput, states: States = STATES) -> dict[str, float]:
    packed = product(position.product_type).pack([position], Names())
    valued = valuation.value(packed.batch, states)
    assert valued.failures == [None], valued.failures
    return {str(cell): float(valued.values[0, i]) for i, cell in enumerate(states.axis.cells)}


def holding(product_type: str, terms: Mapping[str, Any], **state: str) -> PositionInput:
    now = {"quantity": "1000000", "spread": "0.01", **state}
    return PositionInput("P", product_type, "USD", terms, now, "BBB", "CORP")


days = st.integers(40, 9_000).map(lambda n: (DAY + dt.timedelta(days=n)).isoformat())
rates = st.integers(0, 900).map(lambda bp: f"{bp / 1e4:.4f}")


@st.composite
def bonds(draw: st.DrawFn) -> PositionInput:
    kind = draw(st.sampled_from(["BULLET", "LINEAR", "LEVEL_PAY", "SHARE_OF_BALANCE"]))
    terms: dict[str, Any] = {
        "dated_date": "2021-02-15",
        "maturity_date": draw(days),
        "coupon": draw(rates),
        "day_count": draw(
            st.sampled_from(["30/360", "ACT/ACT ICMA", "ACT/365 CANADIAN", "ACT/365F"])
        ),
        "frequency": draw(st.sampled_from(["QUARTERLY", "SEMIANNUAL", "ANNUAL"])),
        "amortisation": kind,
        "yield_convention": draw(st.sampled_from(YIELD_CONVENTIONS)),
    }
    if kind == "SHARE_OF_BALANCE":
        terms["balance_share"] = "0.07"
    return holding("FIXED_BOND", terms)


@st.composite
def notes(draw: st.DrawFn) -> PositionInput:
    terms: dict[str, Any] = {
        "dated_date": "2022-11-15",
        "maturity_date": draw(days),
        "index": draw(st.sampled_from(["SOFR", "TERM_SOFR_3M"])),
        "margin": draw(rates),
        "day_count": "ACT/360",
        "frequency": "QUARTERLY",
        "calendar": "US-GOVT",
        "roll_convention": "MODIFIED_FOLLOWING",
        "lookback_days": draw(st.integers(0, 5)),
    }
    return holding("FLOATING_NOTE", terms)


@st.composite
def linkers(draw: st.DrawFn) -> PositionInput:
    terms: dict[str, Any] = {
        "dated_date": "2021-02-15",
        "maturity_date": draw(days),
        "coupon": draw(rates),
        "day_count": "ACT/ACT ICMA",
        "index": "US_CPI_U",
        "ratio_rounding": "US_TREASURY",
        "deflation_floor": draw(st.booleans()),
    }
    return holding("INFLATION_BOND", terms)


@st.composite
def papers(draw: st.DrawFn) -> PositionInput:
    return holding("ZERO_COUPON", {"issue_date": "2022-12-01", "maturity_date": draw(days)})


ANY = st.one_of(bonds(), notes(), linkers(), papers())


@settings(max_examples=60)
@given(position=ANY)
def test_flows_sum_to_the_value(position: PositionInput) -> None:
    batch = product(position.product_type).pack([position], Names()).batch
    for scenario in ("BASE", "UP", "CHEAPER"):
        flows = cashflows.cashflows(batch, STATES, scenario)
        wanted = value(position)[f"PV@{scenario}"]
        total = sum(abs(flow.pv) for flow in flows)
        assert sum(flow.pv for flow in flows) == pytest.approx(wanted, abs=1e-12 * total)


@settings(max_examples=60)
@given(position=ANY)
def test_key_rates_sum_to_the_parallel_dv01(position: PositionInput) -> None:
    cells = value(position)
    ladder = sum(v for cell, v in cells.items() if cell.startswith("KEY_RATE_DV01@BASE/USD"))
    dv01, years = cells["DV01@BASE/USD"], 25
    bound = (1e-4 * years) ** 2 / 6 * abs(dv01) + 1e-12 * cells["PV@BASE"] / 1e-4
    assert ladder == pytest.approx(dv01, abs=bound)
    assert cells["DV01@BASE/ALL"] == dv01


@settings(max_examples=60)
@given(position=ANY)
def test_bumped_values_are_those_of_the_sensitivities(position: PositionInput) -> None:
    cells = value(position)
    tolerance = 1e-12 * cells["PV@BASE"] / 1e-4
    moved = (cells["PV@DOWN"] - cells["PV@UP"]) / 2
    assert cells["DV01@BASE/USD"] == pytest.approx(moved, abs=tolerance)
    moved = (cells["PV@DEARER"] - cells["PV@CHEAPER"]) / 2
    assert cells["CS01@BASE"] == pytest.approx(moved, abs=tolerance)


@settings(max_examples=40)
@given(position=ANY)
def test_value_falls_as_the_spread_rises(position: PositionInput) -> None:
    cells = value(position)
    assert cells["PV@DEARER"] > cells["PV@BASE"] > cells["PV@CHEAPER"]


@settings(max_examples=60)
@given(position=bonds())
def test_principal_sums_to_the_face(position: PositionInput) -> None:
    batch = product("FIXED_BOND").pack([position], Names()).batch
    flows = cashflows.cashflows(batch, STATES)
    repaid = sum(flow.amount for flow in flows if flow.kind in ("PRINCIPAL", "REDEMPTION"))
    assert repaid == pytest.approx(value(position)["PRINCIPAL@BASE"], abs=1e-6)


@settings(max_examples=60)
@given(
    # A short bond at 70 would need a spread beyond 100%.
    position=st.one_of(bonds(), papers()).filter(
        lambda position: position.terms["maturity_date"] > "2025"
    ),
    price=st.integers(7000, 13000),
)
def test_yield_and_zero_spread_of_a_mark_give_it_back(position: PositionInput, price: int) -> None:
    """A little more price is a little less yield: the slope is the modified duration."""
    found = []
    for mark in (price / 100.0, price / 100.0 + 1e-3):
        state = {"quantity": "1000", "spread_source": "MARK", "mark_price": repr(mark)}
        marked = PositionInput("M", position.product_type, "USD", position.terms, state, "BBB", "X")
        found.append(value(marked, QUOTED))
    first, second = found
    if position.terms.get("yield_convention") in ("COMPOUND", "US_STREET", "UK_DMO") and (
        position.terms.get("frequency") == "SEMIANNUAL"
    ):
        moved = first["YIELD_SEMI_BOND@BASE"] - second["YIELD_SEMI_BOND@BASE"]
        slope = first["MODIFIED_DURATION@BASE"] * first["DIRTY_PRICE@BASE"]
        assert moved * slope == pytest.approx(1e-3, rel=2e-3)
    assert first["Z_SPREAD@BASE"] > second["Z_SPREAD@BASE"]
    assert first["YIELD_SEMI_BOND@BASE"] > second["YIELD_SEMI_BOND@BASE"]


@settings(max_examples=30)
@given(position=notes(), strike=st.integers(200, 700))
def test_cap_and_floor_at_one_strike_are_the_swap(position: PositionInput, strike: int) -> None:
    """min(x, k) + max(x, k) = x + k: capped + floored = plain + fixed."""
    k = f"{strike / 1e4:.4f}"

    def worth(**limits: str) -> float:
        return value(holding("FLOATING_NOTE", {**position.terms, **limits}))["PV@BASE"]

    plain, fixed = worth(), worth(cap=k, floor=k)
    assert worth(cap=k) + worth(floor=k) == pytest.approx(plain + fixed, abs=1e-12 * 2e6)
    assert worth(cap=k) <= plain + 1e-6 <= worth(floor=k) + 2e-6


VOLATILE = {
    **MARKET,
    "volatilities": [
        {
            "name": f"USD-{kind}", "currency": "USD", "kind": kind, "model": "NORMAL",
            "expiries": ["1Y", "10Y"], column: ["0.02"] if kind == "CAP" else ["10Y"],
            "values": [["0.012"], ["0.009"]],
        }
        for kind, column in (("CAP", "strikes"), ("SWAPTION", "tenors"))
    ],
}  # fmt: skip


@pytest.mark.parametrize("index", ["SOFR", "TERM_SOFR_3M", "USD_CMS_10Y"])
@settings(max_examples=15)
@given(position=notes(), strike=st.integers(0, 900), arrears=st.booleans())
def test_cap_less_floor_is_the_swap_with_time_value_in_every_scenario(
    index: str, position: PositionInput, strike: int, arrears: bool
) -> None:
    """C(K) - P(K) = E[R] - K: capped + floored = plain + fixed, and limits cost and gain more."""
    k = f"{strike / 1e4:.4f}"
    states = prepared(market=VOLATILE)
    terms = {**position.terms, "index": index, "reset": "ARREARS" if arrears else "ADVANCE",
             "dated_date": "2023-01-17"}  # fmt: skip

    def worth(model: str = "VOLATILITY", **limits: str) -> dict[str, float]:
        more = {"option_model": model, **limits}
        found = value(holding("FLOATING_NOTE", {**terms, **more}), states)
        return {cell: pv for cell, pv in found.items() if cell.startswith("PV@")}

    plain, fixed, capped, floored = worth(), worth(cap=k, floor=k), worth(cap=k), worth(floor=k)
    for cell, pv in plain.items():
        assert capped[cell] + floored[cell] == pytest.approx(pv + fixed[cell], abs=1e-11 * 2e6)
        assert capped[cell] <= pv + 1e-6 <= floored[cell] + 2e-6
    if index == "SOFR":
        assert floored["PV@BASE"] >= worth("INTRINSIC", floor=k)["PV@BASE"] - 1e-6


@settings(max_examples=30)
@given(maturity=days)
def test_note_on_its_own_discount_curve_is_worth_par(maturity: str) -> None:
    """Daily rates of the curve it is discounted on, no margin, from today: exactly the face."""
    terms = {
        "dated_date": DAY.isoformat(),
        "maturity_date": maturity,
        "index": "SOFR",
        "margin": "0",
        "day_count": "ACT/360",
        "frequency": "QUARTERLY",
        "calendar": "US-GOVT",
        "roll_convention": "FOLLOWING",
        "accrual_dates": "ADJUSTED",
    }
    # Today's rate is one of the curve's too: no fixing of today.
    market = {**MARKET, "fixings": {}}
    cells = default_cells(["PV"], ["BASE"], ["USD"], "USD")
    states = States(snapshot.parse(market), [parse({"code": "BASE"})], Axis(cells, DAY, "USD"))
    found = value(holding("FLOATING_NOTE", terms, spread="0"), states)
    assert found["PV@BASE"] == pytest.approx(1e6, abs=1e-5)


@settings(max_examples=30)
@given(position=linkers())
def test_deflation_floor_never_costs_its_holder(position: PositionInput) -> None:
    with_floor = {**position.terms, "deflation_floor": True}
    without = {**position.terms, "deflation_floor": False}
    floored = value(holding("INFLATION_BOND", with_floor))["PV@BASE"]
    assert floored >= value(holding("INFLATION_BOND", without))["PV@BASE"]
