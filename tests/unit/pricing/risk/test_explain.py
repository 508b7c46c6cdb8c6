"""Columns of an explanation add up in every row and at every node."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from pricing.risk.errors import RiskError
from pricing.risk.explain import STEPS, Explanation, explained, split

ROWS = 60


def drawn(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(-(10**14), 10**14, ROWS)


def book(**changed: Any) -> Explanation:
    """Sixty positions: every fifth is new, every seventh has matured, of which some are both."""
    row = np.arange(ROWS)
    given: Mapping[str, Any] = {
        "opening": drawn(1),
        "steps": {name: drawn(10 + i) for i, name in enumerate(STEPS)},
        "amended": drawn(2),
        "closing": drawn(3),
        "held_before": row % 5 != 0,
        "held_after": row % 7 != 0,
        **changed,
    }
    return explained(**given)


def test_every_row_adds_up_to_its_closing_amount() -> None:
    found = book()
    assert found.columns == ("NEW", "MATURED", *STEPS, "AMENDED", "RESIDUAL")
    assert (found.opening + found.amounts.sum(axis=1) == found.closing).all()
    assert (found.change() == found.closing - found.opening).all()


def test_each_step_is_the_difference_it_makes() -> None:
    found = book()
    stays = (np.arange(ROWS) % 5 != 0) & (np.arange(ROWS) % 7 != 0)
    path = [drawn(1), *(drawn(10 + i) for i in range(len(STEPS))), drawn(2), drawn(3)]
    for i, name in enumerate((*STEPS, "AMENDED", "RESIDUAL")):
        assert (found.column(name)[stays] == (path[i + 1] - path[i])[stays]).all()


def test_positions_held_at_one_end_have_one_column_and_others_have_no_such() -> None:
    found = book()
    row = np.arange(ROWS)
    before, after = row % 5 != 0, row % 7 != 0
    new, matured = found.column("NEW"), found.column("MATURED")
    assert (new[after & ~before] == drawn(3)[after & ~before]).all()
    assert (matured[before & ~after] == -drawn(1)[before & ~after]).all()
    assert not new[before].any()
    assert not matured[after].any()
    assert not found.amounts[~(before & after), 2:].any()
    assert not found.opening[~before].any()
    assert not found.closing[~after].any()


def test_nodes_add_up_as_their_positions_do() -> None:
    found = book()
    node_of = np.random.default_rng(9).integers(0, 6, ROWS)
    nodes = found.rolled(node_of, 6)
    assert (nodes.opening + nodes.amounts.sum(axis=1) == nodes.closing).all()
    root = nodes.rolled(np.zeros(6, dtype=int), 1)
    assert root.amounts[0].tolist() == found.amounts.sum(axis=0).tolist()


def test_step_that_is_not_given_moves_nothing_and_has_no_column() -> None:
    found = book(steps={"FX": drawn(15)})
    assert found.columns == ("NEW", "MATURED", "FX", "AMENDED", "RESIDUAL")
    assert (found.opening + found.amounts.sum(axis=1) == found.closing).all()


def test_order_decides_which_step_a_joint_effect_falls_to() -> None:
    # Value is rate x fx: 100 x 1, to 110 x 2.
    one = {"held_before": np.array([True]), "held_after": np.array([True])}
    ends = {"opening": np.array([100]), "amended": np.array([220]), "closing": np.array([220])}
    rates_first = {"RATES": np.array([110]), "FX": np.array([220])}
    fx_first = {"RATES": np.array([220]), "FX": np.array([200])}
    assert explained(steps=rates_first, **ends, **one).column("RATES")[0] == 10
    turned = explained(steps=fx_first, order=("FX", "RATES"), **ends, **one)
    assert [turned.column("FX")[0], turned.column("RATES")[0]] == [100, 20]


def test_pnl_counts_the_cash_that_left_the_value() -> None:
    # A coupon of 3 is paid, the bond gains 1 on rates.
    found = explained(
        opening=np.array([103]),
        steps={"EVENTS": np.array([100]), "RATES": np.array([101])},
        amended=np.array([101]),
        closing=np.array([101]),
        held_before=np.array([True]),
        held_after=np.array([True]),
    )
    assert found.column("EVENTS")[0] == -3
    assert found.pnl(np.array([3]))[0] == 1


def test_rates_split_by_key_rate_with_the_rest_shown() -> None:
    found = book()
    parts = {f"RATES_{tenor}": drawn(50 + i) / 7.0 for i, tenor in enumerate(("2Y", "5Y", "30Y"))}
    cut = split(found, "RATES", parts, "RATES_REST")
    at = cut.columns.index("RATES_2Y")
    assert cut.columns[at : at + 4] == ("RATES_2Y", "RATES_5Y", "RATES_30Y", "RATES_REST")
    assert (cut.amounts[:, at : at + 4].sum(axis=1) == found.column("RATES")).all()
    assert (cut.opening + cut.amounts.sum(axis=1) == cut.closing).all()
    assert np.abs(cut.column("RATES_5Y") - parts["RATES_5Y"]).max() <= 0.5


def test_bad_input_names_its_place() -> None:
    with pytest.raises(RiskError, match="WEATHER: is no step"):
        book(steps={"WEATHER": drawn(1)})
    with pytest.raises(RiskError, match="steps: lengths"):
        book(amended=drawn(2)[:-1])
    with pytest.raises(RiskError, match="overflows"):
        book(closing=np.full(ROWS, 2**62))
    with pytest.raises(RiskError, match="RHO: is no column"):
        book().column("RHO")
    wrong = np.zeros(ROWS)
    wrong[3] = np.nan
    with pytest.raises(RiskError, match=r"RATES_2Y\[3\]"):
        split(book(), "RATES", {"RATES_2Y": wrong}, "RATES_REST")
    with pytest.raises(RiskError, match="64 bits"):
        split(book(), "RATES", {"RATES_2Y": np.full(ROWS, 1e19)}, "RATES_REST")
    with pytest.raises(RiskError, match="node_of"):
        book().rolled(np.zeros(3, dtype=int), 1)
