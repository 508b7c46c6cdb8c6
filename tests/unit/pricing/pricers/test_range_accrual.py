"""Range accruals against a scalar loop over days, and notes repaid in parts against QuantLib."""

from __future__ import annotations

import datetime as dt
import itertools
import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import QuantLib as ql

from pricing import cashflows, valuation
from pricing.axis import Cell
from pricing.batch import Names
from pricing.failure import Failure
from pricing.position import PositionInput
from pricing.pricers.contract import Valued
from pricing.products.registry import product
from pricing.scenarios import States
from tests.quantlib_derivatives import (
    GOVT,
    MF,
    OIS_NODES,
    SWAP_NODES,
    TERM_FIXING,
    TODAY,
    curve,
    evaluated,
    iso,
    market,
    q_date,
    schedule,
    term_index,
)

MakeStates = Callable[..., States]

SMILE = {
    "name": "USD-CAP", "currency": "USD", "kind": "CAP", "model": "NORMAL",
    "expiries": ["1Y", "5Y"], "strikes": ["0.02", "0.05"],
    "values": [["0.012", "0.009"], ["0.010", "0.008"]],
}  # fmt: skip
TERMS: dict[str, Any] = {
    "dated_date": "2022-12-15",
    "maturity_date": "2027-12-15",
    "index": "TERM",
    "margin": "0",
    "day_count": "ACT/360",
    "calendar": "US-GOVT",
    "roll_convention": "MODIFIED_FOLLOWING",
    "option_model": "VOLATILITY",
    "accrual_range": {"rate": "0.06", "lower": "0.025", "upper": "0.045"},
}


@pytest.fixture(autouse=True)
def quantlib() -> Iterator[None]:
    """QuantLib's global state for the valuation day."""
    with evaluated():
        yield


def volatility(years: float, strike: float) -> float:
    """Return the surface's volatility: linear in both directions, flat beyond."""
    across = min(max((strike - 0.02) / 0.03, 0.0), 1.0)
    down = min(max((years - 1.0) / 4.0, 0.0), 1.0)
    upper, lower = 0.012 - 0.003 * across, 0.010 - 0.002 * across
    return upper + (lower - upper) * down


def reached(forward: float, bound: float, years: float) -> float:
    """Return P(rate > bound) = -dC/dK with the smile's slope: N(d) - vega dsigma/dK."""
    sigma = volatility(years, bound)
    deviation = sigma * math.sqrt(years)
    d = (forward - bound) / deviation
    density = math.exp(-d * d / 2.0) / math.sqrt(2.0 * math.pi)
    inside = 0.02 < bound < 0.05
    down = min(max((years - 1.0) / 4.0, 0.0), 1.0)
    slope = (-0.1 + (-0.2 / 3.0 + 0.1) * down) if inside else 0.0
    return 0.5 * math.erfc(-d / math.sqrt(2.0)) - math.sqrt(years) * density * slope


def share(begin: ql.Date, end: ql.Date, index: ql.IborIndex, low: float, high: float) -> float:
    """Return the expected share of days inside, day by day."""
    handle, total, day = index.forwardingTermStructure(), 0.0, begin
    while day < end:
        fixed = GOVT.adjust(day, ql.Preceding)
        if fixed <= TODAY:
            total += low <= TERM_FIXING <= high
        else:
            start = index.valueDate(fixed)
            until = index.maturityDate(start)
            basis = index.dayCounter()
            tau = basis.yearFraction(start, until)
            forward = (handle.discount(start) / handle.discount(until) - 1.0) / tau
            years = (fixed - TODAY) / 365.0
            early = basis.yearFraction(end, until)
            at_money = volatility(years, forward)
            forward += at_money**2 * years * early / (1.0 + forward * early)
            total += reached(forward, low, years) - reached(forward, high, years)
        day += 1
    return total / (end - begin)


def valued(states: States, *terms: dict[str, Any]) -> Valued:
    state = {"quantity": "1000000", "spread": "0"}
    inputs = [
        PositionInput(str(i), "FLOATING_NOTE", "USD", one, state) for i, one in enumerate(terms)
    ]
    return valuation.value(product("FLOATING_NOTE").pack(inputs, Names()).batch, states)


def prepared(make_states: MakeStates, measures: tuple[str, ...] = ("PV",)) -> States:
    return make_states(market(volatilities=[SMILE]), [{"code": "BASE"}], measures)


def test_coupons_of_a_range_are_the_days_expected_inside(make_states: MakeStates) -> None:
    index = term_index(curve(SWAP_NODES))
    states = prepared(make_states)
    state = {"quantity": "1000000", "spread": "0"}
    one = PositionInput("N", "FLOATING_NOTE", "USD", TERMS, state)
    batch = product("FLOATING_NOTE").pack([one], Names()).batch
    flows = [f for f in cashflows.cashflows(batch, states) if f.kind == "INTEREST"]
    days = list(schedule(q_date("2022-12-15"), q_date("2027-12-15"), 3))
    assert len(flows) == len(days) - 1
    for number, flow in enumerate(flows):
        begin, end = days[number], days[number + 1]
        wanted = 1e6 * 0.06 * (end - begin) / 360.0 * share(begin, end, index, 0.025, 0.045)
        assert flow.amount == pytest.approx(wanted, abs=1e-3), number


def test_a_day_on_a_bound_is_inside_and_a_range_left_by_the_fixings_earns_the_margin(
    make_states: MakeStates,
) -> None:
    """Sixteen of the first period's ninety days are fixed at 4.55%."""
    states = prepared(make_states, ("ACCRUED",))

    def accrued(**bounds: str) -> float:
        terms = {**TERMS, "margin": "0.01", "accrual_range": {"rate": "0.06", **bounds}}
        found = valued(states, terms)
        assert found.failures == [None]
        return float(found.values[0, states.axis.places[Cell("ACCRUED", "BASE")]])

    day = 1e6 * 15 / 360.0
    assert accrued(lower="0.0455", upper="0.05") == pytest.approx(day * 0.07, abs=1e-6)
    assert accrued(upper="0.0455") == pytest.approx(day * 0.07, abs=1e-6)
    assert accrued(lower="0.046") == pytest.approx(day * 0.01, abs=1e-6)


def test_ranges_that_share_a_bound_add_up(make_states: MakeStates) -> None:
    """Below, inside and above a range: some day each, so a fixed coupon together."""
    states = prepared(make_states, ("PV", "DV01", "VEGA"))
    ranges = [
        {"upper": "0.025"}, {"lower": "0.025", "upper": "0.045"}, {"lower": "0.045"},
        {"lower": "-0.5", "upper": "0.9"},
    ]  # fmt: skip
    found = valued(
        states, *({**TERMS, "accrual_range": {"rate": "0.06", **bounds}} for bounds in ranges)
    )
    assert found.failures == [None] * 4
    low, inside, high, every = found.values
    zero = valued(states, {**TERMS, "accrual_range": {"rate": "0", "upper": "1"}}).values[0]
    np.testing.assert_allclose(low + inside + high - 2.0 * zero, every, rtol=0.0, atol=1e-6)
    fixed = {name: value for name, value in TERMS.items() if name != "accrual_range"}
    fixed |= {"floor": "0.06", "cap": "0.06"}
    np.testing.assert_allclose(every[0], valued(states, fixed).values[0, 0], atol=1e-4)


def test_without_time_value_a_range_counts_forwards(make_states: MakeStates) -> None:
    states = prepared(make_states)
    terms = {**TERMS, "option_model": "INTRINSIC"}
    wide = {**terms, "accrual_range": {"rate": "0.06", "lower": "0.001", "upper": "0.2"}}
    none = {**terms, "accrual_range": {"rate": "0.06", "lower": "0.2"}}
    found = valued(states, wide, none)
    bond = curve(OIS_NODES)
    days = list(schedule(q_date("2022-12-15"), q_date("2027-12-15"), 3))
    annuity = sum(
        (end - begin) / 360.0 * bond.discount(end) for begin, end in itertools.pairwise(days)
    )
    difference = found.values[0, 0] - found.values[1, 0]
    assert difference == pytest.approx(1e6 * 0.06 * annuity, abs=1e-6)


@pytest.mark.parametrize(
    ("change", "code", "named"),
    [
        ({"accrual_range": {"rate": "0.06"}}, "TERMS_INVALID", "accrual_range.lower"),
        ({"accrual_range": {"lower": "0.01"}}, "TERMS_INVALID", "accrual_range.rate"),
        (
            {"accrual_range": {"rate": "0.06", "lower": "0.05", "upper": "0.04"}},
            "RATE_OUT_OF_RANGE",
            "accrual_range.lower",
        ),
        ({"accrual_range": {"rate": "6", "upper": "0.04"}}, "RATE_OUT_OF_RANGE", "range.rate"),
        ({"accrual_range": {"rate": "0.06", "up": "0.04"}}, "TERMS_INVALID", "terms.accrual_range"),
        ({"floor": "0.01"}, "TERMS_INVALID", "terms.floor"),
        ({"cap": "0.09"}, "TERMS_INVALID", "terms.cap"),
        ({"reset": "ARREARS"}, "TERMS_INVALID", "terms.reset"),
        ({"index": "SOFR"}, "UNKNOWN_INDEX", "SOFR"),
        ({"amortisation": "SCHEDULE"}, "TERMS_INVALID", "terms.principal_schedule"),
        ({"amortisation": "LEVEL_PAY"}, "TERMS_INVALID", "terms.amortisation"),
        ({"principal_schedule": [["2023-03-15", "10"]]}, "TERMS_INVALID", "principal_schedule"),
        (
            {"amortisation": "SCHEDULE", "principal_schedule": [["2023-03-14", "10"]]},
            "SCHEDULE_INVALID",
            "terms.principal_schedule[0]",
        ),
        (
            {"amortisation": "SCHEDULE",
             "principal_schedule": [["2023-03-15", "60"], ["2023-06-15", "50"]]},
            "AMOUNT_OUT_OF_RANGE",
            "terms.principal_schedule[1]",
        ),
        ({"dated_date": "2020-12-15"}, None, ""),
    ],
)  # fmt: skip
def test_bad_structured_notes_name_code_and_field_and_leave_their_neighbours(
    change: dict[str, Any], code: str | None, named: str, make_states: MakeStates
) -> None:
    states = prepared(make_states)
    alone = valued(states, TERMS)
    found = valued(states, {**TERMS, **change}, TERMS)
    np.testing.assert_array_equal(found.values[1], alone.values[0])
    failure = found.failures[0]
    if code is None:
        assert failure is None
        return
    assert isinstance(failure, Failure)
    assert (failure.code, named in failure.message) == (code, True), failure


def test_a_day_that_should_be_fixed_and_is_not_fails_its_note(make_states: MakeStates) -> None:
    document = market(volatilities=[SMILE])
    fixings = document["fixings"]["TERM"]
    document["fixings"]["TERM"] = [one for one in fixings if one[0] != "2022-12-21"]
    found = valued(make_states(document, [{"code": "BASE"}], ["PV"]), TERMS)
    failure = found.failures[0]
    assert isinstance(failure, Failure)
    assert (failure.code, "2022-12-21" in failure.message) == ("FIXING_MISSING", True)


@pytest.mark.parametrize("limits", [{}, {"floor": "0.04", "cap": "0.055"}], ids=["plain", "limits"])
def test_notes_repaid_in_parts_equal_quantlibs(
    limits: dict[str, str], make_states: MakeStates
) -> None:
    start, maturity = q_date("2022-12-15"), q_date("2027-12-15")
    days = schedule(start, maturity, 3)
    count = len(days) - 1
    index = term_index(curve(SWAP_NODES))
    flat = ql.ConstantOptionletVolatility(TODAY, GOVT, MF, 0.009, ql.Actual365Fixed(), ql.Normal)
    pricer = ql.BlackIborCouponPricer(ql.OptionletVolatilityStructureHandle(flat))
    surface = {**SMILE, "values": [["0.009", "0.009"], ["0.009", "0.009"]]}
    states = make_states(
        market(volatilities=[surface]), [{"code": "BASE"}],
        ["PV", "ACCRUED", "PRINCIPAL", "CLEAN_PRICE", "WAL"],
    )  # fmt: skip
    dues = [dt.date(2023, 3, 15), dt.date(2025, 6, 15), dt.date(2026, 12, 15)]
    scheduled = [[day.isoformat(), "20"] for day in dues]
    repaid = {1: 0.2, 10: 0.2, 16: 0.2}
    left = [1.0 - sum(part for k, part in repaid.items() if k <= n) for n in range(count)]
    for terms, notionals in (
        ({"amortisation": "LINEAR"}, [1.0 - n / count for n in range(count)]),
        ({"amortisation": "SCHEDULE", "principal_schedule": scheduled}, left),
    ):
        bond = ql.AmortizingFloatingRateBond(
            0, [1e6 * part for part in notionals], days, index, ql.Actual360(), MF, 2, [1.0],
            [0.01], [float(limits["cap"])] if limits else [],
            [float(limits["floor"])] if limits else [],
        )  # fmt: skip
        ql.setCouponPricer(bond.cashflows(), pricer)
        bond.setPricingEngine(ql.DiscountingBondEngine(curve(OIS_NODES)))
        one = {name: v for name, v in TERMS.items() if name != "accrual_range"}
        found = valued(states, {**one, "margin": "0.01", **limits, **terms})
        assert found.failures == [None]
        cells = {c.measure: found.values[0, i] for i, c in enumerate(states.axis.cells)}
        assert cells["PV"] == pytest.approx(bond.NPV(), abs=2e-6)
        assert cells["PRINCIPAL"] == 1e6
        assert cells["PRINCIPAL_FLOWS"] == pytest.approx(1e6, abs=1e-9)
        wanted = (bond.NPV() - cells["ACCRUED"]) / 1e4
        assert cells["CLEAN_PRICE"] == pytest.approx(wanted, abs=1e-9)
        assert iso(bond.maturityDate()) == "2027-12-15"


def test_structured_notes_have_the_same_bits_alone_reversed_and_under_fewer_scenarios(
    make_states: MakeStates,
) -> None:
    swaption = {**SMILE, "name": "USD-SWAPTION", "kind": "SWAPTION", "tenors": ["2Y", "10Y"]}
    del swaption["strikes"]
    document = market(volatilities=[SMILE, swaption])
    document["indices"]["SWAP10"] = {
        "currency": "USD", "kind": "CMS", "tenor": "10Y", "day_count": "ACT/360",
        "calendar": "US-GOVT", "fixing_lag_days": 2, "curve": "USD-SWAP", "leg_months": 6,
    }  # fmt: skip
    swap = {name: v for name, v in TERMS.items() if name != "accrual_range"}
    swap |= {"index": "SWAP10", "dated_date": "2023-01-17", "cap": "0.05", "amortisation": "LINEAR"}
    contracts = [
        TERMS, swap, {**TERMS, "accrual_range": {"rate": "0.05", "upper": "0.04"}},
        {**swap, "floor": "0.03", "margin": "0.002"}, {**TERMS, "maturity_date": "2029-12-15"},
    ]  # fmt: skip
    shocks = [{"risk": "RATE", "size": "0.003"}]
    scenarios = [{"code": "BASE"}, {"code": "UP", "shocks": shocks}]
    states = make_states(document, scenarios)
    together = valued(states, *contracts)
    assert together.failures == [None] * len(contracts)
    backwards = valued(states, *contracts[::-1])
    np.testing.assert_array_equal(backwards.values[::-1], together.values)
    for row, one in enumerate(contracts):
        np.testing.assert_array_equal(valued(states, one).values[0], together.values[row])
    base = make_states(document, scenarios[:1])
    few = valued(base, *contracts).values
    for cell, place in base.axis.places.items():
        np.testing.assert_array_equal(few[:, place], together.values[:, states.axis.places[cell]])
