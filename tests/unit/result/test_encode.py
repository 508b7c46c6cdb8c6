from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from apps.result import encode, errors
from apps.run.contracts import CellSpec, PositionError

AXIS = (
    CellSpec("PV", "BASE", "", "AMOUNT", "USD", 6, "SUM"),
    CellSpec("DV01", "BASE", "USD", "AMOUNT_PER_BP", "USD", 8, "SUM"),
)


def _cells(values: list[list[float]], failed: Any = None) -> encode.Cells:
    return encode.integer_cells([np.array(values, dtype=np.float64)], failed or {}, AXIS)


def test_a_cell_is_rounded_once_half_to_even_to_its_own_quantum() -> None:
    found = _cells([[2.0**-7, 2.0**-9], [3 * 2.0**-7, -3 * 2.0**-9], [123.4567894, 1e-4]])
    assert found.values.tolist() == [[7812, 195312], [23438, -585938], [123456789, 10000]]


def test_theta_is_the_sum_of_its_rounded_parts() -> None:
    """Rounded by itself 0.8 of a quantum would be 1, and its parts of 0.4 two zeros."""
    codes = ("THETA", "CARRY", "ROLL_DOWN")
    axis = [CellSpec(code, "BASE", "1D", "AMOUNT", "USD", 6, "SUM") for code in codes]
    values = np.array([[8e-7, 4e-7, 4e-7], [-6e-6, 1.6e-6, -7.6e-6], [np.nan, 1.0, 1.0]])
    found = encode.integer_cells([values], {}, axis)
    assert found.values.tolist() == [[0, 0, 0], [-6, 2, -8], [0, 0, 0]]
    assert list(found.errors) == [2]


@pytest.mark.parametrize(
    ("value", "code"), [(np.nan, "NOT_FINITE"), (np.inf, "NOT_FINITE"), (1e13, "OVERFLOW")]
)
def test_a_value_that_cannot_be_stored_makes_its_position_an_error(value: float, code: str) -> None:
    found = _cells([[1.0, 2.0], [1.0, value], [3.0, 4.0]])
    assert found.errors[1].code == code
    assert found.errors[1].cell == "DV01@BASE/USD"
    assert found.values[1].tolist() == [0, 0]
    assert found.valued.tolist() == [True, False, True]


def test_neighbours_of_an_error_keep_their_bits() -> None:
    alone = _cells([[1.1, 2.2], [3.3, 4.4]]).values
    beside = _cells([[1.1, 2.2], [np.nan, np.inf], [3.3, 4.4]]).values
    assert np.array_equal(alone, beside[[0, 2]])


def test_an_error_found_by_a_stage_is_kept() -> None:
    reason = PositionError("MATURED", "no flow is left")
    assert _cells([[np.nan, np.nan]], {0: reason}).errors == {0: reason}


def test_the_stages_must_fill_the_whole_axis() -> None:
    with pytest.raises(ValueError, match="filled 1 cells of an axis of 2"):
        encode.integer_cells([np.zeros((3, 1))], {}, AXIS)


def test_an_error_document_is_canonical_and_storable() -> None:
    text = errors.document(PositionError("MATURED", "a\0b\ud800" + "x" * 600))
    assert text.startswith('{"code":"MATURED","message":"a\\\\0b\\\\ud800')
    assert len(text) < 600


def test_a_number_of_an_error_code_never_changes() -> None:
    assert list(errors.NUMBER)[:6] == [
        "UNLISTED",
        "CRASHED",
        "NOT_FINITE",
        "OVERFLOW",
        "TERMS_INVALID",
        "BAD_DATES",
    ]


def test_every_failure_of_the_pricing_library_has_a_number() -> None:
    from pricing.failure import CODES

    assert set(CODES) <= set(errors.NUMBER)
