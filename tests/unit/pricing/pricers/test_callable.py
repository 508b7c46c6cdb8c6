"""Callable bonds and loans against closed forms, QuantLib's models, the tree and revaluation."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import QuantLib as ql

from pricing import valuation
from pricing.axis import Axis, default_cells
from pricing.batch import Batch, Names
from pricing.cashflows import cashflows
from pricing.failure import Failure
from pricing.hull_white import grid, trinomial
from pricing.market import snapshot
from pricing.position import PositionInput
from pricing.products.registry import product
from pricing.scenarios import States, parse
from tests.quantlib_oracle import ql_date

DAY = dt.date(2022, 12, 30)
NODES = [("2023-03-30", 0.0437), ("2024-12-30", 0.0439), ("2032-12-30", 0.0385)]
MEASURES = (
    "PV", "CLEAN_PV", "DV01", "KEY_RATE_DV01", "CS01", "CS25", "DV25", "CONVEXITY", "VEGA", "OAS",
    "OPTION_VALUE", "SPREAD", "CLEAN_PRICE", "DIRTY_PRICE", "WAL", "OPTION_VALUE@UP",
)  # fmt: skip
SCENARIOS: list[dict[str, Any]] = [
    {"code": "BASE"},
    {"code": "UP", "shocks": [{"risk": "RATE", "size": "0.01"}]},
    {"code": "WIDER", "shocks": [{"risk": "SPREAD", "size": "0.01"}]},
    {"code": "CALM", "shocks": [{"risk": "VOLATILITY", "mode": "RELATIVE", "size": "-0.2"}]},
]
TERMS: dict[str, Any] = {
    "dated_date": "2020-02-15",
    "maturity_date": "2032-02-15",
    "coupon": "0.055",
    "day_count": "30/360",
    "call_schedule": [["2025-02-15", "102"], ["2026-02-15", "101"], ["2027-02-15", "100"]],
}
STATE: dict[str, Any] = {"quantity": "1000000", "spread": "0.01"}
COUPON_DATES = [f"{year}-{month:02d}-15" for year in range(2023, 2032) for month in (2, 8)]
"""Those before the last one, on which the bond matures."""


def states(
    *,
    shift: Callable[[float], float] = lambda _: 0.0,
    reversion: float = 0.03,
    sigma: float = 0.0095,
    measures: tuple[str, ...] = MEASURES,
    scenarios: list[dict[str, Any]] = SCENARIOS,
    **more: Any,
) -> States:
    market = {
        "format": "tieout.market/1",
        "as_of": "2022-12-30",
        "curves": [
            {
                "name": "USD",
                "currency": "USD",
                "nodes": [[date, repr(zero + shift(years(date)))] for date, zero in NODES],
            }
        ],
        "discount": {"USD": "USD"},
        "spreads": [
            {
                "currency": "USD", "rating": "BBB", "sector": "ALL",
                "nodes": [["1Y", "0.011"], ["10Y", "0.019"]],
            }
        ],
        "models": {
            "USD": {"hull_white": {"mean_reversion": repr(reversion), "sigma": repr(sigma)}}
        },
        **more,
    }  # fmt: skip
    read = [parse(document) for document in scenarios]
    codes = [scenario.code for scenario in read]
    asked = [m for m in measures if "@" not in m or m.partition("@")[2] in codes]
    cells = default_cells(asked, codes, ["USD"], "USD")
    return States(snapshot.parse(market), read, Axis(cells, DAY, "USD"))


def position(
    terms: dict[str, Any] | None = None, state: dict[str, Any] | None = None, name: str = "C"
) -> PositionInput:
    merged, now = {**TERMS, **(terms or {})}, {**STATE, **(state or {})}
    return PositionInput(name, "CALLABLE_BOND", "USD", merged, now, "BBB", "CORP")


def packed(*positions: PositionInput) -> Batch:
    found = product("CALLABLE_BOND").pack(positions, Names())
    assert found.failures == [None] * len(positions)
    return found.batch


def value(what: PositionInput, market: States | None = None) -> dict[str, float]:
    market = market or states()
    valued = valuation.value(packed(what), market)
    assert valued.failures == [None]
    return {str(c): float(x) for c, x in zip(market.axis.cells, valued.values[0], strict=True)}


def bullet(
    terms: dict[str, Any] | None = None, market: States | None = None, cell: str = "PV@BASE"
) -> float:
    """Return a cell without options: that of the same promises as a FIXED_BOND."""
    merged = {**TERMS, **(terms or {})}
    plain = {k: v for k, v in merged.items() if not k.startswith(("call", "put", "make"))}
    one = PositionInput("B", "FIXED_BOND", "USD", plain, STATE, "BBB", "CORP")
    market = market or states()
    found = product("FIXED_BOND").pack([one], Names())
    valued = valuation.value(found.batch, market)
    assert valued.failures == [None]
    place = [str(c) for c in market.axis.cells].index(cell)
    return float(valued.values[0, place])


def constant(shift: float) -> Callable[[float], float]:
    return lambda _: shift


def test_effective_duration_of_fixed_payments_is_their_revaluation() -> None:
    low, high = (bullet(market=states(shift=constant(by))) for by in (-25e-4, 25e-4))
    assert bullet(cell="DV25@BASE") == pytest.approx(low - high, rel=1e-10)


def years(date: str) -> float:
    return (dt.date.fromisoformat(date) - DAY).days / 365.0


def zero(years: float) -> float:
    times = [(dt.date.fromisoformat(date) - DAY).days / 365.0 for date, _ in NODES]
    return float(np.interp(years, times, [rate for _, rate in NODES]))


def discount(years: float, spread: float = 0.0) -> float:
    return math.exp(-(zero(years) + spread) * years)


@pytest.mark.parametrize(("reversion", "sigma"), [(0.03, 0.0095), (0.0, 0.012), (0.4, 0.02)])
def test_bond_without_coupons_called_once_is_the_closed_form(
    reversion: float, sigma: float
) -> None:
    # Hull-White's price of a European option on a zero-coupon bond: Brigo-Mercurio (3.40).
    terms = {"coupon": "0", "call_schedule": [["2027-02-15", "85"]], "call_style": "EUROPEAN"}
    market = states(reversion=reversion, sigma=sigma)
    found = value(position(terms, {"spread": "0"}), market)
    expiry, end = ((dt.date(y, 2, 15) - DAY).days / 365.0 for y in (2027, 2032))
    b = (end - expiry) if reversion == 0 else -math.expm1(-reversion * (end - expiry)) / reversion
    q = expiry if reversion == 0 else -math.expm1(-2 * reversion * expiry) / (2 * reversion)
    deviation = sigma * b * math.sqrt(q)
    long, short = discount(end), discount(expiry)
    h = math.log(long / (0.85 * short)) / deviation + deviation / 2

    def normal(x: float) -> float:
        return 0.5 * math.erfc(-x / math.sqrt(2.0))

    option = long * normal(h) - 0.85 * short * normal(h - deviation)
    assert found["OPTION_VALUE@BASE"] / 1e4 == pytest.approx(option * 100, abs=2e-5)
    assert found["PV@BASE"] / 1e4 == pytest.approx((long - option) * 100, abs=2e-5)


LOAN: dict[str, Any] = {
    "dated_date": "2021-06-15",
    "maturity_date": "2031-06-15",
    "coupon": "0.05",
    "day_count": "30/360",
    "frequency": "QUARTERLY",
    "amortisation": "LEVEL_PAY",
    "call_schedule": None,
}
LOAN_DATES = [f"{year}-{month:02d}-15" for year in range(2023, 2032) for month in (3, 6, 9, 12)][
    :-3
]
PENALTY = [[date, repr(103.0 - 0.5 * min(i // 4, 6))] for i, date in enumerate(LOAN_DATES)]


def promised(terms: dict[str, Any]) -> tuple[list[int], list[float], list[float]]:
    """Return days, interest and principal per 100 of face by payment."""
    batch = packed(position(terms, {"quantity": "100", "spread": "0"}))
    flows = cashflows(batch, states(), "BASE")
    days = sorted({(flow.date - DAY).days for flow in flows if flow.kind != "OPTION"})
    interest, principal = dict.fromkeys(days, 0.0), dict.fromkeys(days, 0.0)
    for flow in flows:
        at = (flow.date - DAY).days
        if flow.kind == "INTEREST":
            interest[at] += flow.amount
        elif flow.kind != "OPTION":
            principal[at] += flow.amount
    return days, list(interest.values()), list(principal.values())


def test_prepayable_loan_with_penalties_is_what_the_tree_converges_to() -> None:
    terms = {**LOAN, "call_schedule": PENALTY[:-1]}
    days, interest, principal = promised(terms)
    left = sum(principal) - np.cumsum(principal)
    prices = {(dt.date.fromisoformat(d) - DAY).days: float(price) for d, price in PENALTY[:-1]}

    def tree(steps: int) -> float:
        times = np.array(list(ql.TimeGrid([day / 365.0 for day in days], steps)))
        paid = np.zeros((len(times), 1))
        calls = np.full((len(times), 1), np.inf)
        for k, day in enumerate(days):
            at = int(np.argmin(np.abs(times - day / 365.0)))
            paid[at] += interest[k] + principal[k]
            if day in prices:
                calls[at] = left[k] * prices[day] / 100.0
        curve = np.array([[discount(t)] for t in times])
        return float(
            trinomial.value(times, curve, 0.03, 0.0095, paid, calls, np.full_like(calls, -np.inf))[
                0, 0
            ]
        )

    found = value(position(terms, {"quantity": "100", "spread": "0"}))["PV@BASE"]
    assert found == pytest.approx(2 * tree(1200) - tree(600), abs=1e-3)


def test_prepayable_loan_is_quantlibs_bermudan_swaption_on_an_amortising_swap() -> None:
    # Repaying at par is giving back the loan for its balance: the option to receive the loan's
    # fixed payments for those of a floating leg that is always worth par.
    terms = {**LOAN, "call_schedule": [[date, "100"] for date in LOAN_DATES[:-1]]}
    days, _, principal = promised(terms)
    ql.Settings.instance().evaluationDate = ql_date(DAY)
    start = ql_date(dt.date.fromisoformat(LOAN_DATES[0]))
    curve = ql.YieldTermStructureHandle(
        ql.ZeroCurve(
            [ql_date(DAY), *(ql_date(dt.date.fromisoformat(date)) for date, _ in NODES)],
            [NODES[0][1], *(rate for _, rate in NODES)],
            ql.Actual365Fixed(), ql.NullCalendar(), ql.Linear(), ql.Continuous,
        )
    )  # fmt: skip
    schedule = ql.Schedule(
        start, ql_date(dt.date(2031, 6, 15)), ql.Period(3, ql.Months), ql.NullCalendar(),
        ql.Unadjusted, ql.Unadjusted, ql.DateGeneration.Backward, False,
    )  # fmt: skip
    index = ql.IborIndex(
        "PAR", ql.Period(3, ql.Months), 0, ql.USDCurrency(), ql.NullCalendar(), ql.Unadjusted,
        False, ql.Actual365Fixed(), curve,
    )  # fmt: skip
    balances = [float(sum(principal[k + 1 :])) for k in range(len(days) - 1)]
    swap = ql.NonstandardSwap(
        ql.Swap.Receiver, balances, balances, schedule, [0.05] * len(balances),
        ql.Thirty360(ql.Thirty360.BondBasis), schedule, index, [1.0] * len(balances),
        [0.0] * len(balances), ql.Actual365Fixed(),
    )  # fmt: skip
    exercise = ql.BermudanExercise(list(schedule)[:-1])
    option = ql.NonstandardSwaption(swap, exercise)
    model = ql.Gsr(curve, [], [ql.QuoteHandle(ql.SimpleQuote(0.0095))],
                   [ql.QuoteHandle(ql.SimpleQuote(0.03))], 60.0)  # fmt: skip
    option.setPricingEngine(ql.Gaussian1dNonstandardSwaptionEngine(model, 128, 7.0, True, False))
    found = value(position(terms, {"quantity": "100", "spread": "0"}))
    assert found["OPTION_VALUE@BASE"] == pytest.approx(option.NPV(), abs=1e-3)
    assert found["OPTION_VALUE@BASE"] > 0.5


@pytest.mark.parametrize(
    "terms",
    [
        {},
        {"call_schedule": [[date, "100"] for date in COUPON_DATES], "call_notice_days": 30},
        {"call_style": "AMERICAN"},
        {"call_schedule": None, "put_schedule": [["2026-02-15", "99"], ["2028-02-15", "100"]]},
    ],
    ids=["calls", "notice", "american", "puts"],
)
def test_sensitivities_are_revaluations_of_the_shifted_market(terms: dict[str, Any]) -> None:
    what = position(terms)
    base = value(what)

    def moved(shift: float) -> float:
        return value(what, states(shift=lambda _: shift))["PV@BASE"]

    bp = 1e-4
    assert base["DV01@BASE/USD"] == pytest.approx((moved(-bp) - moved(bp)) / 2, abs=1e-6)
    assert base["DV25@BASE"] == pytest.approx(moved(-25 * bp) - moved(25 * bp), abs=1e-5)
    convexity = (moved(-25 * bp) + moved(25 * bp) - 2 * base["PV@BASE"]) / (25 * bp) ** 2
    assert base["CONVEXITY_AMOUNT@BASE"] == pytest.approx(convexity, rel=1e-8, abs=10)
    ladder = sum(v for k, v in base.items() if k.startswith("KEY_RATE_DV01"))
    assert ladder == pytest.approx(base["DV01@BASE/USD"], rel=1e-4)
    up, down = (value(what, states(sigma=0.0095 + step))["PV@BASE"] for step in (1e-4, -1e-4))
    assert base["VEGA@BASE"] == pytest.approx((up - down) / 2, abs=1e-5)
    assert base["PV@CALM"] == pytest.approx(value(what, states(sigma=0.0076))["PV@BASE"], abs=1e-5)


def test_called_bond_is_negatively_convex_and_shorter_than_its_promise() -> None:
    found = value(position({"call_schedule": [[date, "100"] for date in COUPON_DATES]}))
    assert found["CONVEXITY_AMOUNT@BASE"] < 0
    assert 0 < found["DV01@BASE/USD"] < 0.7 * 1e-4 * bullet() * 7


@pytest.mark.parametrize(("source", "price"), [("MARK", "99"), ("MARK", "92.5"), ("MARK", "103")])
def test_solved_spread_reproduces_the_mark_and_is_frozen_in_scenarios(
    source: str, price: str
) -> None:
    terms = {"call_style": "AMERICAN"}
    market = states(settlement_days={"USD": 2})
    marked = {"spread_source": source, "mark_price": price, "spread": None}
    found = value(position(terms, marked), market)
    assert found["CLEAN_PRICE@BASE"] == pytest.approx(float(price), abs=1e-9)
    # The constant spread that gives the same value does so when it is supplied.
    supplied = value(position(terms, {"spread": repr(found["OAS@BASE"])}), market)
    assert supplied["CLEAN_PRICE@BASE"] == pytest.approx(float(price), abs=1e-8)
    assert supplied["OAS@BASE"] == found["OAS@BASE"]
    # A residual over the matrix is added to the matrix in every scenario.
    moved = value(
        position(terms, {**marked, "mark_price": repr(found["CLEAN_PRICE@BASE"])}), market
    )
    assert moved["PV@UP"] == pytest.approx(found["PV@UP"], rel=1e-12)


def test_mark_that_no_spread_reproduces_is_a_failure() -> None:
    absurd = {"spread_source": "MARK", "mark_price": "999999", "spread": None}
    valued = valuation.value(packed(position({}, absurd), position()), states())
    assert [f and f.code for f in valued.failures] == ["SPREAD_NOT_SOLVED", None]


def test_oas_of_zero_is_the_models_own_price() -> None:
    market = states()
    free = value(position({}, {"spread": "0"}), market)
    price = repr(free["CLEAN_PRICE@BASE"])
    marked = {"spread_source": "MARK", "mark_price": price, "spread": None}
    found = value(position({}, marked), market)
    assert found["OAS@BASE"] == pytest.approx(0.0, abs=1e-10)


def test_zero_volatility_is_the_worst_of_the_certain_ends() -> None:
    prices = [[date, repr(100.0 + 0.1 * k)] for k, date in enumerate(COUPON_DATES)]
    found = value(position({"call_schedule": prices}), states(sigma=0.0))
    ends = []
    for last, price in [*((d, float(p)) for d, p in prices), ("2032-02-15", 100.0)]:
        paid = [date for date in [*COUPON_DATES, "2032-02-15"] if date <= last]
        total = sum(2.75 * discount(years(date), 0.01) for date in paid)
        ends.append((total + price * discount(years(last), 0.01)) * 1e4)
    assert found["PV@BASE"] == pytest.approx(min(ends), rel=1e-9)


def test_more_rights_of_the_issuer_are_worth_less_to_the_holder() -> None:
    once = {"call_schedule": [["2026-02-15", "100"]], "call_style": "EUROPEAN"}
    dates = {"call_schedule": [[d, "100"] for d in COUPON_DATES if d >= "2026-02-15"]}
    always = {"call_schedule": [["2026-02-15", "100"]], "call_style": "AMERICAN"}
    values = [value(position(terms))["PV@BASE"] for terms in (once, dates, always)]
    assert bullet() > values[0] > values[1] > values[2]


def test_monthly_dates_stand_for_an_american_right() -> None:
    always = {"call_schedule": [["2026-02-15", "100"]], "call_style": "AMERICAN"}
    first, last = dt.date(2026, 2, 15), dt.date(2032, 2, 10)
    weekly = [
        [(first + dt.timedelta(days=days)).isoformat(), "100"]
        for days in range(0, (last - first).days, 7)
    ]
    monthly = value(position(always))["PV@BASE"] / 1e4
    dense = value(position({"call_schedule": weekly}))["PV@BASE"] / 1e4
    assert 0.0 <= monthly - dense < 0.05


def test_an_american_right_is_the_bermudan_one_of_its_decision_days() -> None:
    first, last = dt.date(2026, 2, 15), dt.date(2032, 2, 15)
    weekly = [
        [(first + dt.timedelta(days=days)).isoformat(), "100"]
        for days in range(0, (last - first).days, 7)
    ]
    always = {
        "call_schedule": [["2026-02-15", "100"]], "call_style": "AMERICAN",
        "exercise_step_days": 7,
    }  # fmt: skip
    assert value(position(always)) == value(position({"call_schedule": weekly}))


@pytest.mark.parametrize(
    ("right", "sign"),
    [
        pytest.param({"call_schedule": [["2026-02-15", "100"]], "call_style": "AMERICAN"}, 1.0,
                     id="call"),
        pytest.param({"call_schedule": None, "put_schedule": [["2026-02-15", "100"]],
                      "put_style": "AMERICAN"}, -1.0, id="put"),
    ],
)  # fmt: skip
def test_denser_decisions_converge_from_one_side_and_by_the_step(
    right: dict[str, Any], sign: float
) -> None:
    """A day more between decisions costs the right some 0.0004 per 100 of the bond."""
    market = states(measures=("PV",), scenarios=[{"code": "BASE"}])
    found = [
        sign * value(position({**right, "exercise_step_days": step}), market)["PV@BASE"] / 1e4
        for step in (28, 14, 7, 3)
    ]
    assert found == sorted(found, reverse=True)
    monthly = sign * value(position(right), market)["PV@BASE"] / 1e4
    assert 0.0 < monthly - found[-1] < 0.01
    assert found[2] - found[3] < 0.002
    slopes = [(a - b) / days for a, b, days in zip(found, found[1:], (14, 7, 4), strict=False)]
    assert all(1e-4 < slope < 8e-4 for slope in slopes)


def test_notice_takes_from_the_issuer_what_rates_do_meanwhile() -> None:
    calls = {"call_schedule": [[date, "100"] for date in COUPON_DATES[4:]]}
    values = [value(position({**calls, "call_notice_days": n}))["PV@BASE"] for n in (0, 30, 90)]
    assert values[0] < values[1] < values[2] < bullet()


def test_notice_that_has_passed_leaves_no_right() -> None:
    call = {"call_schedule": [["2023-02-15", "90"]], "call_notice_days": 60}
    assert value(position(call))["PV@BASE"] == pytest.approx(bullet(), rel=1e-12)


def test_call_at_the_value_of_what_is_left_is_worth_nothing() -> None:
    # Made whole at the bond's own spread, with a price that never binds.
    calls = {
        "call_schedule": [[date, "1"] for date in COUPON_DATES],
        "make_whole_spread": "0.01",
    }
    found = value(position(calls))
    assert found["PV@BASE"] == pytest.approx(bullet(), abs=0.5)
    dearer = value(position({**calls, "make_whole_spread": "0.005"}))
    assert dearer["PV@BASE"] == pytest.approx(bullet(), abs=0.5)
    # A price at a wider spread than the bond's is one the issuer takes at once.
    cheaper = value(position({**calls, "make_whole_spread": "0.02"}))
    assert cheaper["PV@BASE"] < 0.96 * bullet()


def test_par_call_after_the_make_whole_period_is_a_call_at_par() -> None:
    calls = [[date, "100"] for date in COUPON_DATES]
    until = {"make_whole_spread": "-0.02", "make_whole_end_date": "2027-02-15"}
    found = value(position({"call_schedule": calls, **until}))
    late = [pair for pair in calls if pair[0] > "2027-02-15"]
    assert found["PV@BASE"] == pytest.approx(
        value(position({"call_schedule": late}))["PV@BASE"], abs=1.0
    )


def test_put_is_before_the_call_on_the_same_date() -> None:
    rights = {
        "call_schedule": [["2026-02-15", "90"]],
        "put_schedule": [["2026-02-15", "100"]],
    }
    only = {"call_schedule": None, "put_schedule": [["2026-02-15", "100"]]}
    found = value(position(rights), states(sigma=0.0001))
    ended = value(position({**only, "coupon": "0.055"}), states(sigma=0.0001))
    assert found["PV@BASE"] <= ended["PV@BASE"] + 1e-6
    certain = 100 * discount(years("2026-02-15"), 0.01) + sum(
        2.75 * discount(years(date), 0.01) for date in COUPON_DATES if date <= "2026-02-15"
    )
    assert found["PV@BASE"] / 1e4 == pytest.approx(certain, abs=1e-6)


def test_flows_and_the_option_add_up_to_the_value() -> None:
    batch = packed(position({"call_style": "AMERICAN"}))
    market = states()
    for scenario in ("BASE", "UP", "WIDER"):
        flows = cashflows(batch, market, scenario)
        at = next(i for i, c in enumerate(market.axis.cells) if str(c) == f"PV@{scenario}")
        worth = valuation.value(batch, market).values[0, at]
        assert sum(flow.pv for flow in flows) == pytest.approx(worth, abs=1e-6)
        assert [flow.kind for flow in flows if flow.pv < 0] == ["OPTION"]


def test_liability_and_short_position_are_the_opposite() -> None:
    asset, owed = value(position()), value(position({}, {"side": "LIABILITY"}))
    short = value(position({}, {"quantity": "-1000000"}))
    for cell in ("PV@BASE", "DV01@BASE/USD", "OPTION_VALUE@BASE", "VEGA@BASE"):
        assert owed[cell] == -asset[cell]
        assert short[cell] == pytest.approx(-asset[cell], rel=1e-12)
    for cell in ("CLEAN_PRICE@BASE", "OAS@BASE"):
        assert owed[cell] == asset[cell]


def test_factor_scales_the_balance() -> None:
    terms = {**LOAN, "call_schedule": PENALTY[:-1]}
    scheduled = value(position(terms))
    half = value(position(terms, {"pool_factor": repr(scheduled["PRINCIPAL_FLOWS@BASE"] / 2e6)}))
    assert half["PV@BASE"] == pytest.approx(scheduled["PV@BASE"] / 2, rel=1e-9)


def test_balloon_and_interest_only_loans_repay_their_face() -> None:
    for more in (
        {"amortisation_payments": 100},
        {"interest_only_payments": 8},
        {"amortisation": "LINEAR", "amortisation_payments": 80, "interest_only_payments": 4},
    ):
        terms = {**LOAN, **more, "call_schedule": PENALTY[:-1]}
        batch = packed(position(terms, {"quantity": "100", "spread": "0"}))
        _, _, principal = promised(terms)
        assert sum(principal) == pytest.approx(
            float(valuation.value(batch, states()).values[0, _place("PRINCIPAL_FLOWS")]), rel=1e-12
        )
        assert principal[-1] > 10.0 or "interest_only_payments" in more


def _place(measure: str) -> int:
    cells = states().axis.cells
    return next(i for i, cell in enumerate(cells) if cell.measure == measure)


def test_currency_without_a_model_is_a_failure() -> None:
    market = states()
    bare = states(models={})
    valued = valuation.value(packed(position()), bare)
    assert valued.failures == [
        Failure("MODEL_MISSING", "the market has no Hull-White parameters for USD")
    ]
    names = valuation.value(packed(position()), market).dependency_names
    assert "model/USD/hull_white" in names[1]


def book(count: int) -> list[PositionInput]:
    rng = np.random.default_rng(3)
    found = []
    for i in range(count):
        years = int(rng.integers(2, 25))
        maturity = dt.date(2023 + years, int(rng.integers(1, 13)), int(rng.integers(1, 29)))
        first = dt.date(2024, maturity.month, maturity.day)
        calls = [
            [first.replace(year=first.year + k).isoformat(), repr(103.0 - min(k, 3))]
            for k in range(years)
            if first.replace(year=first.year + k) < maturity
        ][: int(rng.integers(1, 30))]
        terms: dict[str, Any] = {
            "dated_date": "2022-01-15",
            "maturity_date": maturity.isoformat(),
            "coupon": f"{rng.uniform(0.02, 0.08):.5f}",
            "frequency": str(rng.choice(["QUARTERLY", "SEMIANNUAL", "ANNUAL"])),
            "amortisation": str(rng.choice(["BULLET", "BULLET", "LEVEL_PAY", "LINEAR"])),
            "calendar": str(rng.choice(["NONE", "US"])),
            "roll_convention": str(rng.choice(["UNADJUSTED", "MODIFIED_FOLLOWING"])),
            "call_schedule": calls,
            "call_notice_days": int(rng.choice([0, 0, 30])),
        }
        if i % 4 == 0:
            terms.update(call_style="AMERICAN", call_schedule=calls[:1])
        if i % 5 == 0:
            terms["make_whole_spread"] = "0.004"
        if i % 6 == 0:
            terms["put_schedule"] = [[calls[0][0], "97"]]
        state = (
            {"quantity": f"{rng.uniform(-1e6, 1e7):.2f}", "spread": "0.01"},
            {"spread_source": "MATRIX", "spread": None},
            {"spread_source": "MARK", "mark_price": f"{rng.uniform(90, 103):.3f}", "spread": None},
        )[i % 3]
        found.append(position(terms, state, f"C{i}"))
    return found


def same(a: np.ndarray, b: np.ndarray) -> bool:
    return np.array_equal(
        np.ascontiguousarray(a).view(np.int64), np.ascontiguousarray(b).view(np.int64)
    )


def test_bits_depend_on_the_position_alone() -> None:
    batch, market = packed(*book(60)), states()
    whole = valuation.value(batch, market)
    assert whole.failures == [None] * 60
    rng = np.random.default_rng(8)
    for _ in range(3):
        some = rng.permutation(60)[: int(rng.integers(1, 50))]
        assert same(valuation.value(batch.take(some), states()).values, whole.values[some])
    for row in range(0, 60, 7):
        assert same(valuation.value(batch.take([row]), market).values, whole.values[[row]])
    stored = Batch.from_bytes(batch.to_bytes(), Names(batch.names.as_tuple()))
    assert same(valuation.value(stored, states(), profile="fast").values, whole.values)


def test_bits_depend_on_no_other_scenario(monkeypatch: pytest.MonkeyPatch) -> None:
    from pricing.pricers import callable_bond, option_values

    batch, market = packed(*book(24)), states()
    whole = valuation.value(batch, market)
    fewer = states(scenarios=[SCENARIOS[0], SCENARIOS[3]])
    columns = [market.axis.places[cell] for cell in fewer.axis.cells]
    assert same(valuation.value(batch, fewer).values, whole.values[:, columns])
    # Nor on how rows and states are cut.
    monkeypatch.setattr(option_values, "STRIP", 3)
    monkeypatch.setattr(callable_bond, "MOST", 2)
    assert same(valuation.value(batch, market).values, whole.values)


def test_value_is_stable_in_the_number_of_nodes(monkeypatch: pytest.MonkeyPatch) -> None:
    batch, market = packed(*book(30)), states(measures=("PV",), scenarios=SCENARIOS[:2])
    face = np.abs([float(p.state["quantity"]) for p in book(30)])[:, None]
    found = valuation.value(batch, market).values
    monkeypatch.setattr(grid, "NODES", (1025,))
    fine = valuation.value(batch, market).values
    supplied = np.arange(30) % 3 != 2
    assert (np.abs(found - fine) / face * 100)[supplied].max() < 1e-3


def test_dates_a_day_apart_are_valued_without_more_nodes(monkeypatch: pytest.MonkeyPatch) -> None:
    close = [["2029-02-15", "100"], ["2029-02-16", "100"], ["2029-02-20", "100"]]
    one = {"call_schedule": close[:1]}
    found = value(position({"call_schedule": close}))["PV@BASE"] / 1e4
    assert found == pytest.approx(value(position(one))["PV@BASE"] / 1e4, abs=0.05)
    monkeypatch.setattr(grid, "NODES", (4097,))
    assert found == pytest.approx(
        value(position({"call_schedule": close}))["PV@BASE"] / 1e4, abs=1e-3
    )
