"""Revolvers and delayed draws against a scalar recursion, closed forms and other products."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pricing import valuation
from pricing.axis import Axis, Cut, default_cells
from pricing.batch import Names
from pricing.cashflows import cashflows
from pricing.market import snapshot
from pricing.position import PositionInput
from pricing.products.registry import product
from pricing.scenarios import States, parse

DAY = dt.date(2022, 12, 30)
RATE = 0.04
MEASURES = (
    "PV", "CLEAN_PV", "ACCRUED", "DV01", "KEY_RATE_DV01", "CS01", "NOTIONAL", "PRINCIPAL",
    "COMMITMENT", "UNDRAWN", "EAD", "PAST_DUE", "WAL", "DIRTY_PRICE", "CLEAN_PRICE", "SPREAD",
)  # fmt: skip
TERMS: dict[str, Any] = {
    "start_date": "2021-12-30",
    "first_payment_date": "2022-03-30",
    "maturity_date": "2026-12-30",
    "commitment": "100000000",
    "interest_basis": "30/360",
    "rate": "0.07",
}
STATE: dict[str, Any] = {"spread": "0.02", "outstanding_principal": "40000000"}
DELAYED: dict[str, Any] = {**TERMS, "availability_end": "2024-06-30"}

Cells = dict[str, float]


def market(**more: Any) -> dict[str, Any]:
    """Return a flat market with an index of daily and one of quarterly rates."""
    days = [DAY - dt.timedelta(days=back) for back in range(200, -1, -1)]
    return {
        "format": "tieout.market/1",
        "as_of": DAY.isoformat(),
        "curves": [
            {"name": "USD", "currency": "USD", "nodes": [["2052-12-30", str(RATE)]]},
        ],
        "discount": {"USD": "USD"},
        "indices": {
            "SOFR": {
                "currency": "USD", "kind": "OVERNIGHT", "day_count": "ACT/360",
                "calendar": "US-GOVT", "curve": "USD",
            },
            "TERM_SOFR_3M": {
                "currency": "USD", "kind": "TERM", "tenor": "3M", "day_count": "ACT/360",
                "calendar": "US-GOVT", "fixing_lag_days": 2, "curve": "USD",
            },
        },
        "fixings": {
            name: [[day.isoformat(), "0.043"] for day in days] for name in ("SOFR", "TERM_SOFR_3M")
        },
        **more,
    }  # fmt: skip


def states(
    scenarios: Sequence[dict[str, Any]] = ({"code": "BASE"},),
    cut: Cut = Cut.END_OF_DAY,
    **more: Any,
) -> States:
    read = [parse(document) for document in scenarios]
    codes = [scenario.code for scenario in read]
    axis = Axis(default_cells(MEASURES, codes, ["USD"], "USD"), DAY, "USD", cut)
    return States(snapshot.parse(market(**more)), read, axis)


def value(
    terms: dict[str, Any],
    state: dict[str, Any] | None = None,
    on: States | None = None,
    product_type: str = "REVOLVER",
) -> Cells:
    """Return the cells of one position; a failure fails the test."""
    on = on or states()
    position = PositionInput("P", product_type, "USD", terms, {**STATE, **(state or {})})
    valued = valuation.value(product(product_type).pack([position], Names()).batch, on)
    assert valued.failures == [None]
    return dict(zip(map(str, on.axis.cells), valued.values[0].tolist(), strict=True))


def quarters(count: int) -> list[dt.date]:
    """Return the days on which the payments of TERMS are due after the valuation date."""
    months = [12 + 3 * k for k in range(1, count + 1)]
    return [dt.date(2022 + (month - 1) // 12, (month - 1) % 12 + 1, 30) for month in months]


@dataclass
class Scalar:
    """A facility written from its agreement: one loop over quarters of a fixed 30/360 rate."""

    drawn: float = 40e6
    commitment: float = 100e6
    rate: float = 0.07
    spread: float = 0.02
    path: Sequence[float] = ()
    letters: float = 0.0
    borrowing_base: float = math.inf
    steps: dict[int, float] = field(default_factory=dict)
    fees: Callable[[float, float, float], float] = lambda drawn, undrawn, committed: 0.0

    def flows(self) -> list[tuple[dt.date, float]]:
        """Return day and amount of each of the 16 payments after the valuation date."""
        days = quarters(16)
        drawn, committed = self.drawn, self.commitment
        out = []
        for k, day in enumerate(days):
            undrawn = committed - drawn
            paid = (drawn * self.rate + self.fees(drawn, undrawn, committed)) / 4.0
            if k == len(days) - 1:
                following = 0.0
            else:
                committed = self.steps.get(k + 1, committed)
                share = self.path[min(k, len(self.path) - 1)] if self.path else None
                wanted = (
                    self.drawn / self.commitment * committed if share is None else share * committed
                )
                following = max(
                    min(wanted, min(committed, self.borrowing_base) - self.letters), 0.0
                )
            out.append((day, paid + drawn - following))
            drawn = following
        return out

    def pv(self) -> float:
        return sum(
            amount * math.exp(-(RATE + self.spread) * (day - DAY).days / 365.0)
            for day, amount in self.flows()
        )

    def scale(self) -> float:
        """Return the sum of absolute flows, which tolerances refer to."""
        return sum(abs(amount) for _, amount in self.flows())


def annuity(spread: float = 0.02) -> float:
    """Return what one unit a year, paid quarterly to maturity, is worth."""
    return sum(0.25 * math.exp(-(RATE + spread) * (day - DAY).days / 365.0) for day in quarters(16))


@pytest.mark.parametrize(
    ("_case", "terms", "state", "oracle"),
    [
        ("as_tonight", {}, {}, Scalar()),
        ("undrawn", {}, {"outstanding_principal": "0"}, Scalar(drawn=0.0)),
        (
            "constant_level",
            {"utilisation": {"kind": "CONSTANT", "level": "0.65"}},
            {},
            Scalar(path=[0.65]),
        ),
        (
            "vector",
            {"utilisation": {"kind": "VECTOR", "levels": ["0.5", "0.2", "0.9", "0.35"]}},
            {},
            Scalar(path=[0.5, 0.2, 0.9, 0.35]),
        ),
        (
            "commitment_fee_on_the_unused",
            {"fees": {"commitment": "0.005"}},
            {"letters_of_credit": "15000000"},
            Scalar(letters=15e6, fees=lambda d, u, c: 0.005 * (u - 15e6)),
        ),
        (
            "commitment_fee_on_the_undrawn",
            {"fees": {"commitment": "0.005", "commitment_base": "UNDRAWN"}},
            {"letters_of_credit": "15000000"},
            Scalar(letters=15e6, fees=lambda d, u, c: 0.005 * u),
        ),
        (
            "letters_of_credit_are_undrawn_and_leave_less_to_draw",
            {
                "fees": {"letters_of_credit": "0.02"},
                "utilisation": {"kind": "CONSTANT", "level": "1"},
            },
            {"letters_of_credit": "15000000"},
            Scalar(path=[1.0], letters=15e6, fees=lambda d, u, c: 0.02 * 15e6),
        ),
        (
            "borrowing_base",
            {"utilisation": {"kind": "CONSTANT", "level": "0.9"}},
            {"borrowing_base": "55000000"},
            Scalar(path=[0.9], borrowing_base=55e6),
        ),
        (
            "facility_fee",
            {"fees": {"facility": "0.002"}},
            {},
            Scalar(fees=lambda d, u, c: 0.002 * c),
        ),
        (
            "utilisation_fee_by_tiers",
            {
                "fees": {
                    "utilisation_above": ["0.33", "0.66"],
                    "utilisation": ["0.001", "0.0025"],
                },
                "utilisation": {"kind": "VECTOR", "levels": ["0.2", "0.33", "0.5", "0.8"]},
            },
            {},
            Scalar(
                path=[0.2, 0.33, 0.5, 0.8],
                fees=lambda d, u, c: d * (0.0025 if d > 66e6 else 0.001 if d > 33e6 else 0.0),
            ),
        ),
        (
            "reductions_of_the_commitment",
            {
                "commitment_steps": [["2023-12-30", "80000000"], ["2025-06-30", "50000000"]],
                "fees": {"commitment": "0.005"},
            },
            {},
            Scalar(
                steps={4: 80e6, 10: 50e6}, fees=lambda d, u, c: 0.005 * u
            ),
        ),
    ],
)  # fmt: skip
def test_value_is_that_of_a_scalar_recursion(
    _case: str, terms: dict[str, Any], state: dict[str, Any], oracle: Scalar
) -> None:
    cells = value({**TERMS, **terms}, state)
    assert cells["PV@BASE"] == pytest.approx(oracle.pv(), abs=1e-12 * oracle.scale())
    on = states()
    position = PositionInput("P", "REVOLVER", "USD", {**TERMS, **terms}, {**STATE, **state})
    flows = cashflows(product("REVOLVER").pack([position], Names()).batch, on, "BASE")
    by_day: dict[dt.date, float] = {}
    for flow in flows:
        by_day[flow.date] = by_day.get(flow.date, 0.0) + flow.amount
    for day, amount in oracle.flows():
        assert by_day.get(day, 0.0) == pytest.approx(amount, abs=1e-12 * oracle.scale())


def test_constant_utilisation_is_a_loan_and_an_annuity_of_fees() -> None:
    """PV = PV of the drawn loan + fee x undrawn x annuity: the closed form."""
    loan = value(TERMS)["PV@BASE"]
    both = value({**TERMS, "fees": {"commitment": "0.00375", "facility": "0.001"}})["PV@BASE"]
    fees = (0.00375 * 60e6 + 0.001 * 100e6) * annuity()
    assert both == pytest.approx(loan + fees, abs=1e-12 * 140e6)


def test_fixed_bullet_loan_is_a_revolver_that_is_drawn_all_the_time() -> None:
    loan = {
        "start_date": "2021-12-30", "first_payment_date": "2022-03-30",
        "maturity_date": "2026-12-30", "frequency": "QUARTERLY", "amortisation": "BULLET",
        "original_principal": "100000000", "rate": "0.07", "interest_basis": "30/360",
    }  # fmt: skip
    state = {"outstanding_principal": "100000000"}
    revolver, term = value(TERMS, state), value(loan, state, product_type="AMORT_LOAN")
    for name in ("PV@BASE", "DV01@BASE/USD", "CS01@BASE", "ACCRUED@BASE", "DIRTY_PRICE@BASE"):
        assert revolver[name] == pytest.approx(term[name], rel=1e-9), name
    assert revolver["PV@BASE"] == pytest.approx(term["PV@BASE"], abs=1e-12 * 128e6)
    assert revolver["UNDRAWN@BASE"] == 0.0


@pytest.mark.parametrize("index", ["SOFR", "TERM_SOFR_3M"])
@pytest.mark.parametrize(
    "limits", [{}, {"floor": "0.06"}, {"cap": "0.065"}, {"index_floor": "0.05"}]
)
def test_floating_revolver_drawn_in_full_is_a_floating_note(
    index: str, limits: dict[str, str]
) -> None:
    floating = {"index": index, "margin": "0.025", **limits}
    note = {
        "dated_date": "2021-12-30", "maturity_date": "2026-12-30", "day_count": "ACT/360",
        "accrual_dates": "UNADJUSTED", **floating,
    }  # fmt: skip
    terms = {**TERMS, "rate": None, "interest_basis": "ACT/360", **floating}
    state = {"outstanding_principal": "100000000"}
    full = value(terms, state)
    other = value(note, {"quantity": "100000000"}, product_type="FLOATING_NOTE")
    for name in ("PV@BASE", "ACCRUED@BASE", "DIRTY_PRICE@BASE", "CLEAN_PRICE@BASE", "CS01@BASE"):
        assert full[name] == pytest.approx(other[name], rel=1e-12, abs=1e-6), name


@settings(max_examples=40, deadline=None)
@given(
    drawn=st.integers(0, 100),
    fee=st.floats(0.0, 0.02),
    letters=st.integers(0, 30),
    levels=st.lists(st.integers(0, 100), min_size=1, max_size=12),
)
def test_drawn_and_undrawn_are_the_commitment_and_value_is_linear_in_the_fee(
    drawn: int, fee: float, letters: int, levels: list[int]
) -> None:
    letters = min(letters, 100 - drawn)
    terms = {**TERMS, "utilisation": {"kind": "VECTOR", "levels": [f"{u / 100}" for u in levels]}}
    state = {
        "outstanding_principal": str(drawn * 10**6), "letters_of_credit": str(letters * 10**6),
    }  # fmt: skip
    free, one, two = (
        value({**terms, "fees": {"commitment": f"{size * fee:.17g}"}}, state) for size in (0, 1, 2)
    )
    assert one["PRINCIPAL@BASE"] + one["UNDRAWN@BASE"] == one["COMMITMENT@BASE"]
    slope = one["PV@BASE"] - free["PV@BASE"]
    assert two["PV@BASE"] - free["PV@BASE"] == pytest.approx(2.0 * slope, abs=1e-12 * 1e9)
    assert slope >= -1e-6


@settings(max_examples=25, deadline=None)
@given(fee=st.floats(0.0, 0.02), spread=st.floats(-0.01, 0.1))
def test_unused_revolver_is_its_fees_alone(fee: float, spread: float) -> None:
    cells = value(
        {**TERMS, "fees": {"commitment": f"{fee:.17g}"}},
        {"outstanding_principal": "0", "spread": f"{spread:.17g}"},
    )
    assert cells["PV@BASE"] == pytest.approx(fee * 100e6 * annuity(spread), abs=1e-12 * 8e6)


@settings(max_examples=25, deadline=None)
@given(levels=st.lists(st.integers(0, 100), min_size=1, max_size=16))
def test_key_rates_add_up_to_the_parallel_shift(levels: list[int]) -> None:
    terms = {
        **TERMS, "rate": None, "index": "TERM_SOFR_3M", "margin": "0.03",
        "utilisation": {"kind": "VECTOR", "levels": [f"{u / 100}" for u in levels]},
    }  # fmt: skip
    cells = value(terms)
    ladder = sum(amount for name, amount in cells.items() if name.startswith("KEY_RATE_DV01"))
    assert ladder == pytest.approx(cells["DV01@BASE/USD"], abs=1.0)


def test_exposure_at_default_converts_letters_and_the_rest_by_their_factors() -> None:
    """BCBS CRE20: 40% of a commitment, 10% if cancellable at will, letters 100%, 50% or 20%."""
    state = {"letters_of_credit": "10000000"}
    assert value(TERMS, state)["EAD@BASE"] == pytest.approx(40e6 + 0.4 * 50e6 + 10e6)
    trade = {**TERMS, "letter_of_credit_kind": "TRADE", "unconditionally_cancellable": True}
    assert value(trade, state)["EAD@BASE"] == pytest.approx(40e6 + 0.1 * 50e6 + 0.2 * 10e6)
    assert value(TERMS, {**state, "ccf_override": "0.75"})["EAD@BASE"] == pytest.approx(
        40e6 + 37.5e6 + 10e6
    )


def test_prices_are_per_hundred_of_the_commitment() -> None:
    cells = value({**TERMS, "fees": {"commitment": "0.005"}})
    assert cells["DIRTY_PRICE@BASE"] == pytest.approx(cells["PV@BASE"] / 1e6, rel=1e-12)


def test_mark_is_reproduced_by_the_solved_spread() -> None:
    terms = {**TERMS, "fees": {"commitment": "0.005"}}
    spreads = [{"currency": "USD", "rating": "BB", "sector": "ALL", "nodes": [["1Y", "0.02"]]}]
    on = states(spreads=spreads)
    state = {**STATE, "spread": None, "spread_source": "MARK", "mark_price": "39.25"}
    position = PositionInput("P", "REVOLVER", "USD", terms, state, "BB", "")
    valued = valuation.value(product("REVOLVER").pack([position], Names()).batch, on)
    assert valued.failures == [None]
    cells = dict(zip(map(str, on.axis.cells), valued.values[0].tolist(), strict=True))
    assert cells["CLEAN_PRICE@BASE"] == pytest.approx(39.25, abs=1e-9)


def test_drawing_follows_the_widening_of_the_spread() -> None:
    """u = u0 + LEQ (1 - u0) widening / width, within [-1, 1] of the width: drawn by scenario."""
    terms = {**TERMS, "utilisation": {"kind": "CREDIT", "leq": "0.5", "widening": "0.02"}}
    scenarios = [
        {"code": "BASE"},
        *(
            {"code": code, "shocks": [{"risk": "SPREAD", "size": size}]}
            for code, size in (("HALF", "0.01"), ("FULL", "0.02"), ("BEYOND", "0.05"))
        ),
    ]
    on = states(scenarios)
    cells = value(terms, on=on)
    for code, share, shock in (
        ("BASE", 0.4, 0.0), ("HALF", 0.55, 0.01), ("FULL", 0.7, 0.02), ("BEYOND", 0.7, 0.05),
    ):  # fmt: skip
        oracle = Scalar(path=[share], spread=0.02 + shock)
        assert cells[f"PV@{code}"] == pytest.approx(oracle.pv(), abs=1e-12 * 3 * oracle.scale())


def test_credit_sensitivity_sees_the_drawing() -> None:
    """CS01 of a credit-dependent path is the difference of two recursions 2bp apart."""
    terms = {**TERMS, "utilisation": {"kind": "CREDIT", "leq": "0.5", "widening": "0.02"}}
    reach = 0.5 * 0.6 / 0.02
    up, down = (
        Scalar(path=[0.4 + reach * bump], spread=0.02 + bump).pv() for bump in (1e-4, -1e-4)
    )
    assert value(terms)["CS01@BASE"] == pytest.approx((down - up) / 2.0, abs=1e-12 * 4e8)


def test_delayed_draw_ticks_until_it_ends_and_then_amortises() -> None:
    """Written from the agreement: drawn 40, 60 and 75 of 100; the rest lapses in June 2024."""
    terms = {
        **DELAYED,
        "fees": {"ticking": "0.01", "ticking_steps": [["2023-12-30", "0.02"]]},
        "draws": [["2023-03-30", "20000000"], ["2023-12-30", "15000000"]],
        "amortisation_rate": "0.05",
    }
    pv, drawn = 0.0, 40e6
    for k, day in enumerate(quarters(16), start=1):
        undrawn = 100e6 - drawn if k <= 6 else 0.0
        fee = 0.02 if k >= 5 else 0.01
        following = {1: 60e6, 4: 75e6}.get(k, drawn)
        if k >= 7:
            following = 75e6 * (1.0 - 0.0125 * (k - 6))
        if k == 16:
            following = 0.0
        paid = (drawn * 0.07 + undrawn * fee) / 4.0 + drawn - following
        pv += paid * math.exp(-0.06 * (day - DAY).days / 365.0)
        drawn = following
    assert value(terms, product_type="DELAYED_DRAW")["PV@BASE"] == pytest.approx(
        pv, abs=1e-12 * 5e8
    )


def test_lapsed_delayed_draw_commits_no_more_than_is_drawn() -> None:
    terms = {**DELAYED, "availability_end": "2022-12-30", "fees": {"ticking": "0.01"}}
    cells = value(terms, {"undrawn": "60000000"}, product_type="DELAYED_DRAW")
    assert cells["COMMITMENT@BASE"] == 40e6
    assert cells["UNDRAWN@BASE"] == 0.0
    assert cells["PV@BASE"] == pytest.approx(value(TERMS)["PV@BASE"], rel=1e-13)


def test_our_share_of_a_facility_is_its_share_of_every_amount() -> None:
    terms = {**TERMS, "fees": {"commitment": "0.005"}}
    whole = value(terms)
    part = value(terms, {"outstanding_principal": "10000000", "share_of_facility": "0.25"})
    stated = value(terms, {"outstanding_principal": "10000000", "undrawn": "15000000"})
    for name in ("PV@BASE", "COMMITMENT@BASE", "EAD@BASE", "CS01@BASE"):
        assert part[name] == pytest.approx(whole[name] / 4.0, rel=1e-12)
        assert stated[name] == pytest.approx(part[name], rel=1e-12)
    assert part["DIRTY_PRICE@BASE"] == pytest.approx(whole["DIRTY_PRICE@BASE"], rel=1e-12)


def test_accrued_counts_interest_and_fees_of_the_days_gone() -> None:
    """45 days of 30/360 into the quarter."""
    terms = {
        **TERMS, "start_date": "2021-11-15", "first_payment_date": "2022-02-15",
        "maturity_date": "2026-11-15", "fees": {"commitment": "0.005", "basis": "ACT/360"},
    }  # fmt: skip
    expected = 40e6 * 0.07 * 45 / 360 + 60e6 * 0.005 * 45 / 360
    cells = value(terms)
    assert cells["ACCRUED@BASE"] == pytest.approx(expected, rel=1e-12)
    stopped = value(terms, {"accrual_status": "NON_ACCRUAL"})
    assert stopped["ACCRUED@BASE"] == 0.0
    assert stopped["CLEAN_PV@BASE"] == stopped["PV@BASE"]


def test_past_due_principal_is_owed_and_not_in_the_value() -> None:
    cells = value(TERMS, {"past_due_principal": "5000000", "status": "PAST_DUE"})
    assert cells["PAST_DUE@BASE"] == 5e6
    assert cells["PRINCIPAL@BASE"] == 40e6
    assert cells["PV@BASE"] == pytest.approx(value(TERMS)["PV@BASE"] * 35 / 40, rel=1e-12)


def test_missing_fixing_is_a_failure_and_no_forward() -> None:
    terms = {**TERMS, "rate": None, "index": "SOFR", "margin": "0.02", "start_date": "2021-11-15",
             "first_payment_date": "2022-02-15", "maturity_date": "2026-11-15"}  # fmt: skip
    on = states(fixings={"SOFR": [["2022-12-29", "0.043"]]})
    position = PositionInput("P", "REVOLVER", "USD", terms, STATE)
    failure = valuation.value(product("REVOLVER").pack([position], Names()).batch, on).failures[0]
    assert failure is not None
    assert failure.code == "FIXING_MISSING"
    assert "2022-11-15" in failure.message
