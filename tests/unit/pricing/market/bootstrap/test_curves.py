"""Quoted curves: every instrument reprices from the stored nodes, not by the solver's way."""

from __future__ import annotations

import copy
import csv
import datetime as dt
import gzip
import io
import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import QuantLib as ql
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pricing.market import bootstrap, snapshot
from pricing.market.quantlib_session import evaluation
from pricing.market.snapshot import Market

DAY = dt.date(2022, 12, 30)


def read(document: dict[str, Any]) -> Market:
    return snapshot.parse(bootstrap.calibrated(document))


def discount(market: Market, name: str, *days: str) -> np.ndarray:
    """Discount factors by our own interpolation of the stored nodes."""
    times = np.array([(dt.date.fromisoformat(day) - market.as_of).days for day in days]) / 365.0
    return np.exp(-market.curves[name].zero_rates(times) * times)


def forward(market: Market, name: str, start: str, end: str) -> float:
    first, last = discount(market, name, start, end)
    days = (dt.date.fromisoformat(end) - dt.date.fromisoformat(start)).days
    return float((first / last - 1.0) / (days / 360.0))


def structure(market: Market, name: str) -> Any:
    """The stored nodes as a curve of QuantLib's: our factors, day by day."""
    curve = market.curves[name]
    start = ql.Date(market.as_of.day, market.as_of.month, market.as_of.year)
    days = np.arange(0, 40 * 365 + 10, 1)
    factors = np.exp(-curve.zero_rates(days / 365.0) * (days / 365.0))
    made = ql.DiscountCurve([start + int(day) for day in days], factors.tolist(),
                            ql.Actual365Fixed())  # fmt: skip
    return ql.YieldTermStructureHandle(made)


def test_deposits_fras_and_futures_are_forwards_of_the_stored_nodes(
    quoted: dict[str, Any],
) -> None:
    market = read(quoted)
    assert forward(market, "USD-SOFR", "2022-12-30", "2023-01-03") == pytest.approx(0.0430)
    assert forward(market, "USD-TERM", "2023-01-04", "2023-02-06") == pytest.approx(0.0438)
    assert forward(market, "USD-TERM", "2023-01-04", "2023-04-04") == pytest.approx(0.0477)
    assert forward(market, "USD-TERM", "2023-04-04", "2023-07-05") == pytest.approx(0.0507)
    # 100 less the price, less the convexity adjustment.
    overnight = forward(market, "USD-SOFR", "2023-03-15", "2023-06-21")
    assert overnight == pytest.approx(0.0492 - 0.00005)
    term = forward(market, "USD-TERM", "2023-06-21", "2023-09-21")
    assert term == pytest.approx(0.0510 - 0.0001)


def test_fx_forwards_are_spot_times_the_ratio_of_discount_factors(quoted: dict[str, Any]) -> None:
    market = read(quoted)
    euro = discount(market, "EUR-USD", "2023-01-04", "2023-04-04", "2024-01-04")
    dollar = discount(market, "USD-SOFR", "2023-01-04", "2023-04-04", "2024-01-04")
    outright = 1.0666 * (euro[1:] / euro[0]) / (dollar[1:] / dollar[0])
    assert outright == pytest.approx([1.07250, 1.08760], rel=1e-10)


def test_swaps_of_quantlib_have_the_quoted_rates_on_the_stored_nodes(
    quoted: dict[str, Any],
) -> None:
    market = read(quoted)
    with evaluation(DAY):
        sofr, term = structure(market, "USD-SOFR"), structure(market, "USD-TERM")
        govt = ql.UnitedStates(ql.UnitedStates.GovernmentBond)
        us = ql.UnitedStates(ql.UnitedStates.Settlement)
        overnight = ql.OvernightIndex("SOFR", 0, ql.USDCurrency(), govt, ql.Actual360(), sofr)
        for tenor, rate in (("1Y", 0.0488), ("3Y", 0.0409), ("10Y", 0.0352), ("30Y", 0.0321)):
            swap = ql.MakeOIS(
                ql.Period(tenor), overnight, 0.03, settlementDays=2, paymentLag=2,
                discountingTermStructure=sofr, telescopicValueDates=True, paymentCalendar=govt,
                paymentAdjustmentConvention=ql.Following,
            )  # fmt: skip
            assert swap.fairRate() == pytest.approx(rate, abs=1e-10), tenor
        index = ql.IborIndex("T", ql.Period(3, ql.Months), 2, ql.USDCurrency(), us,
                             ql.ModifiedFollowing, False, ql.Actual360(), term)  # fmt: skip
        for tenor, rate in (("2Y", 0.0469), ("5Y", 0.0400), ("10Y", 0.0376), ("30Y", 0.0345)):
            swap = ql.MakeVanillaSwap(
                ql.Period(tenor), index, 0.03, ql.Period(0, ql.Days), settlementDays=2,
                fixedLegTenor=ql.Period(6, ql.Months), discountingTermStructure=sofr,
                fixedLegDayCount=ql.Thirty360(ql.Thirty360.BondBasis), fixedLegCalendar=us,
                floatingLegCalendar=us,
            )  # fmt: skip
            assert swap.fairRate() == pytest.approx(rate, abs=1e-10), tenor


def test_basis_swap_is_worth_nothing_on_the_stored_nodes(quoted: dict[str, Any]) -> None:
    market = read(quoted)
    with evaluation(DAY):
        us = ql.UnitedStates(ql.UnitedStates.Settlement)
        start = us.advance(ql.Date(30, 12, 2022), 2, ql.Days)
        schedule = ql.Schedule(
            start, start + ql.Period(15, ql.Years), ql.Period(3, ql.Months), us,
            ql.ModifiedFollowing, ql.ModifiedFollowing, ql.DateGeneration.Backward, False,
        )  # fmt: skip
        days = [dt.date(d.year(), d.month(), d.dayOfMonth()).isoformat() for d in schedule]
    factor = discount(market, "USD-SOFR", *days)
    projected = discount(market, "USD-TERM", *days)
    years = np.array([(dt.date.fromisoformat(b) - dt.date.fromisoformat(a)).days / 360.0
                      for a, b in itertools.pairwise(days)])  # fmt: skip
    term = float((factor[1:] * (projected[:-1] / projected[1:] - 1.0)).sum())
    spread = -0.0024 * float((factor[1:] * years).sum())
    overnight = float(factor[0] - factor[-1])
    # Forwards are of the index's own period, which differs from the coupon's by a day or two.
    assert term + spread == pytest.approx(overnight, abs=2e-5)


def test_bonds_of_quantlib_have_the_quoted_prices_on_the_stored_nodes(
    quoted: dict[str, Any],
) -> None:
    market = read(quoted)
    with evaluation(DAY):
        engine = ql.DiscountingBondEngine(structure(market, "USD-BONDS"))
        govt = ql.UnitedStates(ql.UnitedStates.GovernmentBond)
        for start, end, coupon, price in (
            (ql.Date(15, 3, 2022), ql.Date(15, 3, 2024), 0.0400, 99.10),
            (ql.Date(31, 8, 2022), ql.Date(31, 8, 2027), 0.0325, 97.25),
            (ql.Date(15, 11, 2022), ql.Date(15, 11, 2032), 0.0412, 101.50),
        ):
            schedule = ql.Schedule(start, end, ql.Period(ql.Semiannual), ql.NullCalendar(),
                                   ql.Unadjusted, ql.Unadjusted, ql.DateGeneration.Backward,
                                   False)  # fmt: skip
            basis = ql.ActualActual(ql.ActualActual.ISMA, schedule)
            bond = ql.FixedRateBond(1, 100.0, schedule, [coupon], basis, ql.Following, 100.0,
                                    start, govt)  # fmt: skip
            bond.setPricingEngine(engine)
            assert bond.cleanPrice() == pytest.approx(price, abs=1e-8)


def test_cds_of_quantlib_have_the_quoted_spreads_on_the_stored_hazards(
    quoted: dict[str, Any],
) -> None:
    market = read(quoted)
    curve = market.credit["ACME"]
    with evaluation(DAY):
        start = ql.Date(30, 12, 2022)
        days = np.arange(0, 11 * 365, 1)
        survival = np.exp(-curve.cumulative(days / 365.0)).tolist()
        credit = ql.DefaultProbabilityTermStructureHandle(
            ql.SurvivalProbabilityCurve([start + int(d) for d in days], survival,
                                        ql.Actual365Fixed(), ql.WeekendsOnly())
        )  # fmt: skip
        engine = ql.MidPointCdsEngine(credit, 0.4, structure(market, "USD-SOFR"))
        for years, spread in ((1, 0.0062), (3, 0.0095), (5, 0.0128), (10, 0.0160)):
            maturity = ql.cdsMaturity(start, ql.Period(years, ql.Years), ql.DateGeneration.CDS2015)
            schedule = ql.Schedule(
                start, maturity, ql.Period(ql.Quarterly), ql.WeekendsOnly(), ql.Following,
                ql.Unadjusted, ql.DateGeneration.CDS2015, False,
            )  # fmt: skip
            cds = ql.CreditDefaultSwap(
                ql.Protection.Buyer, 1.0, 0.01, schedule, ql.Following, ql.Actual360(), True, True,
                start, ql.FaceValueClaim(), ql.Actual360(True), True, start,
            )  # fmt: skip
            cds.setPricingEngine(engine)
            # A day of protection at a step of the hazard rate is up to 0.05bp of spread.
            assert cds.fairSpread() == pytest.approx(spread, abs=5e-6), years


def test_nodes_that_the_quotes_give_may_stand_beside_them(quoted: dict[str, Any]) -> None:
    made = bootstrap.calibrated(quoted)
    again = bootstrap.calibrated(copy.deepcopy(made))
    assert again == made


def test_evaluation_date_of_quantlib_is_left_as_it_was(quoted: dict[str, Any]) -> None:
    before = ql.Settings.instance().evaluationDate
    bootstrap.calibrated(quoted)
    quoted["curves"][2]["quotes"][4]["rate"] = "0.9"
    with pytest.raises(ValueError, match="USD-SOFR"):
        bootstrap.calibrated(quoted)
    assert ql.Settings.instance().evaluationDate == before


def test_market_without_quotes_is_left_alone(market: dict[str, Any]) -> None:
    assert bootstrap.calibrated(market) == market


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    rates=st.lists(st.integers(-50, 900), min_size=5, max_size=5),
    kind=st.sampled_from(["LINEAR_ZERO", "LOG_LINEAR_DISCOUNT", "LOG_CUBIC_DISCOUNT"]),
)
def test_random_par_swaps_reprice_in_every_interpolation(
    rates: list[int], kind: str, quoted: dict[str, Any]
) -> None:
    # A smooth term structure: each rate is within 60bp of the one before.
    level, levels = 300.0, []
    for rate in rates:
        level += max(-60.0, min(60.0, rate - level))
        levels.append(level / 1e4)
    tenors = (1, 2, 5, 10, 30)
    quotes = [
        {"kind": "OIS", "tenor": f"{tenor}Y", "rate": f"{rate:.6f}", "index": "SOFR",
         "calendar": "NONE", "settlement_days": 0}
        for tenor, rate in zip(tenors, levels, strict=True)
    ]  # fmt: skip
    document = {
        **quoted,
        "curves": [{"name": "USD-SOFR", "currency": "USD", "kind": "BOOTSTRAP",
                    "interpolation": kind, "quotes": quotes}],
        "discount": {"USD": "USD-SOFR"},
        "indices": {"SOFR": {**quoted["indices"]["SOFR"], "calendar": "NONE"}},
        "credit": [],
    }  # fmt: skip
    market = read(document)
    for tenor, rate in zip(tenors, levels, strict=True):
        days = [f"{2022 + year}-12-30" for year in range(1, tenor + 1)]
        factor = discount(market, "USD-SOFR", *days)
        dates = [DAY, *(dt.date.fromisoformat(day) for day in days)]
        years = np.array([(b - a).days / 360.0 for a, b in itertools.pairwise(dates)])
        swap = float((factor * years).sum()) * round(rate, 6) + float(factor[-1])
        assert swap == pytest.approx(1.0, abs=2e-10)


def rows(path: Path, currency: str) -> list[dict[str, str]]:
    text = gzip.decompress(path.read_bytes()).decode()
    found = csv.DictReader(io.StringIO(text))
    return [row for row in found if row["currency"] == currency and row["is_weekend"] == "0"]


@pytest.mark.parametrize(("currency", "months"), [("USD", 6), ("EUR", 12)])
def test_swap_curves_of_twelve_years_reprice(
    currency: str, months: int, shared_folder: Path
) -> None:
    """Libor deposits and par swaps of one day in each half year, 2004 to 2015."""
    path = shared_folder / "data" / "mkt_libor_swap_2004_2015" / "libor_swap_curves.csv.gz"
    swaps = [f"{n}Y" for n in (2, 3, 5, 7, 10, 15, 20, 30)]
    days = [row for row in rows(path, currency) if all(row[t] for t in ("3M", *swaps))]
    assert len(days) > 1000
    for row in days[::125]:
        day = dt.date.fromisoformat(row["date"])
        quotes = [
            {"kind": "DEPOSIT", "tenor": tenor, "rate": row[tenor], "calendar": "NONE",
             "settlement_days": 0, "day_count": "ACT/360", "roll": "UNADJUSTED"}
            for tenor in ("1M", "3M", "6M") if row[tenor]
        ] + [
            {"kind": "SWAP", "tenor": tenor, "rate": row[tenor], "index": "LIBOR_3M",
             "months": months, "calendar": "NONE", "settlement_days": 0, "roll": "UNADJUSTED"}
            for tenor in swaps
        ]  # fmt: skip
        market = read(
            {
                "format": "tieout.market/1",
                "as_of": row["date"],
                "curves": [{"name": "LIBOR", "currency": currency, "kind": "BOOTSTRAP",
                            "quotes": quotes}],
                "discount": {currency: "LIBOR"},
                "indices": {"LIBOR_3M": {
                    "currency": currency, "kind": "TERM", "tenor": "3M", "day_count": "ACT/360",
                    "calendar": "NONE", "roll": "UNADJUSTED", "curve": "LIBOR"}},
            }
        )  # fmt: skip
        # On one curve a floating leg is worth what its ends differ by.
        for tenor in swaps:
            ends = [ql.Date(day.day, day.month, day.year) + ql.Period(k, ql.Months)
                    for k in range(months, int(tenor[:-1]) * 12 + 1, months)]  # fmt: skip
            dates = [dt.date(d.year(), d.month(), d.dayOfMonth()).isoformat() for d in ends]
            factor = discount(market, "LIBOR", *dates)
            price = float(row[tenor]) * months / 12 * factor.sum() + factor[-1]
            # 30/360 counts a period from the 31st as a day less.
            assert price == pytest.approx(1.0, abs=5e-4 if day.day > 27 else 1e-9), (day, tenor)


def test_treasury_par_curve_lies_near_the_fitted_zero_curve(shared_folder: Path) -> None:
    """Our bootstrap of constant maturities against Gurkaynak, Sack and Wright (2006).

    Theirs is a smooth fit of off-the-run notes, ours meets on-the-run par yields. From 2010, when
    on-the-run notes were hardly dearer, the two lie within 10bp between 2 and 7 years and 3bp on
    the average. (At 10 years, and in 2008, the premium is up to 50bp: no error of either.)
    """
    folder = shared_folder / "data"
    par = folder / "market_2022_and_before" / "cmt_daily.csv.gz"
    zero = folder / "mkt_gsw_zero_usd" / "gsw_zero_1y_30y.csv.gz"
    fitted = {row["date"]: row for row in csv.DictReader(io.StringIO(
        gzip.decompress(zero.read_bytes()).decode()))}  # fmt: skip
    differences: list[float] = []
    for row in list(csv.DictReader(io.StringIO(gzip.decompress(par.read_bytes()).decode())))[::60]:
        if row["date"] not in fitted or row["date"] < "2010":
            continue
        tenors = [t for t in ("3M", "6M", "1Y", "2Y", "3Y", "5Y", "7Y", "10Y") if row[t]]
        quotes = [(tenor, f"{float(row[tenor]) / 100:.6f}") for tenor in tenors]
        made = bootstrap.par_curve_document(
            "T", "USD", dt.date.fromisoformat(row["date"]), quotes, "CMT"
        )
        market = snapshot.parse(
            {"format": "tieout.market/1", "as_of": row["date"], "curves": [made]}
        )
        years = np.arange(2.0, 8.0)
        ours = market.curves["T"].zero_rates(years)
        theirs = np.array([float(fitted[row["date"]][f"{int(year)}y"]) / 100 for year in years])
        differences.extend((ours - theirs).tolist())
    assert len(differences) > 100
    assert float(np.abs(differences).max()) < 10e-4
    assert float(np.abs(differences).mean()) < 3e-4
