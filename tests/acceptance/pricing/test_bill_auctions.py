"""Discount rates of Treasury bills from their auction prices, 2001 to 2024.

Bills are bid at discount rates in steps of 0.005 percentage points, and the price per 100 follows
from the rate, most at six decimals: the rate found from the price must be one of the steps, within
what rounding of the price allows. The carrier gives no rate, so the step is the oracle.
"""

from __future__ import annotations

import csv
import datetime as dt
import gzip
from collections import defaultdict
from pathlib import Path

import pytest

from pricing import valuation
from pricing.axis import Axis, Cell
from pricing.batch import Names
from pricing.market import snapshot
from pricing.position import PositionInput
from pricing.products.registry import product
from pricing.scenarios import States, parse

AUCTIONS = (
    Path(__file__).parents[4]
    / "shared"
    / "data"
    / "bonds_ust_auctions"
    / "ust_auctions_2001_2024.csv.gz"
)
STEP = 0.005


def day(text: str) -> dt.date:
    month, number, year = (int(part) for part in text.split("/"))
    return dt.date(year, month, number)


def bills() -> dict[dt.date, list[tuple[dt.date, str]]]:
    """Return maturity and price of every bill priced to six decimals, by issue date."""
    if not AUCTIONS.exists():
        pytest.skip(f"real data is not here: {AUCTIONS.name}")
    found = defaultdict(list)
    with gzip.open(AUCTIONS, "rt", encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            price = row["Price per $100"]
            if row["Security Type"] == "Bill" and len(price.partition(".")[2]) == 6:
                found[day(row["Issue Date"])].append((day(row["Maturity Date"]), price))
    return found


def test_auction_prices_are_those_of_a_rate_on_the_grid_of_bids() -> None:
    seen = 0
    for issued, sold in bills().items():
        market = {
            "format": "tieout.market/1",
            "as_of": issued.isoformat(),
            "curves": [{"name": "F", "currency": "USD", "nodes": [["2130-01-01", "0.02"]]}],
            "discount": {"USD": "F"},
            "spreads": [
                {"currency": "USD", "rating": "A", "sector": "ALL", "nodes": [["5Y", "0"]]}
            ],
        }
        positions = [
            PositionInput(
                str(number),
                "ZERO_COUPON",
                "USD",
                {"issue_date": issued.isoformat(), "maturity_date": maturity.isoformat()},
                {"quantity": "100", "spread_source": "MARK", "mark_price": price},
                "A",
                "ALL",
            )
            for number, (maturity, price) in enumerate(sold)
        ]
        axis = Axis((Cell("DISCOUNT_RATE", "BASE"),), issued, "USD")
        states = States(snapshot.parse(market), [parse({"code": "BASE"})], axis)
        found = valuation.value(product("ZERO_COUPON").pack(positions, Names()).batch, states)
        assert found.failures == [None] * len(sold)
        for (rate,), (maturity, price) in zip(found.values * 100.0, sold, strict=True):
            rounding = 0.5e-6 * 360.0 / (maturity - issued).days
            away = abs(rate - round(rate / STEP) * STEP)
            assert away <= rounding * 1.01 + 1e-9, (issued, maturity, price, rate)
            seen += 1
    assert seen == 3851
