import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from foundation import exact

INT64 = st.integers(-(2**63), 2**63 - 1)


@given(
    st.integers(-(10**18), 10**18),
    st.lists(st.integers(0, 10**12), min_size=1, max_size=30).filter(any),
)
def test_parts_add_up_and_each_is_within_one_of_its_share(total, weights):
    parts = exact.largest_remainder(total, weights)
    assert sum(parts) == total
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part * sum(weights) - total * weight) < sum(weights)


@given(st.lists(INT64, min_size=1, max_size=50))
def test_a_guarded_sum_is_the_exact_sum_or_an_error(values):
    cells = np.array(values, dtype=np.int64)[:, None]
    expected = sum(values)
    if -(2**63) <= expected < 2**63:
        assert exact.guarded_sum(cells).tolist() == [expected]
    else:
        try:
            exact.guarded_sum(cells)
        except OverflowError:
            return
        raise AssertionError(f"{expected} does not fit into 64 bits")


@given(st.lists(st.integers(-(2**61), 2**61), min_size=2, max_size=40), st.randoms())
def test_the_order_of_rows_does_not_change_a_sum(values, random):
    cells = np.array(values, dtype=np.int64)[:, None] // len(values)
    shuffled = cells.tolist()
    random.shuffle(shuffled)
    assert (exact.guarded_sum(cells) == exact.guarded_sum(np.array(shuffled))).all()


@given(st.floats(allow_nan=False, allow_infinity=False), st.integers(0, 10))
def test_a_quantised_value_is_within_half_a_quantum(value, exponent):
    cells, overflow = exact.quantise(np.array([[value]]), [exponent])
    if not overflow[0]:
        assert abs(cells[0, 0] - value * 10.0**exponent) <= 0.5
