"""Published standardised weights, conversion factors and thresholds; each file names its source."""

import datetime as dt
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pricing.capital import conversion, rulebook, standardised, us_standardised

CASES = Path(__file__).parent / "capital"
BOOKS = rulebook.bundled()
RULES = {one.label: one for one in BOOKS}
SA = RULES["basel3.sa@2023"]
OF_BAND = ["AA", "A", "BBB", "B", "CCC", "UNRATED"]


def published(name: str, folder: Path = CASES) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / f"{name}.json").read_text())
    return found


def percents(kind: str, count: int, **columns: Any) -> list[float]:
    """Return the weights in percent of exposures of one class, each of one part."""
    found = standardised.weighted(
        SA, {"amount": np.ones(count), "exposure_class": [kind] * count, **columns}
    )
    assert not found.breaks
    assert found.row.tolist() == list(range(count))
    return [round(100 * weight, 9) for weight in found.weight.tolist()]


def test_sovereigns_weigh_by_rating_as_published() -> None:
    case = published("basel3.sa.sovereign")
    assert percents("SOVEREIGN", 6, rating=OF_BAND) == case["expected"]["percent"]


def test_banks_weigh_by_rating_as_published() -> None:
    case = published("basel3.sa.bank_ecra")
    found = percents("BANK", 5, rating=OF_BAND[:5], short_term=np.zeros(5))
    assert found == case["expected"]["percent"]


def test_small_firms_investment_grade_and_subordinated_debt_weigh_as_published() -> None:
    case = published("basel3.sa.corporate_sme_and_ig")
    found = [
        *percents("CORPORATE", 1, rating=["UNRATED"], sme=[1]),
        *percents("CORPORATE_NO_RATINGS", 1, investment_grade=[1]),
        *percents("SUBORDINATED", 1),
    ]
    assert found == case["expected"]["percent"]


def test_retail_weighs_as_published() -> None:
    case = published("basel3.sa.retail")
    kinds = ["TRANSACTOR", "REGULATORY", "OTHER"]
    found = percents("RETAIL", 3, retail_kind=kinds, currency_mismatch=np.zeros(3))
    assert found == case["expected"]["percent"]


def test_residential_loans_weigh_by_loan_to_value_as_published() -> None:
    case = published("basel3.sa.rre_not_dependent_whole_loan")
    # Both ends of each band: a bound belongs to the band below it.
    for ltv in ([0.5, 0.6, 0.8, 0.9, 1.0, 9.0], [0.1, 0.501, 0.601, 0.801, 0.901, 1.001]):
        found = percents(
            "RESIDENTIAL_REAL_ESTATE",
            6,
            ltv=ltv,
            dependent=np.zeros(6),
            regulatory=np.ones(6),
            splitting=np.zeros(6),
            counterparty_kind=["INDIVIDUAL"] * 6,
            currency_mismatch=np.zeros(6),
        )
        assert found == case["expected"]["percent"]


def test_commercial_loans_weigh_as_their_borrower_or_less_as_published() -> None:
    case = published("basel3.sa.cre_not_dependent")
    assert case["expected"]["percent"] == ["min(60,cp)", "cp"]
    for own in (0.5, 1.0):
        found = percents(
            "COMMERCIAL_REAL_ESTATE",
            2,
            ltv=[0.6, 0.601],
            dependent=np.zeros(2),
            regulatory=np.ones(2),
            splitting=np.zeros(2),
            counterparty_kind=["OTHER"] * 2,
            counterparty_weight=[own] * 2,
        )
        assert found == [100 * min(0.6, own), 100 * own]


def test_land_and_development_weigh_as_published() -> None:
    case = published("basel3.sa.adc")
    found = percents("ADC", 2, adc_kind=["ADC", "RESIDENTIAL_PRE_SOLD"])
    assert found == case["expected"]["percent"]


def test_conversion_factors_are_those_published() -> None:
    case = published("basel3.sa.ccf", CASES.parent / "revolver")
    kinds = [
        "DIRECT_CREDIT_SUBSTITUTE", "NOTE_ISSUANCE", "COMMITMENT", "TRADE_LETTER_OF_CREDIT",
        "UNCONDITIONALLY_CANCELLABLE",
    ]  # fmt: skip
    found = conversion.credit_equivalents(SA, np.full(5, 100.0), kinds)
    assert found.tolist() == case["expected"]["percent"]


def test_us_weights_are_those_published() -> None:
    case = published("us.sa.risk_weights")
    rules = RULES["us.subpart_d@2020-04"]
    kinds = list(rules.numbers("weight"))
    assert len(kinds) == len(case["inputs"]["categories"])
    ours = dict(zip(case["inputs"]["categories"], kinds, strict=True))
    assert ours["US PSE revenue"] == "US_PSE_REVENUE"
    assert ours["HVCRE"] == "HVCRE"
    found = us_standardised.weighted(
        rules, {"amount": np.full(len(kinds), 100.0), "exposure_class": kinds}
    )
    assert found.rwa.tolist() == case["expected"]["percent"]


def test_well_capitalized_thresholds_are_those_published_and_the_last_one_ended() -> None:
    case = published("us.pca.well_capitalized")
    last, after = dt.date(2026, 3, 31), dt.date(2026, 4, 1)
    rules = rulebook.in_force(BOOKS, "us.pca", last)
    thresholds = {
        **rules.numbers("well_capitalized"),
        "slr_gsib_subsidiary": rules.entry("well_capitalized_gsib_subsidiary", "slr"),
    }
    found = {name: 100 * value for name, value in thresholds.items()}
    assert found == pytest.approx(case["expected"], abs=1e-9)
    assert "well_capitalized_gsib_subsidiary" not in (
        rulebook.in_force(BOOKS, "us.pca", after).figures
    )
