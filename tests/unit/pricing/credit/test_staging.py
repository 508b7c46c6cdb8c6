import numpy as np
import pytest

from pricing.credit.errors import CreditError
from pricing.credit.expected_loss import ExpectedLoss
from pricing.credit.parameters import parse
from pricing.credit.qualitative import adjusted_rate
from pricing.credit.qualitative import read as read_factors
from pricing.credit.staging import read, staged_loss, stages

DOCUMENT = {
    "format": "tieout.credit/1",
    "kind": "STAGING",
    "name": "ifrs9",
    "version": "1",
    "effective_from": "2022-01-01",
    "citation": "constructed for this test",
    "values": {
        "pd_ratio": "2",
        "pd_rise": "0.005",
        "low_risk_pd": "0.001",
        "stage_two_days": 30,
        "stage_three_days": 90,
    },
}
FACTOR = {
    "segment": "CRE",
    "factor": "collateral values",
    "rate": "0.0008",
    "reason": "offices are let below plan",
    "owner": "credit risk",
}


def test_stage_follows_days_rise_and_impairment() -> None:
    found = stages(
        read(parse(DOCUMENT, "STAGING")),
        lifetime_pd=[0.02, 0.05, 0.004, 0.05, 0.02, 0.02, 0.02],
        lifetime_pd_at_recognition=[0.02, 0.02, 0.001, 0.02, 0.02, 0.02, 0.02],
        annual_pd=[0.01, 0.02, 0.002, 0.0005, 0.01, 0.01, 0.01],
        days_past_due=[30, 0, 0, 0, 31, 91, 0],
        impaired=[False, False, False, False, False, False, True],
    )
    # As before; risen; too small a rise; low risk; late; very late; impaired.
    assert found.tolist() == [1, 2, 1, 1, 2, 3, 3]
    loss = ExpectedLoss(np.full(7, 1.0), np.full(7, 4.0), np.ones((7, 1)), False)
    assert staged_loss(found, loss).tolist() == [1, 4, 1, 1, 4, 4, 4]


def test_threshold_is_refused_by_field() -> None:
    values = {**DOCUMENT["values"], "stage_three_days": 30}  # type: ignore[dict-item]
    with pytest.raises(CreditError, match=r"ifrs9.values.stage_three_days"):
        read(parse(DOCUMENT | {"values": values}, "STAGING"))


def factors(**change: object) -> dict[str, object]:
    return DOCUMENT | {
        "kind": "Q_FACTORS",
        "name": "qualitative",
        "values": {"adjustments": [FACTOR | change]},
    }


def test_adjustment_is_added_to_its_segment_alone() -> None:
    found = read_factors(parse(factors(), "Q_FACTORS"))
    assert adjusted_rate(0.0205, "CRE", found) == pytest.approx(0.0213, abs=1e-15)
    assert adjusted_rate(0.0205, "CI", found) == 0.0205
    with pytest.raises(CreditError, match=r"segment CRE: its adjusted rate is -0\.09"):
        adjusted_rate(0.01, "CRE", read_factors(parse(factors(rate="-0.1"), "Q_FACTORS")))


@pytest.mark.parametrize("field", ["reason", "owner"])
def test_adjustment_without_reason_or_owner_is_refused(field: str) -> None:
    with pytest.raises(CreditError, match=rf"adjustments\[0\].{field}") as refused:
        read_factors(parse(factors(**{field: " "}), "Q_FACTORS"))
    assert refused.value.code == "UNEXPLAINED"
