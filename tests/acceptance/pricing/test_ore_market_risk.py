"""ORE's market-risk examples: historical and parametric VaR and the P&L explain, figure by figure.

From the inputs and expected outputs of Examples/MarketRisk: P&L vectors to the VaR report,
sensitivities and covariances to the VaR report of each portfolio, risk class and type, and the
values of each trade at both dates, markets and portfolios to the columns of the explain.
"""

from __future__ import annotations

import csv
import io
import tarfile
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from pricing.risk import parametric
from pricing.risk.covariance import checked
from pricing.risk.explain import Explanation, explained
from pricing.risk.sensitivities import sensitivities
from pricing.risk.tail import tail_risk

ARCHIVE = Path(__file__).parents[4] / "shared" / "data" / "ore_examples" / "MarketRisk.tar.xz"
FOLDER = "Examples/MarketRisk/"
MICRO = 1_000_000
VOLATILITIES = "FXVolatility SwaptionVolatility OptionletVolatility CDSVolatility EquityVolatility"
CLASSES = {
    "InterestRate": "DiscountCurve IndexCurve YieldCurve SwaptionVolatility OptionletVolatility",
    "FX": "FXSpot FXVolatility",
    "Inflation": "ZeroInflationCurve YoYInflationCurve",
}


@dataclass(frozen=True)
class Example:
    """The files of the example that the tests read."""

    files: dict[str, str]

    def rows(self, name: str) -> list[list[str]]:
        return list(csv.reader(io.StringIO(self.files[name])))[1:]


@pytest.fixture(scope="module")
def ore() -> Example:
    if not ARCHIVE.exists():
        pytest.skip(f"real data is not here: {ARCHIVE.name}")
    wanted = (
        "ExpectedOutput/HistSimVar/historical_PnL.csv",
        "ExpectedOutput/HistSimVar/var.csv",
        "ExpectedOutput/ParametricVar/var.csv",
        "ExpectedOutput/PnlExplain/pnl_explain.csv",
        "Input/ParametricVar/sensitivity.csv",
        "Input/covariance.csv",
        "Input/portfolio.xml",
    )
    with tarfile.open(ARCHIVE) as archive:
        found = {}
        for name in wanted:
            member = next(m for m in archive.getmembers() if m.name.endswith(FOLDER + name))
            content = archive.extractfile(member)
            assert content is not None
            found[name] = content.read().decode()
    return Example(found)


def test_every_figure_of_the_historical_var_report(ore: Example) -> None:
    vectors: dict[tuple[str, ...], list[int]] = {}
    for *key, _, _, amount in ore.rows("ExpectedOutput/HistSimVar/historical_PnL.csv"):
        vectors.setdefault(tuple(key), []).append(int(Decimal(amount) * MICRO))
    report = ore.rows("ExpectedOutput/HistSimVar/var.csv")
    keys = [tuple(row[:3]) for row in report]
    pnl = np.array([vectors[key] for key in keys])
    assert pnl.shape == (6, 715)
    worst = 0
    for at, level_bp in enumerate((9_900, 9_500, 500, 100)):
        found = tail_risk(pnl, level_bp)
        quantiles = [int(Decimal(row[3 + at]) * MICRO) for row in report]
        shortfalls = [int(Decimal(row[7 + at]) * MICRO) for row in report]
        assert (-found.var).tolist() == quantiles
        worst = max(worst, int(np.abs(-found.es - shortfalls).max()))
    # 48 figures; means are printed to a millionth.
    assert worst <= 1


def of_class(factor: str, risk_class: str, risk_type: str) -> bool:
    """Whether ORE counts a factor to a risk class (any or one) and type (All, DeltaGamma, Vega)."""
    kind = factor.split("/")[0]
    volatility = kind in VOLATILITIES.split()
    right = risk_class == "All" or kind in CLASSES[risk_class].split()
    return right and (risk_type == "All" or volatility == (risk_type == "Vega"))


def key(factor: str) -> str:
    """Factors of the two files match by type, name and index; the tenor's label is not compared."""
    return "/".join(factor.split("/")[:3])


def cases(ore: Example) -> Iterator[tuple[list[str], np.ndarray, np.ndarray, list[str]]]:
    """Return each row of the parametric VaR report with its delta, gamma and factors."""
    trades = ET.fromstring(ore.files["Input/portfolio.xml"]).iter("Trade")
    books = {trade.get("id"): [str(p.text) for p in trade.iter("PortfolioId")] for trade in trades}
    given_rows = ore.rows("Input/ParametricVar/sensitivity.csv")
    for row in ore.rows("ExpectedOutput/ParametricVar/var.csv"):
        portfolio, risk_class, risk_type = row[:3]
        wanted = ("PF1", "PF2") if portfolio == "All" else (portfolio,)
        given = [
            (key(r[2]), key(r[4]) if r[4] else "", float(r[8]), float(r[9]))
            for r in given_rows
            if any(book in wanted for book in books.get(r[0], []))
            and all(of_class(name, risk_class, risk_type) for name in (r[2], r[4]) if name)
        ]
        factors = sorted({name for first, second, *_ in given for name in (first, second)} - {""})
        at = {factor: i for i, factor in enumerate(factors)}
        delta, gamma = np.zeros((1, len(at))), np.zeros((1, len(at), len(at)))
        for first, second, slope, bend in given:
            i, j = at[first], at[second or first]
            gamma[0, i, j] += bend
            if second:
                gamma[0, j, i] += bend
            else:
                delta[0, i] += slope
        yield row, delta, gamma, factors


def test_every_figure_of_the_parametric_var_report(ore: Example) -> None:
    covariances = {}
    for line in ore.files["Input/covariance.csv"].splitlines():
        first, second, value = line.split()
        covariances[key(first), key(second)] = covariances[key(second), key(first)] = float(value)
    figures, worst = 0, 0.0
    for row, delta, gamma, factors in cases(ore):
        matrix = np.array([[covariances.get((a, b), 0.0) for b in factors] for a in factors])
        given, covariance = sensitivities(factors, delta, gamma), checked(matrix, factors)
        largest = max(abs(float(quantile)) for quantile in row[3:])
        for quantile, level_bp in zip(row[3:], (9_900, 9_500, 500, 100), strict=True):
            found = -float(parametric.delta_gamma_normal_var(given, covariance, level_bp)[0])
            figures += 1
            worst = max(worst, abs(found - float(quantile)) / largest)
    assert figures == 112
    # Of the row's largest quantile; ORE's inverse normal distribution is good to about 1e-9.
    assert worst < 1e-9


@dataclass(frozen=True)
class Trades:
    """What ORE prints of its three trades, in millionths: values t m p by date, market, terms."""

    columns: dict[str, np.ndarray]

    def of(self, name: str) -> np.ndarray:
        return self.columns[name]

    def explanation(self, steps: dict[str, str], order: tuple[str, ...]) -> Explanation:
        """Explain NPV(t0_m0_p0) to NPV(t1_m1_p1) by the values named, cash put back where paid."""
        values = {name: self.of(value) for name, value in steps.items()}
        return explained(
            opening=self.of("NPV(t0_m0_p0)"),
            steps=values,
            amended=self.of("NPV(t1_m1_p1)"),
            closing=self.of("NPV(t1_m1_p1)"),
            held_before=np.ones(3, dtype=bool),
            held_after=np.ones(3, dtype=bool),
            order=order,
        )


@pytest.fixture(scope="module")
def trades(ore: Example) -> Trades:
    text = ore.files["ExpectedOutput/PnlExplain/pnl_explain.csv"].lstrip("#")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["TradeId"] for row in rows] == ["SwapLeg", "SwapLegFlow", "SwapLegFlow2"]
    texts = ("TradeId", "TradeType", "Maturity", "StartDate", "EndDate", "Currency")
    names = [name for name in rows[0] if name not in texts]
    return Trades({n: np.array([int(Decimal(row[n]) * MICRO) for row in rows]) for n in names})


def test_explain_in_ores_order_has_its_time_market_and_trade_columns(trades: Trades) -> None:
    # One millionth for each of the two or three figures a difference is printed from.
    cash = trades.of("PeriodCashFlow")
    known = np.array([True, True, False])  # the third trade is not held at t0
    later = trades.explanation(
        {"TIME": "NPV(t1_m0_p0)", "MARKET": "NPV(t1_m1_p0)"}, ("TIME", "MARKET")
    )
    theta = later.column("TIME") + cash
    assert np.abs(theta - trades.of("Theta"))[known].max() <= 2
    assert np.abs(later.column("AMENDED") - trades.of("TradeChangePnL"))[known].max() <= 2
    assert np.abs(later.pnl(cash) - trades.of("CleanPnL"))[known].max() <= 3
    first = trades.explanation(
        {"MARKET": "NPV(t0_m1_p0)", "TIME": "NPV(t1_m1_p0)"}, ("MARKET", "TIME")
    )
    assert np.abs(first.column("MARKET") - trades.of("HypotheticalCleanPnL"))[known].max() <= 2
    assert (later.change() == first.change()).all()


def test_new_and_terminated_trades_are_in_columns_of_their_own(trades: Trades) -> None:
    empty = np.zeros(3, dtype=np.int64)
    found = explained(
        opening=trades.of("NPV(t0_m0_p0)"),
        steps={},
        amended=empty,
        closing=trades.of("NPV(t1_m1_p1)"),
        held_before=np.array([True, True, False]),
        held_after=np.array([True, False, True]),
    )
    assert found.column("NEW")[2] == trades.of("New")[2]
    assert found.column("MATURED")[1] == -trades.of("Terminated")[1]
    assert (np.abs(found.change() - trades.of("DirtyPnL")) <= 1).all()


def test_sensitivities_explain_the_move_and_the_rest_is_convexity(trades: Trades) -> None:
    # ORE: delta and gamma by scenario move against the full revaluation at t0.
    full, delta = trades.of("HypotheticalCleanPnL"), trades.of("IrDelta")
    scenario = trades.of("ScenarioPnl")
    assert scenario.tolist() == (delta + trades.of("IrGamma")).tolist()
    held = full != 0
    assert (np.abs(full - scenario)[held] < 0.002 * np.abs(full[held])).all()
