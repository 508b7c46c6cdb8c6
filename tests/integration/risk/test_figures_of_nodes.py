"""Figures of nodes in a real run: brute force in Python integers, at every node of the tree."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from apps.publication import services as published
from apps.publication import verification
from apps.result import selectors as results
from apps.risk import selectors as risks
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


@pytest.fixture(scope="module")
def codes(bank: priced.Bank) -> dict[int, str]:
    with bank.connect("auditor") as auditor:
        return dict(auditor.execute("SELECT node, code FROM portfolio_node").fetchall())


def _ranked(pnl: list[int]) -> list[int]:
    return sorted(range(len(pnl)), key=lambda at: (pnl[at], at))


def _half_even(value: Fraction) -> int:
    return round(value)


def _k(n: int, level: int) -> int:
    return -((-n * (10_000 - level)) // 10_000)


def test_every_node_has_every_figure_at_every_level(profits, stored, parents) -> None:
    own = set(historical_bank.OWN)
    expected = {(node, code, level) for node in profits for code in own for level in LEVELS}
    inner = {node for node in profits if parents[node] is not None}
    expected |= {
        (node, code, level)
        for node in inner
        for code in historical_bank.RISK
        if code.startswith("COMPONENT")
        for level in LEVELS
    }
    assert len(profits) == 6
    assert {key for key in stored if key[1] != "CORNISH_FISHER_VAR"} == expected


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
    plain = runs.submit(
        Submission(
            positions=bank.inputs.positions,
            market=bank.inputs.market,
            scenarios=_set_of(bank),
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


def _set_of(bank: priced.Bank) -> int:
    with bank.connect("auditor") as auditor:
        row = auditor.execute(
            "SELECT scenario_set_id FROM run WHERE run_id = %s", (bank.run,)
        ).fetchone()
    return int(row[0])


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


def _factor_moves() -> np.ndarray[Any, Any]:
    """Moves of EUR and USD key rates and of EUR, from the documents of the scenarios."""
    years = {"3M": 0.25, "2Y": 2.0, "5Y": 5.0, "10Y": 10.0, "30Y": 30.0}
    grid = [0.25, 0.5, 1, 2, 3, 5, 10, 15, 20, 30]
    rows = []
    for document in historical_bank.moves(historical_bank.DAYS):
        by = {shock.get("curve", shock["risk"]): shock for shock in document["shocks"]}
        row: list[float] = []
        for curve in ("EUR-GOVT", "USD-TREASURY"):
            at, sizes = zip(*by[curve]["tenors"], strict=True)
            row += np.interp(grid, [years[t] for t in at], [float(x) for x in sizes]).tolist()
        rows.append([*row, float(by["FX"]["size"])])
    return np.array(rows)


def test_delta_normal_var_is_that_of_the_stored_ladders(bank: priced.Bank, stored, codes) -> None:
    moves = _factor_moves()
    for node, code in codes.items():
        cube = results.cube(
            bank.run, node=code, measures=["KEY_RATE_DV01", "FX_DELTA"], scenarios=["BASE"]
        )
        held = {(c.measure, c.factor): float(c.values[0] or 0) for c in cube.columns}
        slopes = [v * (-1e4 if m == "KEY_RATE_DV01" else 100) for (m, _), v in held.items()]
        deviation = float(np.sqrt(np.mean((moves @ np.array(slopes)) ** 2)))
        for level, quantile in (("95/1D", 1.6448536269514722), ("99/1D", 2.3263478740408408)):
            found = stored[node, "DELTA_NORMAL_VAR", level][0] / 1e6
            assert found == pytest.approx(quantile * deviation, rel=1e-9)


def test_convexity_of_long_positions_takes_from_the_loss(stored, codes) -> None:
    for node in codes:
        straight = stored[node, "DELTA_NORMAL_VAR", "99/1D"][0]
        bent = stored[node, "DELTA_GAMMA_VAR", "99/1D"][0]
        assert 0.9 * straight < bent < straight


def test_the_expansion_is_a_figure_only_where_it_is_a_quantile(stored, bank, codes) -> None:
    """One curve that bends a little is outside its domain (Maillard 2012): explained, no figure."""
    for node, code in codes.items():
        found = {each.measure: each for each in risks.risk(bank.run, node=code).figures}
        figure = found["CORNISH_FISHER_VAR"]
        if (node, "CORNISH_FISHER_VAR", "99/1D") in stored:
            assert figure.value is not None
        else:
            assert figure.value is None
            assert figure.reason.startswith("NOT_DEFINED")
    assert (3, "CORNISH_FISHER_VAR", "99/1D") not in stored


def test_a_parametric_figure_without_its_ladder_is_refused(bank: priced.Bank) -> None:
    with pytest.raises(SubmitError, match="formed from KEY_RATE_DV01") as refused:
        _submit(bank, _set_of(bank), "DELTA_NORMAL_VAR")
    assert refused.value.code == "MEASURE_NEEDS_ANOTHER"


@pytest.mark.parametrize(
    ("shock", "mode", "why"),
    [(0, "RELATIVE", "moves rates by a ratio"), (3, "ABSOLUTE", "moves FX by a difference")],
)
def test_moves_that_a_sensitivity_does_not_know_have_no_parametric_figure(
    bank: priced.Bank, shock: int, mode: str, why: str
) -> None:
    with bank.database.acting_as("desk"):
        documents = historical_bank.moves(30)
        documents[4]["shocks"][shock]["mode"] = mode
        ratio = historical_bank.scenarios.create_scenario_set(
            code=f"MODE{shock}", name="Mode", scenarios=documents, basis=historical_bank.basis(30)
        ).scenario_set_id
    with pytest.raises(SubmitError, match=f"H20220107: {why}") as refused:
        _submit(bank, ratio, "DELTA_NORMAL_VAR", "KEY_RATE_DV01", "FX_DELTA")
    assert refused.value.code == "UNKNOWN_FACTOR"


def test_the_seal_of_a_run_holds_its_figures(bank: priced.Bank, tmp_path: Path) -> None:
    published.publish(bank.run, by="ann", manifest_dir=tmp_path)
    manifest = tmp_path / f"run-{bank.run}.manifest.json"
    with bank.acting_as("auditor"):
        assert verification.verify(bank.run, manifest).findings == []
    leaf = f"node_result_r{bank.run}"
    with bank.connect("owner") as owner:
        for change in (1, -1):
            owner.execute(f"ALTER TABLE {leaf} DISABLE TRIGGER USER")
            owner.execute(
                f"UPDATE {leaf} SET value = value + %s"
                " WHERE node = 1 AND measure = 'HIST_VAR' AND factor = '99/1D'",
                (change,),
            )
            owner.execute(f"ALTER TABLE {leaf} ENABLE TRIGGER USER")
            if change == 1:
                with bank.acting_as("auditor"):
                    found = verification.verify(bank.run, manifest).findings
    assert {finding.table for finding in found} == {"node_result"}


@pytest.mark.parametrize("text", ["HIST_VAR@H20220103"])
def test_a_figure_of_nodes_is_not_asked_for_under_a_scenario(bank: priced.Bank, text: str) -> None:
    with pytest.raises(SubmitError) as refused:
        _submit(bank, _set_of(bank), text)
    assert refused.value.code == "MEASURE_HAS_NO_SCENARIO"
