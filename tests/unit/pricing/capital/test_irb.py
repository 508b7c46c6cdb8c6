"""What the formula of internal ratings says beyond the published tables."""

import numpy as np
import pytest

from pricing.capital import irb, rulebook
from pricing.capital.errors import CapitalError

RULES = {one.label: one for one in rulebook.bundled()}["basel3.irb@2023"]


def test_probability_below_its_floor_weighs_as_the_floor() -> None:
    found = irb.risk_weights(RULES, "corporate", pd=[1e-9, 0.0005], lgd=0.4, maturity=2.5)
    assert found.weight[0] == found.weight[1]
    assert found.rulebook == "basel3.irb@2023"


def test_floor_of_revolving_retail_is_lower_for_transactors() -> None:
    revolver = irb.floored_pd(RULES, "qualifying_revolving", 0.0)
    transactor = irb.floored_pd(RULES, "qualifying_revolving", 0.0, transactor=True)
    assert float(transactor) < float(revolver)


def test_weight_rises_with_maturity_to_five_years_and_no_further() -> None:
    found = irb.risk_weights(RULES, "bank", pd=0.01, lgd=0.45, maturity=[0.1, 1, 3, 5, 9])
    assert found.weight[0] == found.weight[1]
    assert np.all(np.diff(found.weight[1:4]) > 0)
    assert found.weight[3] == found.weight[4]


def test_small_firm_weighs_less_and_large_financial_more() -> None:
    firm = irb.risk_weights(
        RULES, "corporate", pd=0.01, lgd=0.4, maturity=2.5, turnover=[1, 5, 20, 50, 900, np.nan]
    ).weight
    assert firm[0] == firm[1] < firm[2] < firm[3] == firm[4] == firm[5]
    large = irb.risk_weights(
        RULES, "bank", pd=0.01, lgd=0.45, maturity=2.5, large_financial=[False, True]
    )
    assert large.correlation[1] == pytest.approx(1.25 * large.correlation[0])


def test_defaulted_exposure_weighs_what_is_not_expected_to_be_lost() -> None:
    found = irb.defaulted_weights(RULES, lgd=[0.4, 0.4], best_estimate=[0.3, 0.5])
    assert found == pytest.approx([1.25, 0.0])


def test_sovereign_that_cannot_default_weighs_nothing() -> None:
    assert float(irb.risk_weights(RULES, "sovereign", pd=0, lgd=0.45, maturity=1).weight) == 0.0


@pytest.mark.parametrize(
    ("changed", "place"),
    [
        ({"pd": [0.1, -0.1]}, "pd[1]"),
        ({"pd": float("nan")}, "pd[]"),
        ({"lgd": 1.1}, "lgd[]"),
        ({"maturity": None}, "maturity"),
        ({"turnover": -1.0}, "turnover"),
    ],
)
def test_bad_input_is_named(changed: dict[str, object], place: str) -> None:
    given: dict[str, object] = {"pd": 0.01, "lgd": 0.4, "maturity": 2.5}
    with pytest.raises(CapitalError) as refused:
        irb.risk_weights(RULES, "corporate", **(given | changed))  # type: ignore[arg-type]
    assert refused.value.place == place
