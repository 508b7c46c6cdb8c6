"""Published risk weights by internal ratings; each file names its source."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pricing.capital import irb, rulebook

CASES = Path(__file__).parent / "capital"
RULES = {one.label: one for one in rulebook.bundled()}


def published(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((CASES / f"{name}.json").read_text())
    return found


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("basel2.annex5.corp_lgd45_turnover50", "corporate"),
        ("basel2.annex5.mortgage_lgd45", "residential_mortgage"),
        ("basel2.annex5.qrre_lgd45", "qualifying_revolving"),
        ("basel2.annex5.other_retail_lgd45", "other_retail"),
    ],
)
def test_illustrative_weights_are_those_of_annex_5(name: str, kind: str) -> None:
    case = published(name)
    found = irb.risk_weights(
        RULES["basel2.irb@2006-06"],
        kind,
        pd=np.array(case["inputs"]["pd_pct"]) / 100,
        lgd=0.45,
        maturity=2.5,
    )
    # Printed from a coarse normal inverse, to two decimals.
    assert 100 * found.weight == pytest.approx(case["expected"]["risk_weight_pct"], abs=0.006)


def test_illustrative_weights_are_those_of_the_final_text() -> None:
    case = published("cre99.corp_lgd40")
    rules = RULES["basel3.irb@2023"]
    found = irb.risk_weights(
        rules,
        "corporate",
        pd=np.array(case["inputs"]["pd_pct"]) / 100,
        lgd=rules.entry("lgd", "senior"),
        maturity=case["inputs"]["maturity_years"],
    )
    assert 100 * found.weight == pytest.approx(case["expected"]["risk_weight_pct"], abs=0.005)


@pytest.mark.parametrize(
    "name", ["rwacalc.B31-B1", "rwacalc.B31-B3", "rwacalc.B31-B5", "rwacalc.B31-B7"]
)
def test_foundation_weight_is_that_of_an_independent_calculator(name: str) -> None:
    case = published(name)
    given, expected = case["inputs"], case["expected"]
    pounds = given["turnover_gbp_m"]
    found = irb.risk_weights(
        RULES["basel3.irb@2023"],
        "corporate",
        pd=given["pd_raw"],
        lgd=given["lgd"],
        maturity=given["maturity"],
        turnover=None if pounds is None else pounds * given["eur_per_gbp"],
    )
    assert float(found.weight) == pytest.approx(expected["risk_weight"], abs=1e-9)
    assert given["ead"] * float(found.weight) == pytest.approx(expected["rwa"], abs=0.01)
