"""The change between two runs: every column where it belongs, everything adds up."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.access.models import User
from apps.cashflow import selectors as cashflows
from apps.portfolio.models import PortfolioNode
from apps.result import selectors as results
from apps.risk.explain import pairs, selectors
from apps.risk.explain.selectors import Comparison, MeasureChange
from graph.asked import Asked
from graph.context import Context
from graph.view import execute
from tests.integration.risk import two_runs


@pytest.fixture(scope="module")
def runs(
    databases: Any, template: str, django_db_setup: None, django_db_blocker: Any
) -> Iterator[two_runs.Runs]:
    with two_runs.finished(databases, template, django_db_blocker) as found:
        yield found


_known: dict[tuple[int, int, str | None], Comparison] = {}


def compared(
    runs: two_runs.Runs, opening: str, closing: str, node: str | None = None
) -> Comparison:
    """What changed between two runs; made once, as nothing that is read can change."""
    key = (runs[opening], runs[closing], node)
    if key not in _known:
        _known[key] = selectors.compare(key[0], key[1], node=node)
    return _known[key]


def amounts(found: Comparison, node: str, measure: str = "PV") -> dict[str, int]:
    """The columns of a node that are not zero, in quanta."""
    row = [label.code for label in found.nodes].index(node)
    (change,) = (each for each in found.measures if each.measure == measure)
    columns = zip(change.columns, change.amounts, strict=True)
    return {name: values[row] for name, values in columns if values[row]}


def change_of(found: Comparison, measure: str = "PV") -> MeasureChange:
    (change,) = (each for each in found.measures if each.measure == measure)
    return change


PAIRS = [
    ("base", "all moved"),
    ("base", "changed"),
    ("changed", "later and moved"),
    ("without matrix", "base"),
]


@pytest.mark.parametrize(("opening", "closing"), PAIRS)
@pytest.mark.parametrize("node", [None, "LENDING", "BOOK-A"])
def test_columns_add_up_at_every_node_and_tie_out_with_the_cube(
    runs: two_runs.Runs, opening: str, closing: str, node: str | None
) -> None:
    found = compared(runs, opening, closing, node)
    for change in found.measures:
        for row, label in enumerate(found.nodes):
            parts = sum(column[row] for column in change.amounts)
            assert change.opening[row] + parts == change.closing[row]
            for run, level in ((opening, change.opening), (closing, change.closing)):
                cube = results.cube(runs[run], node=label.code, measures=[change.measure])
                (column,) = (c for c in cube.columns if c.factor in ("", "ALL"))
                assert Decimal(change.text(level[row])) == Decimal(column.values[0] or "")
        for column in (change.opening, change.closing, *change.amounts):
            assert len(column) == 1 or column[0] == sum(column[1:])


def test_identical_runs_explain_to_zeros(runs: two_runs.Runs) -> None:
    found = compared(runs, "base", "again")
    assert found.same_engine
    assert found.this_engine
    assert found.moves == []
    assert found.counts["HELD"][0] == 11
    for measure in ("PV", "DV01"):
        assert amounts(found, "BANK", measure) == {}


def test_a_curve_moved_by_1bp_is_rates_of_its_currency_with_a_rest_of_second_order(
    runs: two_runs.Runs,
) -> None:
    rest = {}
    for size in (1, 2):
        found = compared(runs, "base", f"euro up {size}bp")
        columns = amounts(found, "SMALL-TREASURY")
        rest[size] = columns.pop("RATES/EUR/REST")
        # The mark has not been looked at again: what the curve did is taken back by its spread.
        own = columns.pop("OWN_SPREADS")
        assert own > 0
        assert all(name.startswith("RATES/EUR/") for name in columns)
        dv01 = Decimal(results.cube(runs["base"], node="SMALL-TREASURY", measures=["DV01"])
                       .columns[0].values[0] or "")  # fmt: skip
        first = Decimal(sum(columns.values())) / 10**6
        assert abs(first + dv01 * size) < Decimal("1e-4")
        assert amounts(found, "LENDING") == {}
        assert {move.kind for move in found.moves} == {"RATE"}
    # Convexity: four times as much for twice the move, far less than the first order.
    assert rest[2] / rest[1] == pytest.approx(4.0, rel=0.01)
    assert 0 < rest[1] < 2e-3 * float(abs(first)) * 10**6


def test_a_quiet_month_is_carry_and_roll_down_as_the_measures_have_them(
    runs: two_runs.Runs,
) -> None:
    columns = amounts(compared(runs, "base", "later"), "LENDING")
    # What is left after both are taken off is their rounding: nothing was paid.
    assert abs(columns.pop("EVENTS", 0)) <= 2 * 6
    assert set(columns) == {"CARRY", "ROLL_DOWN"}
    assert columns["CARRY"] > 0


def test_what_was_paid_on_the_way_leaves_the_value_and_is_no_pnl(runs: two_runs.Runs) -> None:
    found = compared(runs, "base", "paid", node="LENDING")
    columns = amounts(found, "LENDING")
    flows = [
        flow
        for loan in range(6)
        for flow in cashflows.cashflows(runs["base"], f"P-LOAN{loan}").flows
        if flow.date <= two_runs.PAID
    ]
    # Interest leaves with the date, principal with the balance of the closing book. It was paid a
    # day before that date, and the new balances are in cents.
    left = Decimal(-columns["EVENTS"] - columns["AMENDED"]) / 10**6
    paid = sum(Decimal(flow.amount) for flow in flows)
    assert left == pytest.approx(paid, rel=Decimal("0.0003"))
    change = change_of(found)
    assert change.pnl is not None
    assert change.pnl[0] == columns["CARRY"] + columns["ROLL_DOWN"]


def test_spreads_are_of_the_matrix_and_a_kept_mark_takes_them_back(runs: two_runs.Runs) -> None:
    columns = amounts(compared(runs, "base", "spreads"), "BANK")
    assert set(columns) == {"SPREADS", "OWN_SPREADS"}
    # Two bonds of one face are moved, one of them has a mark that stands where it stood.
    assert -columns["OWN_SPREADS"] == pytest.approx(columns["SPREADS"] / 2, rel=0.05)


def test_a_new_mark_is_the_spread_of_the_position_and_pnl(runs: two_runs.Runs) -> None:
    found = compared(runs, "base", "remarked")
    columns = amounts(found, "BANK")
    assert set(columns) == {"OWN_SPREADS"}
    # 2.5 points on 50,000 of face at 1.0666 from settlement, two business days on.
    assert columns["OWN_SPREADS"] / 10**6 == pytest.approx(-0.025 * 50_000 * 1.0666, rel=2e-3)
    assert change_of(found).pnl == change_of(found).change


def test_positions_that_come_go_change_and_move_stand_in_their_own_columns(
    runs: two_runs.Runs,
) -> None:
    found = compared(runs, "base", "changed")

    def stored(run: str, position: str) -> int:
        values = results.position(runs[run], position).values
        (text,) = (v.value for v in values if (v.measure, v.scenario) == ("PV", "BASE"))
        return int(Decimal(text or "").scaleb(6))

    bond = stored("base", "P-BOND1")
    assert amounts(found, "LENDING") == {
        "NEW": stored("changed", "P-NEW"),
        "MATURED": -stored("base", "P-LOAN4"),
        "TRANSFERRED": bond,
        "AMENDED": stored("changed", "P-LOAN2") - stored("base", "P-LOAN2"),
    }
    assert amounts(found, "SMALL-TREASURY") == {"TRANSFERRED": -bond}
    assert "TRANSFERRED" not in amounts(found, "BANK")
    counts = {name: each[0] for name, each in found.counts.items()}
    assert counts == {
        "HELD": 10, "AMENDED": 2, "NEW": 1, "MATURED": 1, "TRANSFERRED": 2, "UNCOVERED": 0,
        "UNEXPLAINED": 0,
    }  # fmt: skip
    assert change_of(found).pnl == [0, 0, 0]


def test_what_moved_to_another_book_is_explained_there(runs: two_runs.Runs) -> None:
    there = compared(runs, "changed", "all moved", node="SMALL-TREASURY")
    everywhere = compared(runs, "base", "all moved", node="SMALL-TREASURY")
    found, expected = (amounts(each, "SMALL-TREASURY") for each in (there, everywhere))
    assert found.pop("TRANSFERRED") > 0
    assert found == expected


def test_another_speed_of_prepayment_is_no_amendment(runs: two_runs.Runs) -> None:
    found = compared(runs, "base", "faster")
    for measure in ("PV", "DV01"):
        assert set(amounts(found, "BANK", measure)) == {"PREPAYMENT"}
        assert amounts(found, "SMALL-TREASURY", measure) == {}


def test_a_value_that_became_an_error_is_uncovered(runs: two_runs.Runs) -> None:
    lost = compared(runs, "base", "without matrix")
    found = compared(runs, "without matrix", "base")
    assert lost.counts["UNCOVERED"][0] == found.counts["UNCOVERED"][0] == 2
    gone, back = (amounts(each, "BANK") for each in (lost, found))
    assert set(gone) == set(back) == {"UNCOVERED"}
    assert gone["UNCOVERED"] == -back["UNCOVERED"] < 0


def test_all_factors_stand_in_the_order_that_is_printed(runs: two_runs.Runs) -> None:
    found = compared(runs, "base", "later and moved")
    steps = list(dict.fromkeys("/".join(c.split("/")[:2]) for c in change_of(found).columns))
    assert steps == [
        "NEW", "MATURED", "TRANSFERRED", "UNCOVERED", "EVENTS", "CARRY", "ROLL_DOWN", "RATES/EUR",
        "RATES/USD", "SPREADS", "OWN_SPREADS", "INFLATION", "FX/EURUSD", "VOLATILITIES",
        "PREPAYMENT", "PARAMETERS", "AMENDED", "RESIDUAL",
    ]  # fmt: skip
    assert "RESIDUAL" not in amounts(found, "BANK")
    assert "PARAMETERS" not in amounts(found, "BANK")
    fx = amounts(found, "SMALL-TREASURY")["FX/EURUSD"]
    closing = change_of(compared(runs, "later", "later and moved")).closing[2]
    # FX is last to move before the terms: all of the closing value but the marked bond's is at it.
    assert fx == pytest.approx(closing * (1 - 1.0666 / 1.10), rel=1e-3)


def test_what_a_run_says_otherwise_than_this_engine_is_residual(
    runs: two_runs.Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored = pairs.stored

    def otherwise(run: int, place: Any, ordinals: Any) -> Any:
        return stored(run, place, ordinals) + (7 if run == runs["again"] else 0)

    monkeypatch.setattr(pairs, "stored", otherwise)
    monkeypatch.setattr(selectors, "engine", lambda: "another")
    found = selectors.compare(runs["base"], runs["again"], node="LENDING", measures=["PV"])
    assert amounts(found, "LENDING") == {"RESIDUAL": 7 * 6}
    assert found.same_engine
    assert not found.this_engine


def test_a_reader_sees_what_is_granted_in_both_trees(runs: two_runs.Runs) -> None:
    treasury = PortfolioNode.objects.get(code="SMALL-TREASURY").node
    seen = selectors.compare(
        runs["base"], runs["all moved"], granted_before=[treasury], granted_after=[treasury]
    )
    assert [node.code for node in seen.nodes] == ["BANK", "SMALL-TREASURY"]
    whole = compared(runs, "base", "all moved")
    assert amounts(seen, "BANK") == amounts(whole, "SMALL-TREASURY")
    with pytest.raises(results.UnknownNode):
        selectors.compare(
            runs["base"], runs["again"], node="LENDING",
            granted_before=[treasury], granted_after=[treasury],
        )  # fmt: skip


def test_the_number_of_statements_does_not_depend_on_the_number_of_positions(
    runs: two_runs.Runs,
) -> None:
    counted = []
    for node in ("BANK", "LENDING", "BOOK-A"):
        with CaptureQueriesContext(connection) as captured:
            selectors.compare(runs["base"], runs["all moved"], node=node)
        counted.append(len(captured))
    assert len(set(counted)) == 1
    assert counted[0] <= 35


def test_runs_that_cannot_be_compared_are_refused(runs: two_runs.Runs) -> None:
    with pytest.raises(selectors.NotComparable, match="USD and EUR"):
        selectors.compare(runs["base"], runs["in euro"])
    with pytest.raises(selectors.NotComparable, match="after 2022-12-30"):
        selectors.compare(runs["later"], runs["base"])
    with pytest.raises(results.TooMuchDetail, match="more than 10"):
        selectors.compare(runs["base"], runs["again"], most=10)
    assert selectors.compare(runs["base"], runs["again"], most=11)
    with pytest.raises(results.UnknownCell):
        selectors.compare(runs["base"], runs["again"], measures=["THETA"])
    with pytest.raises(results.UnknownNode):
        selectors.compare(runs["base"], runs["again"], node="NO-SUCH")
    with pytest.raises(results.UnknownRun):
        selectors.compare(runs["base"], 999)


def test_many_chunks_are_the_same_as_one(
    runs: two_runs.Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = compared(runs, "changed", "later and moved")
    monkeypatch.setattr(selectors, "CHUNK", 3)
    parts = selectors.compare(runs["changed"], runs["later and moved"])
    assert parts == whole


def test_the_command_prints_and_hands_over_the_same_figures(runs: two_runs.Runs) -> None:
    found = compared(runs, "base", "all moved")
    written = io.StringIO()
    call_command("compare_runs", runs["base"], runs["all moved"], "--json", stdout=written)
    facts = json.loads(written.getvalue())
    change = change_of(found)
    assert facts["measures"][0]["opening"] == [change.text(each) for each in change.opening]
    assert [each["name"] for each in facts["measures"][0]["columns"]] == list(change.columns)
    assert {"kind": "FX", "factor": "EURUSD", "from": 1.0666, "to": 1.1} in facts["moves"]
    written = io.StringIO()
    call_command(
        "compare_runs", runs["base"], runs["all moved"], "--node", "BOOK-C", stdout=written
    )
    assert "FX/EURUSD" in written.getvalue()
    with pytest.raises(CommandError, match="USD and EUR"):
        call_command("compare_runs", runs["base"], runs["in euro"])


QUERY = """query C($run: ID!, $to: ID!, $node: String) { run(id: $run) {
  compare(to: $to, node: $node) { sameEngine thisEngine nodeCodes counts { kind counts }
    measures { measure openings closings changes pnls columns { step values } }
    moves { kinds factors openings closings } moveCount } } }"""


def test_the_graph_answers_with_columns_under_the_grants_of_the_user(runs: two_runs.Runs) -> None:
    head = User(username="head", is_superuser=True)

    def ask(**variables: Any) -> dict[str, Any]:
        answer = execute(Asked(QUERY, variables, None), Context(user=head))
        assert answer is not None
        return answer

    data = ask(run=runs["base"], to=runs["all moved"])["data"]["run"]["compare"]
    found = compared(runs, "base", "all moved")
    for measure, change in zip(data["measures"], found.measures, strict=True):
        for row in range(len(data["nodeCodes"])):
            parts = sum(Decimal(each["values"][row]) for each in measure["columns"])
            assert Decimal(measure["openings"][row]) + parts == Decimal(measure["closings"][row])
            assert Decimal(measure["changes"][row]) == parts
        assert [each["step"] for each in measure["columns"]] == list(change.columns)
    assert data["moveCount"] == len(found.moves)
    for variables in (
        {"run": runs["base"], "to": "999"},
        {"run": runs["base"], "to": runs["in euro"]},
        {"run": runs["base"], "to": runs["again"], "node": "NO-SUCH"},
    ):
        (error,) = ask(**variables)["errors"]
        assert error["extensions"]["code"] == "BAD_INPUT"


def test_the_worked_example_of_the_page_is_what_comes_out(
    runs: two_runs.Runs, repository: Path
) -> None:
    page = (repository / "docs" / "methods" / "explain.md").read_text(encoding="utf-8")
    table = page.partition("| USD | PV |")[2].partition("\n\n")[0]
    rows = [line.split("|")[1:3] for line in table.splitlines()[2:]]
    printed = {name.strip(): text.strip().replace("−", "-") for name, text in rows}
    found = compared(runs, "base", "later and moved")
    row = [node.code for node in found.nodes].index("SMALL-TREASURY")
    change = change_of(found)
    expected = {"opening": change.opening[row], "closing": change.closing[row]}
    for name, amount in amounts(found, "SMALL-TREASURY").items():
        shown = name.startswith("RATES/EUR/") and name != "RATES/EUR/REST"
        expected.setdefault(key := "RATES/EUR, 3M to 30Y" if shown else name, 0)
        expected[key] += amount
    assert abs(expected.pop("EVENTS")) < 10
    assert printed == {name: f"{amount / 10**6:,.2f}" for name, amount in expected.items()}
