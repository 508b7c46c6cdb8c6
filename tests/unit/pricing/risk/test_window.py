"""The days of a set of scenarios."""

from __future__ import annotations

import numpy as np
import pytest

from pricing.risk.errors import RiskError
from pricing.risk.window import window

DAYS = np.arange("2022-01-03", "2022-02-01", dtype="datetime64[D]")


def test_moves_from_day_to_day_do_not_overlap() -> None:
    found = window(DAYS[:-1], DAYS[1:], missing_days="REFUSED", overlapping=True)
    assert (found.scenarios, found.overlapping) == (len(DAYS) - 1, False)


def test_longer_moves_from_each_day_overlap_and_must_be_declared() -> None:
    with pytest.raises(RiskError, match="scenario 1: 2022-01-04 to 2022-01-14") as refused:
        window(DAYS[:-10], DAYS[10:], missing_days="SKIPPED")
    assert refused.value.code == "OVERLAP_NOT_DECLARED"
    assert window(DAYS[:-10], DAYS[10:], missing_days="SKIPPED", overlapping=True).overlapping
    apart = window(DAYS[:-10:10], DAYS[10::10], missing_days="SKIPPED")
    assert not apart.overlapping


def test_days_out_of_order_name_the_scenario() -> None:
    with pytest.raises(RiskError, match=r"scenario 2: .* ends before it has moved"):
        window(DAYS[:3], DAYS[[1, 2, 2]], missing_days="REFUSED")
    with pytest.raises(RiskError, match=r"scenario 1: .* does not begin after"):
        window(DAYS[[1, 1]], DAYS[[2, 3]], missing_days="REFUSED", overlapping=True)


def test_rule_for_missing_days_is_one_of_the_list() -> None:
    with pytest.raises(RiskError, match="missing_days"):
        window(DAYS[:-1], DAYS[1:], missing_days="FILLED")
    with pytest.raises(RiskError, match="starts and"):
        window(DAYS, DAYS[1:], missing_days="REFUSED")
