"""Every sum of a run of the demo with all measures, at every node of its tree, to the last quantum.

The made-up bank under moves of the public market of 2022; needs ../shared.
"""

from __future__ import annotations

import datetime as dt
import io
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from apps.access.models import User
from apps.ingestion import services as ingestion
from apps.ingestion.demo import loading
from apps.ingestion.outcome import Request
from apps.ingestion.readers import source
from apps.marketdata import services as marketdata
from apps.portfolio.dimensions import Dimension
from apps.risk.explain import selectors as explain
from apps.run import services as runs
from apps.run.request import Submission
from apps.scenario import services as scenarios
from fixtures.book.months import AS_OF
from fixtures.book.plan import plan
from fixtures.book.tree import ROOT
from fixtures.write import write
from graph.asked import Asked
from graph.context import Context
from graph.view import execute
from pricing.measures import MEASURES, SUMMING_TO_PRINCIPAL
from tests.integration.result import priced
from tests.integration.result.shared import SharedDatabase, shared_database

FOLDER = Path(__file__).parents[4] / "shared" / "data" / "market_2022_and_before"

pytestmark = pytest.mark.skipif(
    not FOLDER.exists(), reason="the public data are not beside the repository"
)

POSITIONS = 250
HISTORIES = {
    "cmt_daily.csv.gz": "cmt_history",
    "credit_spreads.csv.gz": "oas_history",
    "fx_ecb.csv.gz": "ecb_fx_history",
}
FIRST, LAST = dt.date(2022, 7, 1), dt.date(2022, 12, 30)
LEAST = 110
PARTS = {
    "COMPONENT_VAR": "HIST_VAR",
    "COMPONENT_ES": "HIST_ES",
    "COMPONENT_ES_AT": "HIST_ES_AT",
}
HEAD = User(username="head", is_superuser=True)
BRIDGE = """query B($run: ID!, $node: String, $scenario: String!) { run(id: $run) {
  durationBridge(node: $node, scenario: $scenario) { names effects opening closing reason } } }"""

Cell = tuple[str, str, str]
"""Measure, scenario and factor."""


@dataclass(frozen=True)
class Demo:
    """The demo's run of all measures, a run of part of the book on another market, and the tree."""

    database: SharedDatabase
    run: int
    later: int
    other_scenario: str
    parents: Mapping[int, int | None]
    codes: Mapping[int, str]
    filled: frozenset[int]
    """Nodes that have a position."""

    @property
    def inner(self) -> dict[int, list[int]]:
        """The children of each node that has any, as far as either has a position."""
        found: dict[int, list[int]] = defaultdict(list)
        for node in sorted(self.filled):
            parent = self.parents[node]
            if parent is not None:
                found[parent].append(node)
        return dict(found)

    def rows(self, query: str, *values: Any) -> list[Any]:
        """What the auditor reads."""
        with self.database.connect("auditor") as auditor:
            return auditor.execute(query, values).fetchall()


@pytest.fixture(scope="module")
def demo(
    databases: Any,
    template: str,
    django_db_setup: None,
    django_db_blocker: Any,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Demo]:
    folder = tmp_path_factory.mktemp("demo")
    files = write(folder, POSITIONS)
    with shared_database(databases, template, django_db_blocker) as database:
        with database.acting_as("desk"):
            loaded = loading.load_here(folder, lambda *_: None)
            past = _history()
            base = scenarios.create_scenario_set(code="ONLY", name="Base", scenarios=[])
            fewer = _without_some(files.positions)
            market = marketdata.create_market_snapshot(_moved(json.loads(files.market.read_text())))
        other = f"H{LAST:%Y%m%d}"
        run = _submit(
            positions=loaded.positions,
            market=loaded.market,
            scenarios=past,
            measures=tuple(MEASURES),
            cashflows=("BASE", other),
        )
        later = _submit(
            positions=fewer,
            market=market.snapshot_id,
            scenarios=base.scenario_set_id,
            measures=("PV", "DV01"),
        )
        priced.work(database)
        with database.connect("auditor") as auditor:
            nodes = auditor.execute(
                "SELECT n.node, n.parent, n.code FROM portfolio_node n"
                " JOIN run r ON r.tree_id = n.tree_id WHERE r.run_id = %s",
                (run,),
            ).fetchall()
            filled = auditor.execute(
                "SELECT DISTINCT c.ancestor FROM valuation v JOIN run r ON r.run_id = v.run"
                " JOIN portfolio_closure c ON c.tree_id = r.tree_id AND c.descendant = v.book"
                " WHERE v.run = %s",
                (run,),
            ).fetchall()
        yield Demo(
            database,
            run,
            later,
            other,
            {node: parent for node, parent, _ in nodes},
            {node: code for node, _, code in nodes},
            frozenset(node for (node,) in filled),
        )


def _submit(**given: Any) -> int:
    return runs.submit(Submission(node=ROOT, **given), submitted_by="test").run_id


def _history() -> int:
    """The moves of half a year; those of the Treasury curve move every USD curve."""
    ids = []
    for file, profile in HISTORIES.items():
        request = Request(kind="tape", source=source.read(FOLDER / file), profile=profile)
        ids.append(ingestion.ingest(request, actor="test").ids["history_id"])
    out = io.StringIO()
    call_command(
        "make_scenarios",
        "HALF-YEAR",
        kind="historical",
        history=ids,
        first=FIRST,
        last=LAST,
        returns={"RATES": "ABSOLUTE", "SPREADS": "ABSOLUTE", "FX": "RELATIVE"},
        missing_days="SKIP",
        rates_move="CURRENCY",
        at_least=LEAST,
        json=True,
        stdout=out,
    )
    return int(json.loads(out.getvalue().strip().split("\n")[-1])["scenario_set_id"])


def _without_some(positions: Path) -> int:
    """The book without every tenth position."""
    lines = positions.read_text().splitlines(keepends=True)
    fewer = positions.with_name("fewer.jsonl")
    fewer.write_text("".join(line for at, line in enumerate(lines) if at % 10))
    request = Request(kind="positions", source=source.read(fewer), as_of=AS_OF, snapshot="Fewer")
    return int(ingestion.ingest(request, actor="test").ids["snapshot_id"])


def _moved(market: dict[str, Any]) -> dict[str, Any]:
    """The market with one FX quote and all spreads moved."""
    spreads = [
        each | {"nodes": [[t, str(Decimal(str(s)) + Decimal("0.001"))] for t, s in each["nodes"]]}
        for each in market["spreads"]
    ]
    euro, *others = market["fx"]
    euro |= {"rate": str(Decimal(str(euro["rate"])) * Decimal("1.01"))}
    return market | {"name": "moved", "spreads": spreads, "fx": [euro, *others]}


@pytest.fixture(scope="module")
def axis(demo: Demo) -> list[tuple[int, int, Cell]]:
    """Block, place in it and cell of everything that is a sum."""
    found = demo.rows(
        "SELECT block, ordinal - 1, measure, scenario, factor FROM run_axis"
        " WHERE run = %s AND kind = 'SUM' ORDER BY block, ordinal",
        demo.run,
    )
    return [(row[0], row[1], tuple(row[2:])) for row in found]


Sums = dict[Cell, int]


@pytest.fixture(scope="module")
def totals(demo: Demo, axis: list[tuple[int, int, Cell]]) -> dict[tuple[int, int, int], Sums]:
    """The stored sums by node, dimension and member; Python integers."""
    rows = demo.rows(
        "SELECT node, dimension, member, block, count, covered, covered_notional,"
        " uncovered_notional, cells FROM rollup WHERE run = %s",
        demo.run,
    )
    found: dict[tuple[int, int, int], Sums] = defaultdict(dict)
    for node, dimension, member, block, count, covered, good, bad, cells in rows:
        heads = {"count": count, "covered": covered, "good": good, "bad": bad}
        into = found[node, dimension, member]
        into |= {(name, "", ""): value for name, value in heads.items()}
        into |= {cell: cells[at] for of, at, cell in axis if of == block}
    return dict(found)


@pytest.fixture(scope="module")
def own(demo: Demo, totals: dict[tuple[int, int, int], Sums]) -> dict[int, Sums]:
    """The stored sums of each node as a whole."""
    whole = int(Dimension.PORTFOLIO)
    return {node: sums for (node, dimension, _), sums in totals.items() if dimension == whole}


def added(parts: Sequence[Sums]) -> Sums:
    """The sums of parts, cell by cell."""
    found: dict[Cell, int] = defaultdict(int)
    for part in parts:
        for cell, value in part.items():
            found[cell] += value
    return dict(found)


def apart(whole: Sums, parts: Sequence[Sums]) -> dict[Cell, int]:
    """By how many quanta a whole differs from the sum of its parts, where it does."""
    total = added(parts)
    return {
        cell: whole.get(cell, 0) - total.get(cell, 0)
        for cell in whole.keys() | total.keys()
        if whole.get(cell, 0) != total.get(cell, 0)
    }


def test_a_quantum_that_is_lacking_is_found() -> None:
    cell = ("PV", "BASE", "")
    assert apart({cell: 2**60 + 1}, [{cell: 2**59}, {cell: 2**59}]) == {cell: 1}
    assert apart({}, [{cell: 3}]) == {cell: -3}
    assert apart({cell: 2**60}, [{cell: 2**59}, {cell: 2**59}]) == {}


def test_the_run_has_every_sum_and_every_node(demo: Demo, own: dict[int, Sums]) -> None:
    ((status, valued, errors),) = demo.rows(
        "SELECT status, valued_count, error_count FROM run WHERE run_id = %s", demo.run
    )
    assert status == "COMPLETED_WITH_ERRORS"
    assert errors == plan(POSITIONS).failing
    assert valued + errors == POSITIONS
    top = next(node for node, parent in demo.parents.items() if parent is None)
    assert own[top]["count", "", ""] == POSITIONS
    asked = {code for code, measure in MEASURES.items() if measure.kind.value == "SUM"}
    assert {measure for measure, _, _ in own[top]} >= asked
    ((historical,),) = demo.rows(
        "SELECT count(DISTINCT scenario) - 1 FROM run_axis WHERE run = %s", demo.run
    )
    assert historical >= LEAST
    # A book that holds nothing has no row; its node is shown without values.
    assert own.keys() == demo.filled
    assert len(demo.filled) > 40


def test_children_sum_to_their_parent_in_every_cell(demo: Demo, own: dict[int, Sums]) -> None:
    assert len(demo.inner) > 15
    for node, children in demo.inner.items():
        assert apart(own[node], [own[child] for child in children]) == {}, demo.codes[node]


def test_positions_sum_to_their_book_in_every_cell(
    demo: Demo, own: dict[int, Sums], axis: list[tuple[int, int, Cell]]
) -> None:
    parts: dict[int, list[Sums]] = defaultdict(list)
    for book, block, cells in demo.rows(
        "SELECT book, block, cells FROM valuation WHERE run = %s AND status = 0", demo.run
    ):
        parts[book].append({cell: cells[at] for of, at, cell in axis if of == block})
    assert len(parts) > 10
    for book, cells in parts.items():
        whole = {cell: value for cell, value in own[book].items() if cell[1]}
        assert apart(whole, cells) == {}, demo.codes[book]


def test_members_of_every_dimension_sum_to_their_node(
    demo: Demo, totals: dict[tuple[int, int, int], Sums], own: dict[int, Sums]
) -> None:
    members: dict[tuple[int, int], list[Sums]] = defaultdict(list)
    for (node, dimension, _), sums in totals.items():
        members[node, dimension].append(sums)
    assert len({dimension for _, dimension in members}) > 5
    for (node, dimension), parts in members.items():
        assert apart(own[node], parts) == {}, (demo.codes[node], Dimension(dimension).name)


def test_components_sum_to_the_figure_of_their_parent(demo: Demo) -> None:
    stored = {
        (node, measure, factor): value
        for node, measure, factor, value in demo.rows(
            "SELECT node, measure, factor, value FROM node_result WHERE run = %s", demo.run
        )
    }
    levels = {factor for _, _, factor in stored}
    assert levels == {"95/1D", "97.5/1D", "99/1D"}
    for level in levels:
        for part, whole in PARTS.items():
            sums: dict[int | None, int] = defaultdict(int)
            for (node, code, factor), value in stored.items():
                if (code, factor) == (part, level):
                    sums[demo.parents[node]] += value
            assert sums == {node: stored[node, whole, level] for node in demo.inner}
            assert all((node, whole, level) in stored for node in demo.filled)


def test_ladders_sum_to_principal_at_every_node(demo: Demo, own: dict[int, Sums]) -> None:
    principal = _principal_by_product(demo)
    for scenario in ("BASE", demo.other_scenario):
        for code in SUMMING_TO_PRINCIPAL:
            for node, sums in own.items():
                ladder = {
                    factor: value
                    for (measure, under, factor), value in sums.items()
                    if (measure, under) == (code, scenario)
                }
                assert len(ladder) > 10
                left_out = sum(
                    amount
                    for product, amount in principal[scenario][node].items()
                    if not MEASURES[code].applies(product)
                )
                whole = sums["PRINCIPAL", scenario, ""]
                assert sum(ladder.values()) == whole - left_out, (demo.codes[node], code)


def _principal_by_product(demo: Demo) -> dict[str, dict[int, dict[str, int]]]:
    """PRINCIPAL under each scenario by node and product, from the positions."""
    found: dict[str, dict[int, dict[str, int]]] = defaultdict(
        lambda: defaultdict(lambda: defaultdict(int))
    )
    for scenario, node, product, amount in demo.rows(
        "SELECT a.scenario, c.ancestor, p.product_type, sum(v.cells[a.ordinal])"
        " FROM run r JOIN run_axis a ON a.run = r.run_id AND a.measure = 'PRINCIPAL'"
        " JOIN valuation v ON v.run = r.run_id AND v.block = a.block AND v.status = 0"
        " JOIN position p ON p.snapshot_id = r.position_snapshot_id AND p.ordinal = v.position"
        " JOIN portfolio_closure c ON c.tree_id = r.tree_id AND c.descendant = v.book"
        " WHERE r.run_id = %s GROUP BY 1, 2, 3",
        demo.run,
    ):
        found[scenario][node][product] = int(amount)
    return found


def test_effects_of_the_bridge_lead_from_opening_to_closing_at_every_node(demo: Demo) -> None:
    bridged = 0
    for code in (demo.codes[node] for node in demo.filled):
        for scenario in ("BASE", demo.other_scenario):
            variables = {"run": demo.run, "node": code, "scenario": scenario}
            answer = execute(Asked(BRIDGE, variables, None), Context(user=HEAD))
            assert "errors" not in answer, answer
            found = answer["data"]["run"]["durationBridge"]
            assert "RESIDUAL" in found["names"]
            if found["reason"]:
                assert None in found["effects"]
                continue
            effects = sum(map(Decimal, found["effects"]), Decimal(0))
            assert Decimal(found["opening"]) + effects == Decimal(found["closing"]), code
            bridged += 1
    # Books of derivatives have no durations, and some are paid back before the year is over.
    assert bridged >= len(demo.filled)


def test_columns_of_the_explain_sum_at_every_node(demo: Demo) -> None:
    stored = {run: _present(demo, run) for run in (demo.run, demo.later)}
    seen = set()
    moved: dict[str, int] = defaultdict(int)
    for node in demo.inner:
        found = explain.compare(demo.run, demo.later, node=demo.codes[node], most=None)
        seen |= {label.node for label in found.nodes}
        for change in found.measures:
            assert "RESIDUAL" in change.columns
            for name, column in zip(change.columns, change.amounts, strict=True):
                assert column[0] == sum(column[1:])
                moved[name] += column[0] != 0
            for row, label in enumerate(found.nodes):
                columns = sum(column[row] for column in change.amounts)
                assert change.opening[row] + columns == change.closing[row], label.code
                for run, level in ((demo.run, change.opening), (demo.later, change.closing)):
                    assert level[row] == stored[run].get((label.node, change.measure), 0)
    assert seen >= demo.filled
    assert moved["MATURED"]
    assert moved["SPREADS"]
    assert any(count for name, count in moved.items() if name.startswith("FX/"))
    # Both runs are of this engine: the steps leave nothing unexplained.
    assert not moved["RESIDUAL"]


def _present(demo: Demo, run: int) -> dict[tuple[int, str], int]:
    """The stored PV and DV01 under BASE of each node of a run."""
    rows = demo.rows(
        "SELECT t.node, a.measure, t.cells[a.ordinal] FROM run_axis a JOIN rollup t"
        " ON t.run = a.run AND t.block = a.block AND t.dimension = %s WHERE a.run = %s"
        " AND a.measure IN ('PV', 'DV01') AND a.scenario = 'BASE' AND a.factor IN ('', 'ALL')",
        int(Dimension.PORTFOLIO),
        run,
    )
    return {(node, measure): int(value) for node, measure, value in rows}
