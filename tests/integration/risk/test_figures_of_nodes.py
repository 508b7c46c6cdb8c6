"""Figures of nodes in a real run: brute force in Python integers, at every node of the tree."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import pytest

from apps.run import services as runs
from apps.run.request import Submission, SubmitError
from tests.integration.result import priced
from tests.integration.risk import historical_bank

LEVELS = {"95/1D": 9_500, "97.5/1D": 9_750, "99/1D": 9_900}


@pytest.fixture(scope="module")
def bank(
    databases: Any, template: str, django_db_setup: None, django_db_blocker: Any
) -> Iterator[priced.Bank]:
    with historical_bank.shared_bank(databases, template, django_db_blocker) as made:
        yield made


@pytest.fixture(scope="module")
def profits(bank: priced.Bank) -> dict[int, list[int]]:
    """P&L by node from the positions themselves: Python integers, no roll-up."""
    with bank.connect("auditor") as auditor:
        cells = auditor.execute(
            "SELECT block, ordinal FROM run_axis WHERE run = %s AND measure = 'PV'"
            " ORDER BY block, ordinal",
            (bank.run,),
        ).fetchall()
        rows = auditor.execute(
            "SELECT book, position, block, cells FROM valuation WHERE run = %s AND status = 0",
            (bank.run,),
        ).fetchall()
        above = auditor.execute("SELECT descendant, ancestor FROM portfolio_closure").fetchall()
    vectors: dict[int, dict[int, list[int]]] = defaultdict(dict)
    books = {}
    for book, position, block, values in rows:
        vectors[position][block] = values
        books[position] = book
    found: dict[int, list[int]] = {}
    for position, blocks in vectors.items():
        values = [blocks[block][ordinal - 1] for block, ordinal in cells]
        pnl = [value - values[0] for value in values[1:]]
        for descendant, ancestor in above:
            if descendant == books[position]:
                before = found.get(ancestor, [0] * len(pnl))
                found[ancestor] = [a + b for a, b in zip(before, pnl, strict=True)]
    return found


@pytest.fixture(scope="module")
def stored(bank: priced.Bank) -> dict[tuple[int, str, str], tuple[int, dict[str, Any]]]:
    with bank.connect("auditor") as auditor:
        rows = auditor.execute(
            "SELECT node, measure, factor, value, method FROM node_result WHERE run = %s",
            (bank.run,),
        ).fetchall()
    return {
        (node, measure, factor): (value, json.loads(method))
        for node, measure, factor, value, method in rows
    }


@pytest.fixture(scope="module")
def parents(bank: priced.Bank) -> dict[int, int | None]:
    with bank.connect("auditor") as auditor:
        return dict(auditor.execute("SELECT node, parent FROM portfolio_node").fetchall())


def _ranked(pnl: list[int]) -> list[int]:
    return sorted(range(len(pnl)), key=lambda at: (pnl[at], at))


def _half_even(value: Fraction) -> int:
    return round(value)


def _k(n: int, level: int) -> int:
    return -((-n * (10_000 - level)) // 10_000)


def test_every_node_has_every_figure_at_every_level(profits, stored, parents) -> None:
    own = {"HIST_VAR", "HIST_ES", "HIST_ES_AT"}
    expected = {(node, code, level) for node in profits for code in own for level in LEVELS}
    inner = {node for node in profits if parents[node] is not None}
    expected |= {
        (node, code, level)
        for node in inner
        for code in set(historical_bank.RISK) - own
        for level in LEVELS
    }
    assert len(profits) == 6
    assert set(stored) == expected


def test_figures_are_those_of_plain_integers_at_every_node(profits, stored) -> None:
    for node, pnl in profits.items():
        order, n = _ranked(pnl), len(pnl)
        for name, level in LEVELS.items():
            k = _k(n, level)
            worst = [pnl[at] for at in order[:k]]
            value, method = stored[node, "HIST_VAR", name]
            assert value == -worst[-1]
            assert (method["n"], method["k"]) == (historical_bank.DAYS, k)
            moves = historical_bank.moves(historical_bank.DAYS)
            assert method["scenario_of_rank"] == moves[order[k - 1]]["code"]
            assert stored[node, "HIST_ES", name][0] == _half_even(Fraction(-sum(worst), k))
            mass = Fraction(n * (10_000 - level), 10_000)
            weighted = sum(worst[:-1]) + worst[-1] * (mass - (k - 1))
            assert stored[node, "HIST_ES_AT", name][0] == _half_even(-weighted / mass)


def test_parts_of_every_node_sum_to_its_figure_to_the_last_quantum(stored, parents) -> None:
    for part, whole in (
        ("COMPONENT_VAR", "HIST_VAR"),
        ("COMPONENT_ES", "HIST_ES"),
        ("COMPONENT_ES_AT", "HIST_ES_AT"),
    ):
        for level in LEVELS:
            sums: dict[int, int] = defaultdict(int)
            for (node, code, factor), (value, _) in stored.items():
                if (code, factor) == (part, level):
                    sums[parents[node]] += value  # type: ignore[index]
            assert len(sums) == 3
            assert sums == {node: stored[node, whole, level][0] for node in sums}


def test_a_part_of_var_is_the_loss_in_the_scenario_of_rank_k_of_the_parent(
    profits, stored, parents
) -> None:
    for (node, code, level), (value, _) in stored.items():
        if code == "COMPONENT_VAR":
            pnl = profits[parents[node]]
            at = _ranked(pnl)[_k(len(pnl), LEVELS[level]) - 1]
            assert value == -profits[node][at]


def test_shortfall_is_never_below_var_and_grows_with_the_level(profits, stored) -> None:
    for node in profits:
        for level in LEVELS:
            var, es, at = (
                stored[node, code, level][0] for code in ("HIST_VAR", "HIST_ES", "HIST_ES_AT")
            )
            assert var <= es <= at
        for code in ("HIST_VAR", "HIST_ES", "HIST_ES_AT"):
            ascending = [stored[node, code, level][0] for level in LEVELS]
            assert ascending == sorted(ascending)


def test_the_method_says_what_a_validator_asks(stored) -> None:
    _, method = stored[1, "HIST_VAR", "99/1D"]
    assert method == {
        "demeaned": False,
        "horizon_days": 1,
        "is": "-P&L[k-1] of P&L sorted ascending, ties by scenario ordinal",
        "k": 2,
        "level_bp": 9_900,
        "missing_days": "SKIP",
        "n": 120,
        "overlapping": False,
        "scenario_of_rank": method["scenario_of_rank"],
        "window": ["2022-01-03", "2022-12-30"],
    }


def test_figures_of_nodes_do_not_change_the_result_hash(bank: priced.Bank) -> None:
    """They are no cells: the positions of a run with them are those of a run without."""
    with bank.connect("auditor") as auditor:
        past = auditor.execute(
            "SELECT scenario_set_id FROM run WHERE run_id = %s", (bank.run,)
        ).fetchone()[0]
    plain = runs.submit(
        Submission(
            positions=bank.inputs.positions,
            market=bank.inputs.market,
            scenarios=past,
            measures=(*priced.MEASURES, *historical_bank.LADDERS),
        ),
        submitted_by="test",
    ).run_id
    priced.work(bank.database)
    with bank.connect("auditor") as auditor:
        hashes = auditor.execute(
            "SELECT count(DISTINCT result_hash), count(*) FROM run WHERE run_id IN (%s, %s)",
            (bank.run, plain),
        ).fetchone()
        rows = auditor.execute("SELECT count(*) FROM node_result WHERE run = %s", (plain,))
        assert rows.fetchone() == (0,)
    assert hashes == (1, 2)


def _submit(bank: priced.Bank, scenarios: int, *measures: str) -> None:
    runs.submit(
        Submission(
            positions=bank.inputs.positions,
            market=bank.inputs.market,
            scenarios=scenarios,
            measures=measures,
        ),
        submitted_by="test",
    )


def test_a_set_that_was_given_has_no_historical_figure(bank: priced.Bank) -> None:
    with pytest.raises(SubmitError, match="HIST_VAR needs a set") as refused:
        _submit(bank, bank.inputs.scenarios, "PV", "HIST_VAR")
    assert refused.value.code == "NOT_HISTORICAL"


def test_too_few_scenarios_for_the_lowest_level_are_refused_by_level_and_count(
    bank: priced.Bank,
) -> None:
    with bank.database.acting_as("desk"):
        short = historical_bank.make_set(19, "SHORT")
    with pytest.raises(SubmitError, match=r"9500bp.*20 scenarios.* 19") as refused:
        _submit(bank, short, "HIST_ES")
    assert refused.value.code == "TOO_FEW_SCENARIOS"


def test_horizons_that_do_not_say_whether_they_overlap_are_refused(bank: priced.Bank) -> None:
    with bank.database.acting_as("desk"):
        stated = historical_bank.basis(40, 10)
        del stated["overlapping"]
        unsaid = historical_bank.scenarios.create_scenario_set(
            code="TEN", name="Ten days", scenarios=historical_bank.moves(40), basis=stated
        ).scenario_set_id
    with pytest.raises(SubmitError, match="does not say whether its moves overlap") as refused:
        _submit(bank, unsaid, "HIST_VAR")
    assert refused.value.code == "OVERLAP_NOT_DECLARED"


@pytest.mark.parametrize("text", ["HIST_VAR@H20220103"])
def test_a_figure_of_nodes_is_not_asked_for_under_a_scenario(bank: priced.Bank, text: str) -> None:
    with bank.connect("auditor") as auditor:
        past = auditor.execute(
            "SELECT scenario_set_id FROM run WHERE run_id = %s", (bank.run,)
        ).fetchone()[0]
    with pytest.raises(SubmitError) as refused:
        _submit(bank, past, text)
    assert refused.value.code == "MEASURE_HAS_NO_SCENARIO"
