"""CARRY, ROLL_DOWN and THETA: against revaluation at the horizon, by hand, and as properties."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
import QuantLib as ql
from hypothesis import given, settings
from hypothesis import strategies as st

from pricing import cashflows, valuation
from pricing.answers import Answer, answer
from pricing.axis import Axis, AxisError, Cell, default_cells
from pricing.batch import Names
from pricing.horizons import horizon_days
from pricing.market import snapshot
from pricing.measures import MEASURES
from pricing.position import PositionInput
from pricing.products.registry import PRODUCTS, product
from pricing.scenarios import States, parse
from tests.unit.pricing.conftest import DAY, MARKET, SCENARIOS, STATES_OF, TERMS
from tests.unit.pricing.derivative_book import KIND_TERMS

CODES = ("CARRY", "ROLL_DOWN", "THETA")
FLAT: dict[str, Any] = {
    "format": "tieout.market/1",
    "as_of": "2022-12-30",
    "curves": [
        {"name": "USD-FLAT", "currency": "USD", "nodes": [["2032-12-30", "0.04"]]},
        {"name": "EUR-FLAT", "currency": "EUR", "nodes": [["2032-12-30", "0.025"]]},
    ],
    "discount": {"USD": "USD-FLAT", "EUR": "EUR-FLAT"},
    "fx": [{"base": "EUR", "quote": "USD", "rate": "1.0666"}],
}


def prepared(
    measures: tuple[str, ...],
    day: dt.date = DAY,
    market: Mapping[str, Any] = MARKET,
    scenarios: list[dict[str, Any]] = SCENARIOS,
) -> States:
    read = [parse(document) for document in scenarios]
    cells = default_cells(measures, [s.code for s in read], ["USD", "EUR"], "USD")
    return States(snapshot.parse(market), read, Axis(cells, day, "USD"))


def valued(position: PositionInput, states: States) -> dict[str, float]:
    packed = product(position.product_type).pack([position], Names())
    found = valuation.value(packed.batch, states)
    assert found.failures == [None]
    amounts = valuation.convert(found, states)[0]
    return {str(cell): float(amounts[i]) for i, cell in enumerate(states.axis.cells)}


def paid(position: PositionInput, states: States, days: int, scenario: str) -> float:
    """Return what is paid up to a horizon, carried to it at the rate and spread of its discount."""
    packed = product(position.product_type).pack([position], Names())
    end = states.axis.valuation_date + dt.timedelta(days=days)
    place, years = states.places[scenario], days / 365.0
    total = 0.0
    for flow in cashflows.cashflows(packed.batch, states, scenario):
        if flow.kind == "OPTION" or not states.axis.valuation_date < flow.date <= end:
            continue
        zero = float(states.zero_rates(flow.curve, np.array([years]), place)[0])
        fx = states.fx_value(flow.currency)
        assert fx is not None
        total += flow.pv * math.exp((zero + flow.spread) * years) * float(fx[place])
    return total


def _positions() -> list[Any]:
    found = []
    for product_type, terms in TERMS.items():
        if product_type in ("DERIVATIVE", "FX_FWD"):
            continue
        for source in ("SUPPLIED", "MATRIX"):
            state = dict(STATES_OF[product_type])
            if source == "MATRIX":
                del state["spread"]
                state["spread_source"] = "MATRIX"
            made = PositionInput("P", product_type, "USD", terms, state, "BBB", "RETAIL")
            found.append(pytest.param(made, id=f"{product_type} {source}"))
    kinds = {"FX_FWD": TERMS["FX_FWD"], **KIND_TERMS}
    for kind, terms in kinds.items():
        if "resetting" not in terms:
            product_type = kind if kind == "FX_FWD" else "DERIVATIVE"
            made = PositionInput("P", product_type, "USD", terms, {}, "BBB", "RETAIL")
            found.append(pytest.param(made, id=kind))
    return found


def _chosen() -> list[Any]:
    """Return positions that take other ways through the pricers: choices, recoveries, resets."""
    quarterly = {
        "start_date": "2022-11-15", "first_payment_date": "2023-02-15",
        "original_principal": "1000000", "interest_basis": "ACT/360", "frequency": "QUARTERLY",
        "payments": 20, "amortisation": "LINEAR", "rate": None,
    }  # fmt: skip
    limits = {"floor": "0.05", "cap": "0.06", "index_floor": "0.01"}
    timed = {**limits, "option_model": "VOLATILITY"}
    floating = {"index": "TERM_SOFR_3M", "margin": "0.01"}
    note = {**STATES_OF["FLOATING_NOTE"]}
    accrual = {"rate": "0.06", "lower": "0.025", "upper": "0.045"}
    defaulted = {
        "status": "DEFAULTED", "outstanding_principal": "90000", "credit_basis": "CASHFLOW",
        "expected_recovery": "36000", "expected_recovery_date": "2024-09-30", "spread": "0",
    }  # fmt: skip
    resetting = next(terms for terms in KIND_TERMS.values() if "resetting" in terms)
    cases: list[tuple[str, str, Mapping[str, Any], Mapping[str, Any]]] = [
        ("floating loan", "AMORT_LOAN", {**quarterly, "floating": floating}, {}),
        ("limits", "AMORT_LOAN", {**quarterly, "floating": {**floating, **limits}}, {}),
        ("limits in time", "AMORT_LOAN", {**quarterly, "floating": {**floating, **timed}}, {}),
        ("note in time", "FLOATING_NOTE", {**TERMS["FLOATING_NOTE"], **timed}, note),
        (
            "range accrual", "FLOATING_NOTE",
            {**TERMS["FLOATING_NOTE"], "margin": "0", "option_model": "VOLATILITY",
             "accrual_range": accrual},
            note,
        ),
        ("revolver in time", "REVOLVER", {**TERMS["REVOLVER"], **floating, **timed}, {}),
        ("defaulted", "AMORT_LOAN", TERMS["AMORT_LOAN"], defaulted),
        ("resetting", "DERIVATIVE", resetting, {"resetting_notional": "1050000"}),
    ]  # fmt: skip
    return [
        pytest.param(
            PositionInput("P", kind, "USD", terms, state or STATES_OF[kind], "BBB", "RETAIL"),
            id=name,
        )
        for name, kind, terms, state in cases
    ]


POSITIONS = _positions()
PAYING_TOMORROW: list[Any] = [
    pytest.param(
        PositionInput(
            "P",
            "AMORT_LOAN",
            "USD",
            {**TERMS["AMORT_LOAN"], "first_payment_date": "2022-12-31"},
            {"spread": "0.015"},
        ),
        id="loan",
    ),
    pytest.param(
        PositionInput(
            "P",
            "FIXED_BOND",
            "USD",
            {**TERMS["FIXED_BOND"], "dated_date": "2020-12-31", "maturity_date": "2030-12-31"},
            {"spread": "0.01", "quantity": "-1000000"},
        ),
        id="short bond",
    ),
]


@pytest.mark.parametrize("position", [*POSITIONS, *PAYING_TOMORROW, *_chosen()])
def test_theta_of_a_day_is_revaluation_a_day_later(position: PositionInput) -> None:
    """A snapshot keeps its tenors on a later valuation date: that is the market of THETA."""
    states = prepared(("THETA", "THETA@TWIST"))
    now = valued(position, states)
    later = valued(position, prepared(("PV",), DAY + dt.timedelta(days=1)))
    gross = 1e6 if position.product_type in ("FX_FWD", "DERIVATIVE") else 0.0
    for scenario in ("BASE", "TWIST"):
        full = later[f"PV@{scenario}"] + paid(position, states, 1, scenario) - now[f"PV@{scenario}"]
        scale = abs(now[f"PV@{scenario}"]) + gross
        assert now[f"THETA@{scenario}/1D"] == pytest.approx(full, rel=0, abs=1e-13 * scale + 1e-9)


@pytest.mark.parametrize("source", ["SUPPLIED", "MATRIX"])
def test_pool_over_paths_is_revalued_but_for_its_control(source: str) -> None:
    """The same paths a day later; the control variate is of today's payments: 1e-7 of PV."""
    terms = {**TERMS["ABS_MBS"], "monte_carlo": {"paths": 64, "seed": 3}}
    spread = {"spread": "0.01"} if source == "SUPPLIED" else {"spread_source": source}
    state = {**spread, "quantity": "1000000"}
    position = PositionInput("P", "ABS_MBS", "USD", terms, state, "BBB", "RETAIL")
    now = valued(position, prepared(("THETA",)))
    later = valued(position, prepared(("PV",), DAY + dt.timedelta(days=1)))
    moved = later["PV@BASE"] - now["PV@BASE"]
    assert now["THETA@BASE/1D"] == pytest.approx(moved, rel=0, abs=1e-7 * now["PV@BASE"])


_TO_A_WEEK = ("ABS_MBS", "CALLABLE_BOND", "DELAYED_DRAW", "INFLATION_BOND", "STRUCTURED")
_TO_A_MONTH = ("FIXED_BOND", "FLOATING_NOTE", "ZERO_COUPON")
"""Not what stands on daily rates or balances of the horizon, which the market of today lacks."""


@pytest.mark.parametrize(
    ("position", "horizon", "days"),
    [
        pytest.param(*p.values, horizon, days, id=f"{p.id} {horizon}")
        for horizon, days, names in (
            ("1W", 7, (*_TO_A_WEEK, *_TO_A_MONTH)), ("1M", 31, _TO_A_MONTH),
        )
        for p in POSITIONS
        if p.id in ("FX_SWAP", "CDS", "IRS", *(f"{name} SUPPLIED" for name in names))
    ],
)  # fmt: skip
def test_theta_to_a_horizon_is_revaluation_there_and_cash_carried_to_it(
    position: PositionInput, horizon: str, days: int
) -> None:
    states = prepared((f"THETA/{horizon}",))
    now = valued(position, states)
    later = valued(position, prepared(("PV",), DAY + dt.timedelta(days=days)))
    full = later["PV@BASE"] + paid(position, states, days, "BASE") - now["PV@BASE"]
    assert now[f"THETA@BASE/{horizon}"] == pytest.approx(full, rel=0, abs=1e-8)


def _zero_rate(years: float) -> float:
    """Return the USD zero rate of the small market, linear between nodes."""
    days = [(dt.date.fromisoformat(d) - DAY).days for d, _ in MARKET["curves"][0]["nodes"]]
    rates = [float(rate) for _, rate in MARKET["curves"][0]["nodes"]]
    return float(np.interp(years, np.array(days) / 365.0, rates))


@pytest.mark.parametrize("spread", [0.0, 0.0125])
@pytest.mark.parametrize(("horizon", "days"), [("1D", 1), ("1M", 31), ("3M", 90)])
def test_zero_bond_by_hand(spread: float, horizon: str, days: int) -> None:
    """CARRY = F P(T) (1/P(h) - 1), ROLL_DOWN = F (P(T-h) - P(T)/P(h)), spread in P."""
    maturity = dt.date(2027, 6, 30)
    terms = {"issue_date": "2022-10-06", "maturity_date": maturity.isoformat()}
    state = {"quantity": "1000000", "spread": str(spread)}
    found = valued(
        PositionInput("P", "ZERO_COUPON", "USD", terms, state), prepared((f"THETA/{horizon}",))
    )

    def factor(t: float) -> float:
        return math.exp(-(_zero_rate(t) + spread) * t)

    end, h = (maturity - DAY).days / 365.0, days / 365.0
    carry = 1e6 * factor(end) * (1.0 / factor(h) - 1.0)
    roll = 1e6 * (factor(end - h) - factor(end) / factor(h))
    assert found[f"CARRY@BASE/{horizon}"] == pytest.approx(carry, rel=0, abs=1e-8)
    assert found[f"ROLL_DOWN@BASE/{horizon}"] == pytest.approx(roll, rel=0, abs=1e-8)
    assert found[f"THETA@BASE/{horizon}"] == pytest.approx(carry + roll, rel=0, abs=1e-8)


@pytest.mark.parametrize("product_type", ["AMORT_LOAN", "FIXED_BOND", "ZERO_COUPON", "FX_FWD"])
def test_nothing_rolls_down_a_flat_curve(product_type: str) -> None:
    states = prepared(("THETA", "THETA/3M"), market=FLAT, scenarios=[{"code": "BASE"}])
    position = PositionInput("P", product_type, "USD", TERMS[product_type], STATES_OF[product_type])
    found = valued(position, states)
    for horizon in ("1D", "3M"):
        assert found[f"ROLL_DOWN@BASE/{horizon}"] == pytest.approx(0.0, abs=2e-9)
        carry, theta = found[f"CARRY@BASE/{horizon}"], found[f"THETA@BASE/{horizon}"]
        assert theta == pytest.approx(carry, rel=0, abs=2e-9)
        assert abs(carry) > 1.0


@pytest.mark.parametrize("position", [p for p in POSITIONS if p.id and "SUPPLIED" in p.id])
def test_debt_earns_its_rate_and_spread_where_forwards_are_realised(
    position: PositionInput,
) -> None:
    """Tuckman and Serrat: if forwards are realised every bond returns the short rate, and spread.

    What can be called loses the uncertainty of its days as well.
    """
    found = valued(position, prepared(("THETA", "THETA/3M")))
    spread = float(STATES_OF[position.product_type]["spread"])
    for horizon, days in (("1D", 1), ("3M", 90)):
        h = days / 365.0
        growth = math.expm1((_zero_rate(h) + spread) * h)
        carry = found[f"CARRY@BASE/{horizon}"]
        if position.product_type == "CALLABLE_BOND":
            assert carry > found["PV@BASE"] * growth
        else:
            assert carry == pytest.approx(found["PV@BASE"] * growth, rel=1e-11)


def test_bond_is_quantlibs_with_the_evaluation_date_moved() -> None:
    """QuantLib 1.x: FixedRateBond on the same zero curve, whose reference date moves along."""
    terms = {"dated_date": "2020-02-15", "maturity_date": "2030-02-15", "coupon": "0.04"}
    terms |= {"day_count": "30/360", "frequency": "SEMIANNUAL"}
    position = PositionInput(
        "P", "FIXED_BOND", "USD", terms, {"quantity": "1000000", "spread": "0"}
    )
    found = valued(position, prepared(("THETA", "THETA/1W")))

    def worth(days: int) -> float:
        today = ql.Date(30, 12, 2022) + days
        ql.Settings.instance().evaluationDate = today
        nodes = [dt.date.fromisoformat(d) - DAY for d, _ in MARKET["curves"][0]["nodes"]]
        rates = [float(rate) for _, rate in MARKET["curves"][0]["nodes"]]
        curve = ql.ZeroCurve(
            [today, *(today + node.days for node in nodes)], [rates[0], *rates],
            ql.Actual365Fixed(), ql.NullCalendar(), ql.Linear(), ql.Continuous,
        )  # fmt: skip
        schedule = ql.Schedule(
            ql.Date(15, 2, 2020), ql.Date(15, 2, 2030), ql.Period(6, ql.Months),
            ql.NullCalendar(), ql.Unadjusted, ql.Unadjusted, ql.DateGeneration.Backward, False,
        )  # fmt: skip
        bond = ql.FixedRateBond(0, 1e6, schedule, [0.04], ql.Thirty360(ql.Thirty360.USA))
        bond.setPricingEngine(ql.DiscountingBondEngine(ql.YieldTermStructureHandle(curve)))
        return float(bond.NPV())

    try:
        for horizon, days in (("1D", 1), ("1W", 7)):
            moved = worth(days) - worth(0)
            assert found[f"THETA@BASE/{horizon}"] == pytest.approx(moved, rel=0, abs=1e-6)
    finally:
        ql.Settings.instance().evaluationDate = ql.Date()


def test_held_spot_leaves_the_interest_differential_to_a_forward() -> None:
    """EUR bought against USD: worth X P_eur - K P_usd, each leg at its own rate, X held."""
    found = valued(
        PositionInput("P", "FX_FWD", "USD", TERMS["FX_FWD"]),
        prepared(("THETA",), market=FLAT, scenarios=[{"code": "BASE"}]),
    )
    years = (dt.date(2023, 6, 30) - DAY).days / 365.0
    euros = 1e6 * 1.0666 * math.exp(-0.025 * years) * math.expm1(0.025 / 365.0)
    dollars = 1.08e6 * math.exp(-0.04 * years) * math.expm1(0.04 / 365.0)
    assert found["THETA@BASE/1D"] == pytest.approx(euros - dollars, rel=0, abs=1e-8)


@settings(max_examples=40, deadline=None)
@given(
    coupon=st.floats(0.0, 0.09),
    years=st.integers(2, 29),
    slope=st.floats(0.0, 0.002),
    spread=st.floats(-0.005, 0.08),
    horizon=st.sampled_from(["1D", "2W", "1M", "6M", "1Y"]),
)
def test_a_rising_curve_rolls_down_to_gains(
    coupon: float, years: int, slope: float, spread: float, horizon: str
) -> None:
    rates = [f"{0.01 + slope * y:.8f}" for y in (1, 10, 30)]
    nodes = [[f"{2022 + y}-12-30", rate] for y, rate in zip((1, 10, 30), rates, strict=True)]
    market = {**FLAT, "curves": [{"name": "USD-FLAT", "currency": "USD", "nodes": nodes}]}
    market |= {"discount": {"USD": "USD-FLAT"}, "fx": []}
    terms = {"dated_date": "2022-12-30", "maturity_date": f"{2022 + years}-12-30"}
    terms |= {"coupon": f"{coupon:.6f}", "day_count": "30/360"}
    state = {"quantity": "1000000", "spread": f"{spread:.6f}"}
    read = [parse({"code": "BASE"})]
    cells = default_cells([f"THETA/{horizon}"], ["BASE"], ["USD"], "USD")
    states = States(snapshot.parse(market), read, Axis(cells, DAY, "USD"))
    found = valued(PositionInput("P", "FIXED_BOND", "USD", terms, state), states)
    carry, roll, theta = (found[f"{code}@BASE/{horizon}"] for code in CODES)
    assert theta == carry + roll
    assert roll >= -1e-6
    days = horizon_days(horizon, DAY)
    assert days is not None
    # A year is no further than the first node, and the curve is flat up to that.
    growth = math.expm1((float(rates[0]) + float(state["spread"])) * days / 365)
    assert carry == pytest.approx(found["PV@BASE"] * growth, rel=1e-9, abs=1e-6)


@pytest.mark.parametrize("position", POSITIONS)
def test_no_other_number_moves_when_carry_is_asked_for(position: PositionInput) -> None:
    others = ("PV", "DV01", "KEY_RATE_DV01", "CS01", "CONVEXITY_AMOUNT", "DV25", "VEGA")
    without = valued(position, prepared(others))
    beside = valued(position, prepared((*others, "THETA", "THETA/1M", "THETA@TWIST")))
    assert {cell: beside[cell] for cell in without} == without


def test_theta_is_the_sum_of_its_rounded_parts() -> None:
    """0.4 + 0.4 of the quantum: two cells of 0 whose sum rounds to 1 by itself."""
    cells = tuple(Cell(code, "BASE", "1D") for code in CODES)
    axis = Axis(cells, DAY, "USD")
    found = answer(axis, [4e-7, 4e-7, 8e-7], "FIXED_BOND", ())
    assert isinstance(found, Answer)
    assert [found.values[str(cell)] for cell in cells] == ["0.000000"] * 3
    found = answer(axis, [1.6e-6, -7.6e-6, -6e-6], "FIXED_BOND", ())
    assert isinstance(found, Answer)
    carry, roll, theta = (Decimal(found.values[str(cell)] or "") for cell in cells)
    assert theta == carry + roll == Decimal("-0.000006")


@pytest.mark.parametrize(
    ("text", "start", "days"),
    [
        ("1D", DAY, 1),
        ("2W", DAY, 14),
        ("1M", DAY, 31),
        ("2M", DAY, 60),
        ("1M", dt.date(2024, 1, 31), 29),
        ("1Y", dt.date(2024, 2, 29), 365),
    ],
)
def test_horizon_ends_on_a_calendar_day(text: str, start: dt.date, days: int) -> None:
    assert horizon_days(text, start) == days


@pytest.mark.parametrize("text", ["", "1", "D", "0D", "01D", "-1D", "1d", "1.5M", "11Y", "9999D"])
def test_what_is_no_horizon_is_refused(text: str) -> None:
    assert horizon_days(text, DAY) is None
    with pytest.raises(AxisError, match="has no factor"):
        Axis((Cell("CARRY", "BASE", text),), DAY, "USD")


def test_theta_needs_its_parts_on_the_axis() -> None:
    with pytest.raises(AxisError, match="is a sum and needs CARRY@BASE/1D"):
        Axis((Cell("THETA", "BASE", "1D"),), DAY, "USD")


def test_a_horizon_is_asked_for_with_the_measure() -> None:
    cells = default_cells(["THETA", "CARRY/1M@UP"], ["BASE", "UP"], ["USD"], "USD")
    assert [str(cell) for cell in cells] == [
        "PV@BASE", "CARRY@BASE/1D", "ROLL_DOWN@BASE/1D", "THETA@BASE/1D", "PV@UP", "CARRY@UP/1M",
    ]  # fmt: skip


def test_every_product_has_carry_roll_down_and_convexity() -> None:
    for code in (*CODES, "CONVEXITY", "EFFECTIVE_CONVEXITY"):
        assert MEASURES[code].products == frozenset(PRODUCTS)
