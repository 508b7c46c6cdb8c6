"""The demo market: published figures as published, everything else labelled constructed."""

from __future__ import annotations

import csv
import gzip
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from apps.marketdata import adapters
from fixtures.market import document, indices, options, spread_levels
from fixtures.market.constructed import CURVES
from fixtures.market.reference_rates import ecb_units_per_eur, treasury_par_yields
from pricing import calendars, dates
from pricing.market import snapshot

REPOSITORY = Path(__file__).parents[3]
PUBLISHED = REPOSITORY.parent / "shared" / "data" / "market_2022_and_before"
needs_data = pytest.mark.skipif(
    not PUBLISHED.is_dir(), reason="../shared/data is not beside the repository"
)


def published(name: str, key: str) -> dict[str, str]:
    with gzip.open(PUBLISHED / name, "rt") as lines:
        return next(row for row in csv.DictReader(lines) if row[key] == "2022-12-30")


@needs_data
def test_treasury_par_yields_are_those_published() -> None:
    row = published("cmt_daily.csv.gz", "date")
    assert treasury_par_yields() == {tenor: Decimal(row[tenor]) for tenor in treasury_par_yields()}
    assert len(treasury_par_yields()) == 13


@needs_data
def test_reference_rates_are_those_published() -> None:
    row = published("fx_ecb.csv.gz", "Date")
    assert ecb_units_per_eur() == {code: Decimal(row[code]) for code in ecb_units_per_eur()}


@needs_data
def test_quarterly_yields_are_averages_of_the_daily_ones() -> None:
    path = REPOSITORY / "fixtures" / "market" / "treasury_par_quarterly.csv"
    with path.open() as lines:
        stated = {row["quarter"]: row for row in csv.DictReader(lines)}
    with gzip.open(PUBLISHED / "cmt_daily.csv.gz", "rt") as lines:
        daily = [
            row
            for row in csv.DictReader(lines)
            if row["date"][:7] in ("2020-07", "2020-08", "2020-09")
        ]
    for tenor in ("2Y", "5Y", "10Y", "30Y"):
        mean = sum(float(row[tenor]) for row in daily) / len(daily)
        assert float(stated["2020Q3"][tenor]) == pytest.approx(mean, abs=0.005)


def test_what_is_not_published_says_constructed() -> None:
    for curve in document.curves():
        assert curve["source"] == "CONSTRUCTED"
        assert "Nelson-Siegel" in curve["method"]
    assert "CONSTRUCTED" in document.SOURCE
    assert {curve["name"] for curve in document.curves()} == set(CURVES)


def test_fixings_are_those_published_or_say_constructed() -> None:
    for name, index in indices.indices().items():
        assert name in ("SOFR", "PRIME") or "CONSTRUCTED" in index["source"]
    assert indices.fixings().keys() == indices.indices().keys()
    parts = (*options.volatilities(), *options.credit(), *options.inflation().values())
    assert all("CONSTRUCTED" in part["source"] for part in parts)


@needs_data
def test_fixings_of_sofr_and_prime_are_those_published() -> None:
    fixed = indices.fixings()
    with gzip.open(PUBLISHED / "sofr.csv.gz", "rt") as lines:
        sofr = {row["observation_date"]: row["SOFR"] for row in csv.DictReader(lines)}
    with gzip.open(PUBLISHED / "fred_public.csv.gz", "rt") as lines:
        prime = {row["DATE"]: row["DPRIME"] for row in csv.DictReader(lines)}
    for name, source in (("SOFR", sofr), ("PRIME", prime)):
        assert len(fixed[name]) == 249
        for day, rate in fixed[name]:
            assert float(rate) * 100 == pytest.approx(float(source[day]))


def test_market_of_the_demo_is_read_with_every_part() -> None:
    normal = adapters.normal_document(document.market())
    market = snapshot.parse(normal)
    day = dates.ordinal(market.as_of)
    assert market.fixing("SOFR", day) == 0.043
    assert market.fixing("PRIME", day) == 0.075
    # No overnight fixing of the year is missing on a business day of its index.
    for name in ("SOFR", "SONIA", "ESTR"):
        index = market.indices[name]
        first = dates.ordinal(market.as_of.replace(month=7, day=1))
        days = np.arange(first, day + 1)
        closed = calendars.holidays(index.calendar)[days - dates.MIN_DAY]
        assert market.fixings[name].at(days[~closed])[1].all(), name
    assert set(market.hull_white) == {"USD", "EUR", "GBP"}
    for model in market.hull_white.values():
        assert 0.005 < model.sigma < 0.02
    for currency in ("USD", "EUR", "GBP"):
        for kind in ("CAP", "SWAPTION"):
            assert market.volatility(currency, kind) is not None
    hazards = [market.credit[f"USD-{rating}"].hazards.mean() for rating in spread_levels.LEVELS]
    assert hazards == sorted(hazards)
    assert market.collateral["EUR", "USD"] == "EUR-USD-COLLATERAL"


def test_every_discount_curve_is_in_the_market() -> None:
    curves = {curve["name"]: curve["currency"] for curve in document.market()["curves"]}
    assert all(curves[name] == currency for currency, name in document.DISCOUNT.items())


def test_the_real_has_a_curve_and_no_rate() -> None:
    quoted = {quote["quote"] for quote in document.fx()}
    assert "BRL" in document.DISCOUNT
    assert "BRL" not in quoted


def test_spreads_grow_as_ratings_fall() -> None:
    ratings = ["AAA", "AA", "A", "BBB", "BB", "B", "CCC"]
    for sector in spread_levels.SECTORS:
        for tenor in spread_levels.TENORS:
            spreads = [spread_levels.spread_bp(rating, sector, tenor) for rating in ratings]
            assert spreads == sorted(spreads)
            assert spreads[0] > 0
