"""What must hold for any shape of a rate shock, and any scenario that is composed of others."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from pricing.axis import Axis, Cell
from pricing.market import snapshot
from pricing.scenarios import States, composed, parse

from tests.unit.pricing.conftest import DAY, MARKET  # isort: skip

TIMES = np.array([0.0, 0.2, 1.0, 1.7, 3.0, 5.0, 9.9, 10.0, 22.0, 61.0])
READ = snapshot.parse(MARKET)
AXIS = Axis((Cell("PV", "BASE"),), DAY, "USD")

sizes = st.integers(-2000, 2000).map(lambda tenths: f"{tenths / 1e5:.5f}")
pivots = st.sampled_from(["13M", "2Y", "5Y", "11Y", "29Y"])
modes = st.sampled_from(["ABSOLUTE", "RELATIVE"])
shocks = st.lists(
    st.one_of(
        st.builds(lambda s, m: {"risk": "RATE", "size": s, "mode": m}, sizes, modes),
        st.builds(
            lambda a, b, p: {
                "risk": "RATE",
                "twist": {"short": a, "long": b, "start": "1Y", "pivot": p, "end": "30Y"},
            },
            sizes,
            sizes,
            pivots,
        ),
        st.builds(
            lambda a, b, m: {"risk": "RATE", "mode": m, "tenors": [["1Y", a], ["10Y", b]]},
            sizes,
            sizes,
            modes,
        ),
    ),
    max_size=4,
)


def zeros(*documents: dict[str, Any]) -> list[np.ndarray]:
    """Return the zero rates of the dollar curve at BASE and in each scenario."""
    scenarios = [parse({"code": "BASE"}), *(parse(document) for document in documents)]
    states = States(READ, scenarios, AXIS)
    return [states.zero_rates("USD-TREASURY", TIMES, at) for at in range(len(scenarios))]


@settings(max_examples=40, deadline=None)
@given(sizes, pivots)
def test_a_twist_of_equal_ends_is_the_parallel_shift_to_the_bit(size: str, pivot: str) -> None:
    twist = {"short": size, "long": size, "start": "1Y", "pivot": pivot, "end": "30Y"}
    _, twisted, shifted = zeros(
        {"code": "T", "shocks": [{"risk": "RATE", "twist": twist}]},
        {"code": "P", "shocks": [{"risk": "RATE", "size": size}]},
    )
    assert np.array_equal(twisted, shifted)


@settings(max_examples=40, deadline=None)
@given(shocks)
def test_a_composed_scenario_of_one_part_is_the_part_to_the_bit(part: list[Any]) -> None:
    one = {"code": "ONE", "shocks": part}
    whole = composed({"code": "WHOLE", "parts": ["ONE"]}, {"ONE": one})
    _, first, second = zeros(one, whole)
    assert np.array_equal(first, second)


@settings(max_examples=40, deadline=None)
@given(shocks, shocks)
def test_shocks_of_nothing_change_no_bit_of_what_stands(
    before: list[Any], after: list[Any]
) -> None:
    nothing = {"risk": "RATE", "mode": "RELATIVE", "size": "0"}
    _, plain, padded = zeros(
        {"code": "A", "shocks": [*before, *after]},
        {"code": "B", "shocks": [*before, nothing, *after]},
    )
    assert np.array_equal(plain, padded)


@settings(max_examples=40, deadline=None)
@given(shocks)
def test_a_scenario_is_the_same_among_others_as_alone(one: list[Any]) -> None:
    other = {"code": "O", "shocks": [{"risk": "RATE", "mode": "RELATIVE", "tenors": [["1Y", "1"]]}]}
    _, alone = zeros({"code": "A", "shocks": one})
    _, _, among = zeros(other, {"code": "A", "shocks": one})
    assert np.array_equal(alone, among)
