"""Packed batches: bytes of format version 1, refusals, rows taken and joined."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from pricing.batch import Batch, BatchFormatError, Column, Names, Ragged


def batch() -> Batch:
    ragged = Ragged(np.array([0, 2, 2, 5], dtype=np.int32), np.arange(5, dtype=np.float64))
    columns: dict[str, Column] = {
        "amount": np.array([1.5, -0.0, 3.25]),
        "code": np.array([7, 0, -1], dtype=np.int32),
        "flag": np.array([1, 0, 1], dtype=np.int8),
        "steps": ragged,
    }
    return Batch("AMORT_LOAN", 3, columns, Names(["USD"]))


def equal(left: Batch, right: Batch) -> bool:
    return left.to_bytes() == right.to_bytes()


def test_bytes_round_trip_and_are_the_same_each_time() -> None:
    made = batch()
    again = Batch.from_bytes(made.to_bytes(), made.names)
    assert equal(made, again)
    assert again.count == 3
    assert again.names.text(1) == "USD"


def test_format_version_1_is_this_to_the_byte() -> None:
    made = Batch("FX_FWD", 2, {"a": np.array([1, 2], dtype=np.int16)}, Names())
    header = b'{"columns":[["a","i2","plain",2]],"count":2,"product_type":"FX_FWD","version":1}'
    wanted = b"TOB1" + len(header).to_bytes(4, "little") + header + b"\x01\x00\x02\x00"
    assert made.to_bytes() == wanted


def test_rows_are_taken_and_joined() -> None:
    made = batch()
    taken = made.take([2, 0, 2])
    assert taken.column("amount").tolist() == [3.25, 1.5, 3.25]
    steps = taken.columns["steps"]
    assert isinstance(steps, Ragged)
    assert steps.offsets.tolist() == [0, 3, 5, 8]
    assert steps.values.tolist() == [2, 3, 4, 0, 1, 2, 3, 4]
    joined = Batch.concat([made.take([0]), made.take([1, 2])])
    assert equal(joined, made)


@given(
    hnp.arrays(np.float64, st.integers(0, 20), elements={"allow_nan": False}),
    st.randoms(use_true_random=False),
)
def test_taking_in_two_steps_is_taking_at_once(values: np.ndarray, random: object) -> None:
    made = Batch("FX_FWD", len(values), {"a": values}, Names())
    order = np.random.default_rng(len(values)).permutation(len(values))
    half = made.take(order).take(np.arange(len(values) // 2))
    assert equal(half, made.take(order[: len(values) // 2]))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "not a packed batch"),
        (b"TOB2" + bytes(8), "not a packed batch"),
        (b"TOB1\x04\x00\x00\x00{{{{", "not JSON"),
        (b'TOB1\x0d\x00\x00\x00{"version":2}', "version 2"),
    ],
)
def test_other_bytes_are_refused(data: bytes, message: str) -> None:
    with pytest.raises(BatchFormatError, match=message):
        Batch.from_bytes(data)


def test_cut_and_padded_bytes_are_refused() -> None:
    data = batch().to_bytes()
    for size in range(len(data) - 40, len(data)):
        with pytest.raises(BatchFormatError):
            Batch.from_bytes(data[:size])
    with pytest.raises(BatchFormatError, match="left over"):
        Batch.from_bytes(data + b"\x00")


def test_columns_must_have_a_value_per_row() -> None:
    with pytest.raises(ValueError, match="column a has 2 rows"):
        Batch("FX_FWD", 3, {"a": np.zeros(2)}, Names())


def test_names_keep_their_numbers() -> None:
    names = Names()
    assert [names.code(text) for text in ("", "USD", "EUR", "USD")] == [0, 1, 2, 1]
    assert Names(names.as_tuple()).as_tuple() == ("", "USD", "EUR")
    assert names.find("JPY") is None
    assert len(names) == 3
