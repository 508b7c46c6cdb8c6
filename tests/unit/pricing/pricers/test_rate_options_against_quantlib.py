"""Limits of coupons, rates in arrears and swap rates, valued with volatility, against QuantLib."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import QuantLib as ql

from pricing import valuation
from pricing.axis import Cell
from pricing.batch import Names
from pricing.position import PositionInput
from pricing.products.registry import product
from pricing.scenarios import States
from tests.quantlib_derivatives import (
    A365,
    GOVT,
    OIS_NODES,
    SWAP_NODES,
    TODAY,
    curve,
    evaluated,
    iso,
    market,
    schedule,
    sofr,
    term_index,
)

COUNT = 40
MODELS = {
    "NORMAL": (0.0095, 0.0, 1e-4, ql.Normal),
    "LOGNORMAL": (0.32, 0.0, 1e-2, ql.ShiftedLognormal),
    "SHIFTED_LOGNORMAL": (0.24, 0.02, 1e-2, ql.ShiftedLognormal),
}
CMS = {
    "currency": "USD", "kind": "CMS", "tenor": "10Y", "day_count": "ACT/360",
    "calendar": "US-GOVT", "fixing_lag_days": 2, "curve": "USD-SWAP", "leg_months": 6,
}  # fmt: skip


@pytest.fixture(autouse=True)
def quantlib() -> Iterator[None]:
    """QuantLib's global state for the valuation day."""
    with evaluated():
        yield


def surface(kind: str, model: str) -> dict[str, Any]:
    level, shift, _, _ = MODELS[model]
    found: dict[str, Any] = {
        "name": "SURFACE", "currency": "USD", "kind": kind, "model": model,
        "expiries": ["1Y", "10Y"], "values": [[repr(level)], [repr(level)]],
    }  # fmt: skip
    if shift:
        found["shift"] = repr(shift)
    if kind == "SWAPTION":
        found["tenors"] = ["5Y"]
    return found


def with_volatility(kind: str, model: str) -> dict[str, Any]:
    found = market(volatilities=[surface(kind, model)])
    found["indices"]["SWAP10"] = CMS
    return found


def values(
    make_states: Callable[..., States],
    document: dict[str, Any],
    contracts: list[dict[str, Any]],
    product_type: str = "FLOATING_NOTE",
    measures: tuple[str, ...] = ("PV",),
    state: dict[str, str] | None = None,
) -> list[dict[str, float]]:
    states = make_states(document, [{"code": "BASE"}], measures)
    state = {"quantity": "1000000", "spread": "0"} if state is None else state
    inputs = [
        PositionInput(str(i), product_type, "USD", terms, state)
        for i, terms in enumerate(contracts)
    ]
    packed = product(product_type).pack(inputs, Names())
    assert packed.failures == [None] * len(inputs)
    valued = valuation.value(packed.batch, states)
    assert valued.failures == [None] * len(inputs)
    return [
        {code: float(row[states.axis.places[Cell(code, "BASE")]]) for code in measures}
        for row in valued.values
    ]


def cap_volatility(model: str, moved: float = 0.0) -> ql.OptionletVolatilityStructureHandle:
    level, shift, _, kind = MODELS[model]
    return ql.OptionletVolatilityStructureHandle(
        ql.ConstantOptionletVolatility(
            TODAY, GOVT, ql.ModifiedFollowing, level + moved, A365, kind, shift
        )
    )


def limits_of(rng: random.Random) -> dict[str, float]:
    floor, cap = rng.uniform(0.02, 0.05), rng.uniform(0.05, 0.08)
    return rng.choice([{"floor": floor}, {"cap": cap}, {"floor": floor, "cap": cap}, {}])


def note(start: ql.Date, maturity: ql.Date, **more: Any) -> dict[str, Any]:
    return {
        "dated_date": iso(start), "maturity_date": iso(maturity), "index": "TERM",
        "margin": "0.0125", "day_count": "ACT/360", "calendar": "US-GOVT",
        "roll_convention": "MODIFIED_FOLLOWING", "option_model": "VOLATILITY",
        **{name: repr(v) if isinstance(v, float) else v for name, v in more.items()},
    }  # fmt: skip


@pytest.mark.parametrize("in_arrears", [False, True], ids=["advance", "arrears"])
@pytest.mark.parametrize("model", MODELS)
def test_limited_notes_on_term_rates_equal_quantlibs(
    make_states: Callable[..., States], model: str, in_arrears: bool
) -> None:
    rng = random.Random(11)
    unit = MODELS[model][2]
    contracts, expected = [], []
    forward, discount = curve(SWAP_NODES), curve(OIS_NODES)
    index = term_index(forward)
    engine = ql.DiscountingBondEngine(discount)
    for _ in range(COUNT):
        start = GOVT.adjust(TODAY - rng.randint(0, 80), ql.ModifiedFollowing)
        maturity = start + ql.Period(12 * rng.choice([1, 2, 5, 10]), ql.Months)
        limits = limits_of(rng)
        contracts.append(
            note(start, maturity, reset="ARREARS" if in_arrears else "ADVANCE", **limits)
        )
        bond = ql.FloatingRateBond(
            0, 1e6, schedule(start, maturity, 3), index, ql.Actual360(), ql.ModifiedFollowing, 2,
            [1.0], [0.0125], [limits["cap"]] if "cap" in limits else [],
            [limits["floor"]] if "floor" in limits else [], in_arrears,
        )  # fmt: skip
        bond.setPricingEngine(engine)
        found = []
        for moved in (0.0, unit, -unit):
            pricer = ql.BlackIborCouponPricer(cap_volatility(model, moved))
            ql.setCouponPricer(bond.cashflows(), pricer)
            bond.recalculate()
            found.append(bond.NPV())
        expected.append((found[0], (found[1] - found[2]) / 2.0))
    document = with_volatility("CAP", model)
    ours = values(make_states, document, contracts, measures=("PV", "VEGA"))
    for own, (pv, vega), terms in zip(ours, expected, contracts, strict=True):
        assert own["PV"] == pytest.approx(pv, abs=2e-6), terms
        assert own["VEGA"] == pytest.approx(vega, abs=2e-6), terms


@pytest.mark.parametrize("model", MODELS)
def test_limited_coupons_compounded_in_arrears_equal_quantlibs(
    make_states: Callable[..., States], model: str
) -> None:
    """The standard effective volatility: of the coupon in progress too."""
    rng = random.Random(12)
    contracts, expected = [], []
    discount = curve(OIS_NODES)
    index = sofr(discount)
    pricer = ql.BlackCompoundingOvernightIndexedCouponPricer(cap_volatility(model))
    for _ in range(COUNT):
        start = GOVT.adjust(TODAY - rng.randint(0, 80), ql.ModifiedFollowing)
        maturity = start + ql.Period(3 * rng.choice([1, 2, 4, 12, 30]), ql.Months)
        limits = limits_of(rng)
        contracts.append(note(start, maturity, index="SOFR", **limits))
        days = list(schedule(start, maturity, 3))
        total = 1e6 * discount.discount(days[-1])
        for begin, end in itertools.pairwise(days):
            if end <= TODAY:
                continue
            plain = ql.OvernightIndexedCoupon(
                end, 1e6, begin, end, index, 1.0, 0.0125, ql.Date(), ql.Date(), ql.Actual360()
            )
            coupon = ql.CappedFlooredOvernightIndexedCoupon(
                plain, limits.get("cap", ql.nullDouble()), limits.get("floor", ql.nullDouble())
            )
            coupon.setPricer(pricer)
            total += coupon.amount() * discount.discount(end)
        expected.append(total)
    ours = values(make_states, with_volatility("CAP", model), contracts)
    for own, pv, terms in zip(ours, expected, contracts, strict=True):
        assert own["PV"] == pytest.approx(pv, abs=2e-6), terms


def test_notes_on_swap_rates_equal_quantlibs_hagan_pricer(
    make_states: Callable[..., States],
) -> None:
    """Convexity by the standard model, of lognormal volatility, with and without limits."""
    # Par coupons: the swap's floating leg is then the difference of two discount factors.
    ql.IborCoupon.createAtParCoupons()
    rng = random.Random(13)
    level = MODELS["LOGNORMAL"][0]
    forward = curve(SWAP_NODES)
    swap = ql.SwapIndex(
        "SWAP10", ql.Period(10, ql.Years), 2, ql.USDCurrency(), GOVT, ql.Period(6, ql.Months),
        ql.ModifiedFollowing, ql.Thirty360(ql.Thirty360.BondBasis), term_index(forward),
    )  # fmt: skip
    volatility = ql.SwaptionVolatilityStructureHandle(
        ql.ConstantSwaptionVolatility(TODAY, GOVT, ql.ModifiedFollowing, level, A365)
    )
    reversion = ql.QuoteHandle(ql.SimpleQuote(0.0))
    pricer = ql.AnalyticHaganPricer(volatility, ql.GFunctionFactory.Standard, reversion)
    contracts, expected = [], []
    for _ in range(COUNT):
        start = GOVT.adjust(TODAY + rng.randint(5, 200), ql.ModifiedFollowing)
        maturity = start + ql.Period(12 * rng.choice([1, 2, 5, 10]), ql.Months)
        limits = limits_of(rng)
        contracts.append(note(start, maturity, index="SWAP10", discount_curve="USD-SWAP", **limits))
        leg = ql.CmsLeg(
            [1e6], schedule(start, maturity, 3), swap, ql.Actual360(), ql.ModifiedFollowing, [2],
            [1.0], [0.0125], [limits["cap"]] if "cap" in limits else [],
            [limits["floor"]] if "floor" in limits else [],
        )  # fmt: skip
        ql.setCouponPricer(leg, pricer)
        total = 1e6 * forward.discount(GOVT.adjust(maturity, ql.ModifiedFollowing))
        expected.append(total + sum(c.amount() * forward.discount(c.date()) for c in leg))
    ours = values(make_states, with_volatility("SWAPTION", "LOGNORMAL"), contracts)
    for own, pv, terms in zip(ours, expected, contracts, strict=True):
        assert own["PV"] == pytest.approx(pv, abs=2e-6), terms


@pytest.mark.parametrize("model", MODELS)
def test_limited_amortising_loans_equal_quantlibs(
    make_states: Callable[..., States], model: str
) -> None:
    rng = random.Random(14)
    contracts, expected = [], []
    forward, discount = curve(SWAP_NODES), curve(OIS_NODES)
    index = term_index(forward)
    engine = ql.DiscountingBondEngine(discount)
    for _ in range(COUNT):
        payments = rng.choice([4, 12, 40])
        start = ql.Date(rng.randint(3, 28), 12, 2022)
        days = ql.Schedule(
            start, start + ql.Period(3 * payments, ql.Months), ql.Period(3, ql.Months),
            ql.NullCalendar(), ql.Unadjusted, ql.Unadjusted, ql.DateGeneration.Forward, False,
        )  # fmt: skip
        limits = limits_of(rng)
        contracts.append(
            {
                "start_date": iso(start), "first_payment_date": iso(days[1]),
                "original_principal": "1000000", "interest_basis": "ACT/360",
                "frequency": "QUARTERLY", "payments": payments, "amortisation": "LINEAR",
                "floating": {
                    "index": "TERM", "margin": "0.0125", "option_model": "VOLATILITY",
                    **{name: repr(limit) for name, limit in limits.items()},
                },
            }
        )  # fmt: skip
        bond = ql.AmortizingFloatingRateBond(
            0, [1e6 * (1 - k / payments) for k in range(payments)], days, index, ql.Actual360(),
            ql.Unadjusted, 2, [1.0], [0.0125], [limits["cap"]] if "cap" in limits else [],
            [limits["floor"]] if "floor" in limits else [],
        )  # fmt: skip
        pricer = ql.BlackIborCouponPricer(cap_volatility(model))
        ql.setCouponPricer(bond.cashflows(), pricer)
        bond.setPricingEngine(engine)
        expected.append(bond.NPV())
    ours = values(
        make_states, with_volatility("CAP", model), contracts, "AMORT_LOAN", state={"spread": "0"}
    )
    for own, pv, terms in zip(ours, expected, contracts, strict=True):
        assert own["PV"] == pytest.approx(pv, abs=2e-6), terms
