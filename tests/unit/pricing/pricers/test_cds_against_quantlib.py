"""Credit default swaps against QuantLib's ISDA and mid-point engines."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from typing import Any

import pytest
import QuantLib as ql

from tests.quantlib_derivatives import A365, TODAY, iso, market, q_date

Values = Callable[..., list[dict[str, float]]]
COUNT = 40
LIMIT = {"MID_POINT": 1e-12, "ISDA": 2e-8}
"""Of the notional. QuantLib reads survival on the day before a payment, the ISDA model on the last
day of the period: they differ where a payment is moved and in the last period, a day longer.
"""
HAZARD, RATE, RECOVERY = 0.021, 0.037, 0.4


def document(**parts: Any) -> dict[str, Any]:
    found = market(**parts)
    found["curves"].append(
        {"name": "FLAT", "currency": "USD", "nodes": [["2060-12-30", repr(RATE)]]}
    )
    found["credit"] = [
        {"name": "ACME", "currency": "USD", "recovery": repr(RECOVERY),
         "nodes": [["2060-12-30", repr(HAZARD)]]}
    ]  # fmt: skip
    return found


def contract(rng: random.Random, integration: str) -> dict[str, Any]:
    maturity = ql.cdsMaturity(
        TODAY, ql.Period(rng.choice([6, 12, 36, 60, 84, 120]), ql.Months), ql.DateGeneration.CDS2015
    )
    return {
        "kind": "CDS", "protection": rng.choice(["BOUGHT", "SOLD"]), "credit": "ACME",
        "start_date": "2022-12-20", "maturity_date": iso(maturity), "notional": "1000000",
        "premium": rng.choice(["0.01", "0.05", "0.0025"]), "discount_curve": "FLAT",
        "integration": integration,
    }  # fmt: skip


def quantlib_swap(terms: dict[str, Any]) -> ql.CreditDefaultSwap:
    maturity = ql.Date(terms["maturity_date"], "%Y-%m-%d")
    dates = ql.Schedule(
        ql.Date(20, 12, 2022), maturity, ql.Period(3, ql.Months), ql.WeekendsOnly(), ql.Following,
        ql.Unadjusted, ql.DateGeneration.CDS2015, False,
    )  # fmt: skip
    side = ql.Protection.Buyer if terms["protection"] == "BOUGHT" else ql.Protection.Seller
    return ql.CreditDefaultSwap(
        side, 1e6, float(terms["premium"]), dates, ql.Following, ql.Actual360(), True, True,
        ql.Date(20, 12, 2022), ql.FaceValueClaim(), ql.Actual360(True), False, TODAY,
    )  # fmt: skip


def flat(hazard: float, rate: float) -> tuple[Any, Any]:
    survival = ql.DefaultProbabilityTermStructureHandle(
        ql.FlatHazardRate(TODAY, ql.QuoteHandle(ql.SimpleQuote(hazard)), A365)
    )
    discount = ql.YieldTermStructureHandle(ql.FlatForward(TODAY, rate, A365))
    return survival, discount


@pytest.mark.parametrize("integration", ["ISDA", "MID_POINT"])
def test_credit_default_swaps_equal_quantlibs(values: Values, integration: str) -> None:
    rng = random.Random(7)
    contracts = [contract(rng, integration) for _ in range(COUNT)]
    found = values(contracts, document())
    for cells, terms in zip(found, contracts, strict=True):
        swap = quantlib_swap(terms)
        worth = []
        for hazard, rate in ((0, 0), (0, -1e-4), (0, 1e-4), (-1e-4 / 0.6, 0), (1e-4 / 0.6, 0)):
            survival, discount = flat(HAZARD + hazard, RATE + rate)
            engine = (
                ql.IsdaCdsEngine(survival, RECOVERY, discount)
                if integration == "ISDA"
                else ql.MidPointCdsEngine(survival, RECOVERY, discount)
            )
            swap.setPricingEngine(engine)
            worth.append(swap.NPV())
        dv01, cs01 = (worth[1] - worth[2]) / 2.0, (worth[3] - worth[4]) / 2.0
        assert cells["PV@BASE"] == pytest.approx(worth[0], abs=LIMIT[integration] * 1e6), terms
        assert cells["DV01@BASE/ALL"] == pytest.approx(dv01, abs=LIMIT[integration] * 1e3)
        assert cells["CS01_PAR@BASE"] == pytest.approx(cs01, abs=LIMIT[integration] * 1e4)


def test_isda_value_of_flat_curves_is_its_closed_form(values: Values) -> None:
    rng = random.Random(8)
    contracts = [contract(rng, "ISDA") for _ in range(COUNT)]
    for cells, terms in zip(values(contracts, document()), contracts, strict=True):
        coupons = [ql.as_coupon(flow) for flow in quantlib_swap(terms).coupons()]
        decay, total = HAZARD / (HAZARD + RATE), HAZARD + RATE

        def lost(t: float, decay: float = decay, total: float = total) -> float:
            return -decay * math.exp(-total * t)

        def timed(t: float, decay: float = decay, total: float = total) -> float:
            return -HAZARD * (t / total + 1 / total**2) * math.exp(-total * t)

        maturity = q_date(terms["maturity_date"])
        end = (maturity - TODAY) / 365
        worth = (1 - RECOVERY) * 1e6 * (lost(end) - lost(0.0))
        for number, coupon in enumerate(coupons):
            last = maturity if number == len(coupons) - 1 else coupon.accrualEndDate() - 1
            until = (last - TODAY) / 365
            survival = math.exp(-HAZARD * until)
            discount = math.exp(-RATE * (coupon.date() - TODAY) / 365)
            since = (coupon.accrualStartDate() - 1 - TODAY) / 365 - 0.5 / 365
            begin = max((coupon.accrualStartDate() - 1 - TODAY) / 365, 0.0)
            accrued = timed(until) - timed(begin) - since * (lost(until) - lost(begin))
            rate = float(terms["premium"])
            worth -= coupon.amount() * discount * survival + 1e6 * rate * 365 / 360 * accrued
        sign = 1.0 if terms["protection"] == "BOUGHT" else -1.0
        assert cells["PV@BASE"] == pytest.approx(sign * worth, abs=1e-6), terms


def test_value_between_nodes_of_both_curves_is_that_of_quantlibs_isda_engine(
    values: Values,
) -> None:
    rates = [(ql.Period(n, ql.Years), r) for n, r in ((1, 0.045), (3, 0.04), (10, 0.036))]
    spreads = [(ql.Period(n, ql.Years), s) for n, s in ((1, 0.008), (3, 0.012), (10, 0.02))]
    helpers = [
        ql.SwapRateHelper(
            ql.QuoteHandle(ql.SimpleQuote(rate)), tenor, ql.WeekendsOnly(), ql.Annual,
            ql.Following, ql.Thirty360(ql.Thirty360.BondBasis),
            ql.IborIndex("I", ql.Period(3, ql.Months), 0, ql.USDCurrency(), ql.WeekendsOnly(),
                         ql.Following, False, ql.Actual360()),
        )
        for tenor, rate in rates
    ]  # fmt: skip
    yields = ql.PiecewiseLogLinearDiscount(TODAY, helpers, A365)
    yields.enableExtrapolation()
    discount = ql.YieldTermStructureHandle(yields)
    defaults = ql.PiecewiseFlatHazardRate(
        TODAY,
        [
            ql.SpreadCdsHelper(
                spread, tenor, 0, ql.WeekendsOnly(), ql.Quarterly, ql.Following,
                ql.DateGeneration.CDS2015, ql.Actual360(), RECOVERY, discount,
            )
            for tenor, spread in spreads
        ],
        A365,
    )  # fmt: skip
    defaults.enableExtrapolation()
    found = document()
    found["curves"].append(
        {
            "name": "PIECEWISE", "currency": "USD", "interpolation": "LOG_LINEAR_DISCOUNT",
            "nodes": [
                [iso(day), repr(-math.log(factor) / ((day - TODAY) / 365))]
                for day, factor in yields.nodes()[1:]
            ],
        }
    )  # fmt: skip
    found["credit"][0] |= {
        "kind": "SURVIVAL",
        "nodes": [
            [iso(day), repr(defaults.survivalProbability(day))] for day in defaults.dates()[1:]
        ],
    }
    rng = random.Random(9)
    contracts = [{**contract(rng, "ISDA"), "discount_curve": "PIECEWISE"} for _ in range(COUNT)]
    engine = ql.IsdaCdsEngine(
        ql.DefaultProbabilityTermStructureHandle(defaults), RECOVERY, discount
    )
    for cells, terms in zip(values(contracts, found), contracts, strict=True):
        swap = quantlib_swap(terms)
        swap.setPricingEngine(engine)
        assert cells["PV@BASE"] == pytest.approx(swap.NPV(), abs=LIMIT["ISDA"] * 1e6), terms
        annuity = abs(swap.couponLegNPV()) / float(terms["premium"]) - 1e6 * 11 / 360
        fair = abs(swap.defaultLegNPV()) / annuity
        assert cells["PAR_RATE@BASE"] == pytest.approx(fair, abs=1e-9)
