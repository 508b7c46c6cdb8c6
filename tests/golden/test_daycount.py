"""Day counts and year fractions against published tables; each case file names its source."""

import datetime as dt
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pricing import dates, daycount

CASES = Path(__file__).parent / "daycount"

CONVENTION = {
    "daycount.isda.bond": "30/360",
    "daycount.isda.euro": "30E/360",
    "daycount.isda.isda": "30E/360 ISDA",
}


def case(name: str) -> dict[str, Any]:
    return json.loads((CASES / f"{name}.json").read_text())


def days(texts: list[str]) -> np.ndarray:
    return np.array([dates.ordinal(dt.date.fromisoformat(text)) for text in texts])


@pytest.mark.parametrize("name", CONVENTION)
def test_days_between_date_pairs_are_those_of_the_isda_sheet(name: str) -> None:
    published = case(name)
    start, end = (days(list(column)) for column in zip(*published["inputs"]["pairs"], strict=True))
    convention = np.full(len(start), daycount.CONVENTIONS.index(CONVENTION[name]))
    termination = days([published["inputs"].get("termination_date") or "2199-12-31"])
    fraction = daycount.year_fraction(convention, start, end, termination)
    np.testing.assert_allclose(fraction * 360, published["expected"]["days"], atol=1e-9)


def test_act_act_fractions_are_those_of_the_published_examples() -> None:
    published = case("daycount.actact")
    rows = published["inputs"]["rows"]
    expected = published["expected"]["year_fraction"]
    reached = 0
    for row, fraction in zip(rows, expected, strict=True):
        start, end = days([row["start"]]), days([row["end"]])
        if row["convention"] == "ISDA":
            found = daycount.act_act_isda(start, end)
        elif row["convention"] == "ISMA":
            period = days([row["ref_start"]]), days([row["ref_end"]])
            months = np.round((period[1] - period[0]) / 30.4375)
            found = daycount.icma_fraction(start, end, *period, months)
        else:
            continue
        assert found[0] == pytest.approx(fraction, abs=published["tolerance"])
        reached += 1
    assert reached == 8
