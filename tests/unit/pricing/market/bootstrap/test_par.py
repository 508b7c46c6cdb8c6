"""The Treasury par curve: every quote reprices, a quote that cannot be met is named."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
import QuantLib as ql

from pricing import dates
from pricing.market import bootstrap, snapshot
from pricing.market.errors import MarketError

DAY = dt.date(2022, 12, 30)
QUOTES = [
    ("1M", "0.0412"), ("2M", "0.0441"), ("3M", "0.0442"), ("4M", "0.0469"), ("6M", "0.0476"),
    ("1Y", "0.0473"), ("2Y", "0.0441"), ("3Y", "0.0422"), ("5Y", "0.0399"), ("7Y", "0.0396"),
    ("10Y", "0.0388"), ("20Y", "0.0414"), ("30Y", "0.0397"),
]  # fmt: skip
"""US Treasury par yield curve rates of 2022-12-30 (constant maturity)."""


@pytest.mark.parametrize(
    "as_of", [DAY, dt.date(2024, 2, 29), dt.date(2023, 8, 31), dt.date(2021, 2, 28)], ids=str
)
def test_every_quote_reprices_to_par(as_of: dt.date) -> None:
    """A half year of coupon every six months from the day, on 29 February as on any other."""
    part = bootstrap.par_curve_document("USD-TREASURY", "USD", as_of, QUOTES, "US Treasury")
    market = snapshot.parse(
        {
            "format": "tieout.market/1",
            "as_of": as_of.isoformat(),
            "curves": [part],
            "discount": {"USD": "USD-TREASURY"},
        }
    )
    curve = market.curves["USD-TREASURY"]
    day = dates.ordinal(as_of)

    def factor(months: list[int]) -> np.ndarray:
        times = np.array([dates.add_months(day, m) - day for m in months]) / 365.0
        return np.exp(-curve.zero_rates(times) * times)

    for tenor, text in QUOTES:
        rate = float(text)
        months = int(tenor[:-1]) * (12 if tenor[-1] == "Y" else 1)
        if months < 12:
            years = (dates.add_months(day, months) - day) / 365.0
            price = factor([months])[0] * (1 + rate * years)
        else:
            coupons = factor(list(range(6, months + 1, 6)))
            price = rate / 2 * coupons.sum() + coupons[-1]
        assert price == pytest.approx(1.0, abs=2e-12), tenor


def test_nodes_stand_at_the_quotes_maturities_in_plain_decimals() -> None:
    part = bootstrap.par_curve_document("C", "USD", DAY, QUOTES, "US Treasury")
    assert [node[0] for node in part["nodes"]][:2] == ["2023-01-30", "2023-02-28"]
    assert len(part["nodes"]) == len(QUOTES)
    assert all("e" not in node[1].lower() for node in part["nodes"])
    assert part["kind"] == "PAR"


def test_evaluation_date_of_quantlib_is_left_as_it_was() -> None:
    before = ql.Settings.instance().evaluationDate
    bootstrap.calibrate(DAY, QUOTES)
    assert ql.Settings.instance().evaluationDate == before


@pytest.mark.parametrize(
    ("quotes", "place"),
    [
        ([("1Y", "0.05"), ("2Y", "0.05"), ("3Y", "0.9"), ("30Y", "0.04")], "curve.quotes[2] (3Y)"),
        ([("1Y", "NaN")], "curve.quotes[0]"),
        ([("1Y", "4.73")], "curve.quotes[0]"),
        ([("1W", "0.04")], "curve.quotes[0]"),
        ([("2Y", "0.04"), ("1Y", "0.04")], "curve.quotes[1]"),
        ([], "curve.quotes"),
    ],
    ids=["unsolvable", "nan", "percent", "tenor", "order", "none"],
)
def test_quote_that_cannot_be_met_is_named(quotes: list[tuple[str, str]], place: str) -> None:
    with pytest.raises(MarketError) as refused:
        bootstrap.calibrate(DAY, quotes)
    assert refused.value.place == place
