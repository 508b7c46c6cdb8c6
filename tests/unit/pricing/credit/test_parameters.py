import datetime as dt
from typing import Any

import numpy as np
import pytest

from pricing.credit import loss_rate, matrix, reversion, term_structure
from pricing.credit.errors import CreditError
from pricing.credit.parameters import in_force, parse

WEIGHTS: dict[str, Any] = {
    "format": "tieout.credit/1",
    "kind": "TRANSITION_MATRIX",
    "name": "corporates",
    "version": "1",
    "effective_from": "2022-01-01",
    "effective_to": "2023-01-01",
    "citation": "constructed for this test",
    "values": {"states": ["A", "D"], "rows": {"A": ["0.98", "0.02"], "D": ["0", "1"]}},
}


def test_version_in_force_is_the_one_of_the_day() -> None:
    first = parse(WEIGHTS, "TRANSITION_MATRIX")
    second = parse(
        WEIGHTS | {"version": "2", "effective_from": "2023-01-01", "effective_to": None},
        "TRANSITION_MATRIX",
    )
    found = in_force([first, second], "corporates", dt.date(2022, 12, 31))
    assert found.label == "corporates@1"
    assert in_force([first, second], "corporates", dt.date(2023, 1, 1)).label == "corporates@2"


def test_day_without_a_version_and_with_two_are_refused() -> None:
    one = parse(WEIGHTS, "TRANSITION_MATRIX")
    with pytest.raises(CreditError, match="nothing is in force on 2021-12-31"):
        in_force([one], "corporates", dt.date(2021, 12, 31))
    other = parse(WEIGHTS | {"version": "1b"}, "TRANSITION_MATRIX")
    with pytest.raises(CreditError, match="versions 1 and 1b are both in force") as refused:
        in_force([one, other], "corporates", dt.date(2022, 6, 30))
    assert refused.value.code == "OVERLAPPING_DATES"


def test_matrix_of_a_document_names_the_row_that_does_not_sum_to_one() -> None:
    assert matrix.read(parse(WEIGHTS, "TRANSITION_MATRIX")).values[0, 1] == 0.02
    broken = {"states": ["A", "D"], "rows": {"A": ["0.98", "0.03"], "D": ["0", "1"]}}
    with pytest.raises(CreditError, match=r"corporates.values.rows\[A\]: sums to 1.01") as refused:
        matrix.read(parse(WEIGHTS | {"values": broken}, "TRANSITION_MATRIX"))
    assert refused.value.code == "ROW_SUM"


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"citation": ""}, "parameters.corporates.citation"),
        ({"effective_to": "2021-01-01"}, "parameters.corporates.effective_to"),
        ({"effective_from": "yesterday"}, "parameters.corporates.effective_from"),
        ({"kind": "LGD"}, "parameters.kind"),
        ({"weight": "1"}, "parameters.weight"),
        ({"values": []}, "parameters.corporates.values"),
    ],
)
def test_document_without_its_source_or_dates_is_refused(
    change: dict[str, object], place: str
) -> None:
    with pytest.raises(CreditError) as refused:
        parse(WEIGHTS | change, "TRANSITION_MATRIX")
    assert (refused.value.code, refused.value.place) == ("PARAMETERS", place)


def document(kind: str, values: dict[str, Any]) -> Any:
    return parse(WEIGHTS | {"kind": kind, "values": values}, kind)


def test_hazards_of_segments_are_read_and_integrated() -> None:
    hazards = {"knots": ["1", "3"], "hazards": {"CRE": ["0.01", "0.03"], "CI": ["0.02", "0.02"]}}
    found = term_structure.of_segments(document("HAZARDS", hazards), ["CI", "CRE"], [1.0, 2.0])
    assert found.survival == pytest.approx(np.exp([[-0.02, -0.04], [-0.01, -0.04]]), abs=1e-15)
    with pytest.raises(CreditError, match=r"segments\[0\]: 'RRE' is not in it"):
        term_structure.of_segments(document("HAZARDS", hazards), ["RRE"], [1.0])
    short = {"knots": ["1", "3"], "hazards": {"CRE": ["0.01"]}}
    with pytest.raises(CreditError, match=r"hazards.CRE: 2 are expected"):
        term_structure.of_segments(document("HAZARDS", short), ["CRE"], [1.0])


def test_rate_of_a_segment_without_one_is_refused() -> None:
    rates = document("LOSS_RATES", {"rates": {"CRE": "0.012"}})
    assert loss_rate.segment_rates(rates, ["CRE"]).tolist() == [0.012]
    with pytest.raises(CreditError, match=r"segments\[1\]: 'CI' is none of CRE"):
        loss_rate.segment_rates(rates, ["CRE", "CI"])


def test_horizon_and_reversion_are_read_together() -> None:
    given = {"periods": 8, "method": "STRAIGHT_LINE", "over": 4}
    found = reversion.read(document("REVERSION", given))
    assert (found.periods, found.method, found.over) == (8, reversion.Reversion.STRAIGHT_LINE, 4)
    with pytest.raises(CreditError, match=r"values.over: IMMEDIATE cannot revert over 4"):
        reversion.read(document("REVERSION", given | {"method": "IMMEDIATE"}))
    with pytest.raises(CreditError, match=r"values.method"):
        reversion.read(document("REVERSION", given | {"method": "SLOWLY"}))


def test_kind_that_the_library_does_not_have_is_a_bug() -> None:
    with pytest.raises(KeyError):
        parse(WEIGHTS, "PD")
