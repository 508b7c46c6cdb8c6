import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pricing.credit.allocation import allocated
from pricing.credit.errors import CreditError
from pricing.credit.roll_forward import (
    CAUSES,
    RESIDUAL,
    Movement,
    attribution,
    provision,
    roll_forward,
)

OPENING = {"CRE": 10_000, "CI": 5_001}
EVENTS = [
    Movement("CRE", "CHARGE_OFF", 1_203, "e1"),
    Movement("CRE", "RECOVERY", 100, "e2"),
    Movement("CI", "PCD", 77, "e3"),
    Movement("CI", "FX", -3, "e4"),
]


def test_provision_closes_the_table_to_the_cent() -> None:
    closing = {"CRE": 9_999, "CI": 6_000, "RRE": 12}
    needed = provision(OPENING, EVENTS, closing)
    provisions = [Movement(name, "PROVISION", one, "run") for name, one in needed.items()]
    rows = roll_forward(OPENING, [*EVENTS, *provisions], closing)
    assert needed == {"CI": 925, "CRE": 1_102, "RRE": 12}
    total = rows[-1]
    assert (total.segment, total.opening, total.closing) == ("TOTAL", 15_001, 16_011)
    assert total.provision == sum(needed.values())
    assert all(row.difference == 0 for row in rows)


def test_table_that_is_a_cent_off_is_refused_by_segment() -> None:
    with pytest.raises(CreditError, match="segment CRE: closing is 8898, 1 more than") as refused:
        roll_forward(OPENING, EVENTS, {"CRE": 8_898, "CI": 5_075})
    assert refused.value.code == "DOES_NOT_CLOSE"


@pytest.mark.parametrize(
    ("event", "message"),
    [
        (Movement("CI", "WRITE_DOWN", 1, "e9"), r"movements\[0\].kind: 'WRITE_DOWN' is no"),
        (Movement("CI", "CHARGE_OFF", -1, "e9"), r"movements\[0\].amount: CHARGE_OFF of e9"),
    ],
)
def test_event_that_is_none_is_refused(event: Movement, message: str) -> None:
    with pytest.raises(CreditError, match=message):
        roll_forward({}, [event], {})


def test_causes_and_residual_are_the_provision() -> None:
    values = [120, 90, 100, 130, 128, 128, 140]
    other = -25
    closing = 143
    made = attribution(list(zip(CAUSES, values, strict=True)), 100, closing - 100 - other, other)
    assert list(made) == [*CAUSES, RESIDUAL]
    assert sum(made.values()) == closing - 100 - other
    assert made["NEW"] == 20
    # Thirty less by run-off, of which 25 was charged off and no provision.
    assert made["RUN_OFF"] == -5
    assert made[RESIDUAL] == 3
    with pytest.raises(CreditError, match="the causes are NEW, RUN_OFF"):
        attribution([("NEW", 1)], 0, 1, 0)


@given(
    st.integers(-(10**15), 10**15),
    st.lists(st.integers(0, 10**14), min_size=1, max_size=30).filter(any),
)
def test_allocation_sums_to_its_total_whatever_it_is(total: int, cost: list[int]) -> None:
    pools = np.zeros(len(cost), dtype=np.int64)
    parts = allocated(np.array([total]), pools, np.array(cost))
    assert sum(parts.tolist()) == total
    base = sum(cost)
    assert all(
        abs(int(part) * base - total * one) < base for part, one in zip(parts, cost, strict=True)
    )


def test_segments_and_counterparties_add_up_to_the_same_allowance() -> None:
    rng = np.random.default_rng(5)
    cost, segment = rng.integers(0, 10**9, 500), rng.integers(0, 7, 500)
    debtor = rng.integers(0, 90, 500)
    totals = rng.integers(0, 10**8, 7)
    parts = allocated(totals, segment, cost)
    by_segment = [int(parts[segment == one].sum()) for one in range(7)]
    by_debtor = sum(int(parts[debtor == one].sum()) for one in range(90))
    assert by_segment == totals.tolist()
    assert by_debtor == totals.sum()


def test_total_without_cost_and_negative_cost_are_refused() -> None:
    with pytest.raises(CreditError, match=r"totals\[1\]: 5 has no amortised cost"):
        allocated(np.array([1, 5]), np.array([0]), np.array([10]))
    with pytest.raises(CreditError, match=r"amortised_cost\[1\]: -1 is below 0"):
        allocated(np.array([1]), np.array([0, 0]), np.array([10, -1]))
