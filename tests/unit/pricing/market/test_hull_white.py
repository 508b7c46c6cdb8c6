"""Hull-White parameters: a market that the model made gives the model back."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pytest
import QuantLib as ql
from scipy.optimize import brentq
from scipy.stats import norm

from pricing.market import hull_white, model_documents, snapshot, volatility
from pricing.market.curves import ZeroCurve
from pricing.market.errors import MarketError
from pricing.market.volatility import Volatility

DAY = dt.date(2022, 12, 30)
EXPIRIES, TENORS = (1, 5, 10), (1, 5, 10)
SWAPTIONS = [("1Y", "10Y"), ("5Y", "5Y"), ("10Y", "1Y"), ("10Y", "10Y")]


def model_normal_volatility(
    curve: ZeroCurve, reversion: float, sigma: float, expiry: int, tenor: int
) -> float:
    """Bachelier volatility of the at-the-money payer in Hull-White, by Jamshidian, in closed form.

    Brigo and Mercurio, Interest Rate Models (2006), section 3.3.2: a payer is a put on a coupon
    bond, a sum of puts on zero bonds struck where the bond is at par.
    """
    pay = np.arange(expiry, expiry + tenor + 1, dtype=float)
    factor = np.exp(-curve.zero_rates(pay) * pay)
    annuity = factor[1:].sum()
    rate = (factor[0] - factor[-1]) / annuity
    coupons = np.full(tenor, rate)
    coupons[-1] += 1.0
    duration = (1.0 - np.exp(-reversion * (pay[1:] - expiry))) / reversion
    spread = sigma * np.sqrt((1.0 - np.exp(-2.0 * reversion * expiry)) / (2.0 * reversion))
    deviation = spread * duration
    forward = factor[1:] / factor[0]

    def bond(x: float) -> float:
        return float((coupons * forward * np.exp(-duration * x - deviation**2 / 2.0)).sum() - 1.0)

    x = brentq(bond, -1.0, 1.0, xtol=1e-15)
    strikes = forward * np.exp(-duration * x - deviation**2 / 2.0)
    h = np.log(forward / strikes) / deviation + deviation / 2.0
    puts = factor[0] * (strikes * norm.cdf(deviation - h) - forward * norm.cdf(-h))
    price = float((coupons * puts).sum())
    return price / annuity * float(np.sqrt(2.0 * np.pi / expiry))


def made_by_model(curve: ZeroCurve, reversion: float, sigma: float) -> Volatility:
    values = [
        [f"{model_normal_volatility(curve, reversion, sigma, e, t):.14f}" for t in TENORS]
        for e in EXPIRIES
    ]
    part = {
        "name": "V", "currency": "USD", "kind": "SWAPTION", "model": "NORMAL",
        "expiries": [f"{e}Y" for e in EXPIRIES], "tenors": [f"{t}Y" for t in TENORS],
        "values": values,
    }  # fmt: skip
    return volatility.read([part], {})["V"]


@pytest.mark.parametrize(("reversion", "sigma"), [(0.02, 0.011), (0.10, 0.0075)])
def test_market_made_by_the_model_gives_its_parameters_back(
    reversion: float, sigma: float, market: dict[str, Any]
) -> None:
    curve = snapshot.parse(market).curves["USD-TREASURY"]
    surface = made_by_model(curve, reversion, sigma)
    found = hull_white.calibrate(DAY, curve, surface, SWAPTIONS, None, "model")
    # The oracle counts whole years, the swaptions days: a day of leap years in a decade.
    assert float(found.mean_reversion) == pytest.approx(reversion, abs=2e-3)
    assert float(found.sigma) == pytest.approx(sigma, rel=5e-3)
    assert max(item.error for item in found.fitted) < 2e-3
    held = hull_white.calibrate(DAY, curve, surface, SWAPTIONS, reversion, "model")
    assert float(held.mean_reversion) == reversion
    assert float(held.sigma) == pytest.approx(sigma, rel=2e-3)


def test_evaluation_date_of_quantlib_is_left_as_it_was(market: dict[str, Any]) -> None:
    curve = snapshot.parse(market).curves["USD-TREASURY"]
    before = ql.Settings.instance().evaluationDate
    hull_white.calibrate(DAY, curve, made_by_model(curve, 0.03, 0.01), SWAPTIONS, 0.03, "model")
    assert ql.Settings.instance().evaluationDate == before


def test_document_holds_the_parameters_and_how_well_they_fit(full: dict[str, Any]) -> None:
    full["models"]["USD"]["hull_white"] = {
        "mean_reversion": "0.04",
        "calibrate": {"swaptions": [["1Y", "10Y"], ["5Y", "5Y"]]},
    }
    part = model_documents.calibrated(full)["USD"]["hull_white"]
    assert part["mean_reversion"] == "0.04"
    assert part["calibrated"]["volatility"] == "USD-SWAPTION"
    assert part["calibrated"]["curve"] == "USD-TREASURY"
    assert part["calibrated"]["mean_reversion"] == "GIVEN"
    assert [item["volatility"] for item in part["calibrated"]["fitted"]] == ["0.0105", "0.0097"]
    full["models"]["USD"]["hull_white"] = part
    model = snapshot.parse(full).hull_white["USD"]
    assert model.level == pytest.approx(0.0101)
    assert model_documents.calibrated(full) == full["models"]


ASKED: dict[str, Any] = {"volatility": "USD-SWAPTION", "swaptions": [["1Y", "5Y"], ["5Y", "5Y"]]}


@pytest.mark.parametrize(
    ("part", "place"),
    [
        ({"calibrate": ASKED, "sigma": "0.01"}, "sigma"),
        ({"calibrate": {**ASKED, "volatility": "EUR-CAP"}}, "calibrate.volatility"),
        ({"calibrate": {**ASKED, "curve": "EUR-GOVERNMENT"}}, "calibrate.curve"),
        ({"calibrate": {**ASKED, "steps": 5}}, "calibrate.steps"),
        ({"calibrate": {**ASKED, "swaptions": []}}, "calibrate.swaptions"),
        ({"calibrate": {**ASKED, "swaptions": [["1Y", "5Y"]]}}, "calibrate.swaptions"),
        ({"calibrate": {**ASKED, "swaptions": [["1Y"], ["5Y", "5Y"]]}}, "calibrate.swaptions[0]"),
        ({"calibrate": {**ASKED, "swaptions": [["1W", "5Y"], ["5Y", "5Y"]]}},
         "calibrate.swaptions[0]"),
        ({"calibrate": ASKED, "mean_reversion": "9"}, "mean_reversion"),
    ],
    ids=["sigma", "surface", "curve", "field", "none", "too_few", "pair", "tenor", "reversion"],
)  # fmt: skip
def test_calibration_that_cannot_be_is_refused_at_its_place(
    part: dict[str, Any], place: str, full: dict[str, Any]
) -> None:
    full["models"]["USD"]["hull_white"] = part
    with pytest.raises(MarketError) as refused:
        model_documents.calibrated(full)
    assert refused.value.place == f"models.USD.hull_white.{place}"


def test_swaption_that_the_model_misses_is_named(full: dict[str, Any]) -> None:
    full["volatilities"][0]["values"][2] = ["0.02", "0.02", "0.02"]
    full["models"]["USD"]["hull_white"] = {
        "mean_reversion": "0.03",
        "calibrate": {"swaptions": [["1Y", "5Y"], ["5Y", "5Y"], ["10Y", "5Y"]]},
    }
    with pytest.raises(MarketError, match="misses the price of 10Y x 5Y") as refused:
        model_documents.calibrated(full)
    assert refused.value.place == "models.USD.hull_white.calibrate.swaptions[2]"
