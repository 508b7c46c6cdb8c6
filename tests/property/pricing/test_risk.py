"""What must hold for any P&L: exact sums, coherence up to rounding, and parts that add up."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from pricing.risk.components import component_es, component_es_at, component_var
from pricing.risk.concentration import concentration
from pricing.risk.explain import STEPS, explained
from pricing.risk.reverse_stress import reverse_stress
from pricing.risk.tail import tail_risk

AMOUNT = st.integers(-(10**13), 10**13)
SMALL = st.integers(-3, 3)
LEVEL = st.sampled_from([9_000, 9_500, 9_750])


def vectors(rows: int | st.SearchStrategy[int] = 1) -> st.SearchStrategy[np.ndarray]:
    """P&L of rows in 40 to 90 scenarios; small amounts make ties."""
    count = rows if isinstance(rows, st.SearchStrategy) else st.just(rows)
    shape = st.tuples(count, st.integers(40, 90))
    return shape.flatmap(
        lambda s: st.one_of(
            arrays.arrays(np.int64, s, elements=AMOUNT),
            arrays.arrays(np.int64, s, elements=SMALL),
        )
    )


@settings(deadline=None, max_examples=60)
@given(vectors(st.integers(1, 8)), LEVEL)
def test_parts_sum_to_their_total_exactly(children: np.ndarray, level_bp: int) -> None:
    parents = np.zeros(len(children), dtype=np.int64)
    tail = tail_risk(children.sum(axis=0, keepdims=True), level_bp)
    assert component_var(children, parents, tail).sum() == tail.var[0]
    assert component_es(children, parents, tail).sum() == tail.es[0]
    assert component_es_at(children, parents, tail).sum() == tail.es_at[0]


@settings(deadline=None, max_examples=60)
@given(vectors(), LEVEL)
def test_var_is_below_es_and_es_below_its_coherent_form(pnl: np.ndarray, level_bp: int) -> None:
    found = tail_risk(pnl, level_bp)
    assert found.var[0] <= found.es[0] <= found.es_at[0] <= -pnl.min()


@settings(deadline=None, max_examples=40)
@given(vectors(), LEVEL, st.integers(-(10**13), 10**13))
def test_certain_gain_lowers_every_figure_by_itself(
    pnl: np.ndarray, level_bp: int, gain: int
) -> None:
    # By an even amount, so that halves go on rounding to the same side.
    gain -= gain % 2
    before, after = tail_risk(pnl, level_bp), tail_risk(pnl + gain, level_bp)
    for name in ("var", "es", "es_at"):
        assert getattr(after, name)[0] == getattr(before, name)[0] - gain
    assert after.tail.tolist() == before.tail.tolist()


@settings(deadline=None, max_examples=40)
@given(vectors(2), LEVEL)
def test_worse_in_every_scenario_is_no_less_at_risk(pnl: np.ndarray, level_bp: int) -> None:
    worse = tail_risk(np.vstack([pnl[0], np.minimum(pnl[0], pnl[1])]), level_bp)
    for figures in (worse.var, worse.es, worse.es_at):
        assert figures[1] >= figures[0]


@settings(deadline=None, max_examples=40)
@given(vectors(2), LEVEL)
def test_coherent_shortfall_of_two_is_no_more_than_of_each(pnl: np.ndarray, level_bp: int) -> None:
    apart = tail_risk(pnl, level_bp)
    together = tail_risk(pnl.sum(axis=0, keepdims=True), level_bp)
    # Three figures, each rounded by at most half a quantum.
    assert together.es_at[0] <= apart.es_at.sum() + 1.5


@settings(deadline=None, max_examples=40)
@given(arrays.arrays(np.int64, (len(STEPS) + 3, 12), elements=AMOUNT), st.data())
def test_explanations_add_up_at_every_node(path: np.ndarray, data: st.DataObject) -> None:
    flags = arrays.arrays(np.bool_, 12)
    found = explained(
        opening=path[0],
        steps=dict(zip(STEPS, path[1:], strict=False)),
        amended=path[-2],
        closing=path[-1],
        held_before=data.draw(flags),
        held_after=data.draw(flags),
    )
    node_of = data.draw(arrays.arrays(np.int64, 12, elements=st.integers(0, 3)))
    for rows in (found, found.rolled(node_of, 4)):
        assert (rows.opening + rows.amounts.sum(axis=1) == rows.closing).all()


@settings(deadline=None, max_examples=40)
@given(arrays.arrays(np.int64, st.integers(1, 30), elements=st.integers(1, 10**15)))
def test_index_is_between_one_over_the_names_and_the_largest_share(exposures: np.ndarray) -> None:
    found = concentration([f"N{i}" for i in range(len(exposures))], exposures)
    assert found.hhi >= 1.0 / len(exposures) - 1e-15
    assert found.shares[0] ** 2 - 1e-15 <= found.hhi <= found.shares[0] + 1e-15
    assert found.top(len(exposures))[0] == found.total


@settings(deadline=None, max_examples=60)
@given(st.lists(st.integers(1, 10**6), min_size=20, max_size=20), st.integers(1, 10**7))
def test_only_size_of_a_monotone_loss_is_found(increments: list[int], threshold: int) -> None:
    knots = np.cumsum(increments)

    def losses(sizes: np.ndarray) -> np.ndarray:
        return np.interp(sizes, np.arange(0, 1_000, 50), knots).astype(np.int64)

    every = np.arange(951)
    reached = np.flatnonzero(losses(every) >= threshold)
    found = reverse_stress(losses, threshold, np.array([0, 300, 950]))
    assert found.monotone
    if len(reached) in (0, len(every)):
        assert found.crossings == ()
    else:
        (crossing,) = found.crossings
        assert (crossing.within, crossing.reached) == (reached[0] - 1, reached[0])


@settings(deadline=None, max_examples=20)
@given(vectors(), st.integers(2, 50))
def test_figures_scale_with_the_position(pnl: np.ndarray, factor: int) -> None:
    one, many = tail_risk(pnl, 9_500), tail_risk(pnl * factor, 9_500)
    assert many.var[0] == factor * one.var[0]
    assert many.es[0] == pytest.approx(factor * int(one.es[0]), abs=0.5 * (factor + 1))
