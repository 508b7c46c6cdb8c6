from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from apps.result import maturity

TODAY = dt.date(2022, 12, 30)


@pytest.mark.parametrize(
    ("_case", "days", "label"),
    [
        ("91 days are 0.2493 years", 91, "<=3M"),
        ("92 days are 0.2521 years", 92, "<=6M"),
        ("one year of 365 days is inside", 365, "<=1Y"),
        ("366 days are not", 366, "<=2Y"),
        ("ten years of 365 days are inside", 3_650, "<=10Y"),
        ("one day more is not", 3_651, ">10Y"),
        ("a maturity that has passed", -3, "<=3M"),
    ],
)
def test_a_bucket_includes_its_upper_end(_case: str, days: int, label: str) -> None:
    day = (TODAY - dt.date(1970, 1, 1)).days + days
    bucket = maturity.buckets(np.array([day]), TODAY)[0]
    assert maturity.MEMBERS[bucket] == label


def test_a_position_without_maturity_has_a_member_of_its_own() -> None:
    assert maturity.MEMBERS[maturity.buckets(np.array([-1]), TODAY)[0]] == ""
