"""Risk and concentration of a real run, read as a client reads them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.access import services as access
from apps.access.models import User
from apps.result import selectors as results
from apps.risk import selectors as risks
from apps.risk.selectors import ConcentrationBy
from graph.asked import Asked
from graph.context import Context
from graph.view import execute
from tests.integration.result import priced
from tests.integration.risk import historical_bank

QUERY = """query($run: ID!, $node: String, $level: Int!) { run(id: $run) {
  risk(node: $node, level: $level) { nodeCode currency level horizon scenarios covered
    figures { measure value reason scenario scenarioName method }
    components { measure nodeCodes values }
    ladders { measure factors values } } } }"""


@pytest.fixture(scope="module")
def bank(
    databases: Any, template: str, django_db_setup: None, django_db_blocker: Any
) -> Iterator[priced.Bank]:
    with historical_bank.shared_bank(databases, template, django_db_blocker) as made:
        with made.acting_as("desk"):
            access.create_user(username="head", password="secret", actor="test", is_superuser=True)
        yield made


def _ask(query: str, **variables: Any) -> dict[str, Any]:
    user = User.objects.get(username="head")
    return execute(Asked(query, variables, None), Context(user=user))


def _risk(bank: priced.Bank, node: str | None = None, level: int = 9_900) -> dict[str, Any]:
    answer = _ask(QUERY, run=str(bank.run), node=node, level=level)
    assert "errors" not in answer, answer
    found: dict[str, Any] = answer["data"]["run"]["risk"]
    return found


def test_components_by_child_sum_to_the_figure_of_every_inner_node(bank: priced.Bank) -> None:
    for node in ("BANK", "LENDING", "SMALL-TREASURY"):
        for level in (9_500, 9_750, 9_900):
            found = _risk(bank, node, level)
            figures = {each["measure"]: each for each in found["figures"]}
            for parts in found["components"]:
                whole = figures[parts["measure"].replace("COMPONENT_", "HIST_")]
                assert sum(map(Decimal, parts["values"])) == Decimal(whole["value"])
                assert len(parts["values"]) == len(parts["nodeCodes"]) > 0


def test_var_is_the_loss_of_the_cube_in_the_scenario_it_names(bank: priced.Bank) -> None:
    found = _risk(bank)
    var = next(each for each in found["figures"] if each["measure"] == "HIST_VAR")
    cube = results.cube(bank.run, measures=["PV"], scenarios=["BASE", var["scenario"]])
    base, shocked = (Decimal(column.values[0] or "") for column in cube.columns)
    assert Decimal(var["value"]) == base - shocked
    assert var["scenarioName"].startswith("Moves to ")
    assert json.loads(var["method"])["n"] == found["scenarios"] == historical_bank.DAYS


def test_key_rates_of_the_ladder_add_up_to_its_dv01(bank: priced.Bank) -> None:
    ladders = {each["measure"]: each for each in _risk(bank)["ladders"]}
    assert set(ladders) == {"DV01", "KEY_RATE_DV01", "CS01", "FX_DELTA"}
    by = dict(zip(ladders["DV01"]["factors"], ladders["DV01"]["values"], strict=True))
    keys = zip(ladders["KEY_RATE_DV01"]["factors"], ladders["KEY_RATE_DV01"]["values"], strict=True)
    dollars = sum(Decimal(value) for factor, value in keys if factor.startswith("USD/"))
    assert dollars == pytest.approx(Decimal(by["USD"]), rel=Decimal("1e-4"))


def test_a_level_that_does_not_exist_is_refused(bank: priced.Bank) -> None:
    (error,) = _ask(QUERY, run=str(bank.run), node=None, level=9_990)["errors"]
    assert error["extensions"]["code"] == "BAD_INPUT"
    assert "9990" in error["message"]


def test_a_horizon_that_the_scenarios_do_not_have_is_refused(bank: priced.Bank) -> None:
    with pytest.raises(risks.UnknownLevel, match="moves of 1 days"):
        risks.risk(bank.run, horizon_days=10)


def test_a_reader_of_parts_gets_no_figure_of_the_whole(bank: priced.Bank) -> None:
    book = results.cube(bank.run, node="BOOK-A", measures=["PV"]).nodes[0].node
    with pytest.raises(risks.PartOfNode, match="parts of LENDING"):
        risks.risk(bank.run, node="LENDING", granted=[book])
    with pytest.raises(results.UnknownNode):
        risks.risk(bank.run, node="BOOK-B", granted=[book])
    assert risks.risk(bank.run, node="BOOK-A", granted=[book]).figures[0].value is not None


def test_a_figure_is_no_column_of_the_cube(bank: priced.Bank) -> None:
    with pytest.raises(results.NotAggregable, match="HIST_VAR is a figure of nodes"):
        results.cube(bank.run, measures=["HIST_VAR"])


def test_a_run_that_was_not_asked_says_so(bank: priced.Bank) -> None:
    plain = priced.submit(bank.inputs)
    priced.work(bank.database)
    found = risks.risk(plain)
    assert {each.reason.partition(":")[0] for each in found.figures} == {"NOT_ASKED"}


def _exposures(run: int, column: str) -> dict[str, int]:
    """Exposures from the positions: no roll-up in between."""
    text = {
        "obligor": "coalesce(p.counterparty, '')",
        "sector": "coalesce((SELECT d.sector FROM counterparty d"
        " WHERE d.code = p.counterparty), '')",
    }[column]
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {text}, sum(v.cells[a.ordinal]) FROM valuation v"
            " JOIN run_axis a ON a.run = v.run AND a.block = v.block AND a.measure = 'PV'"
            " AND a.scenario = 'BASE' JOIN run r ON r.run_id = v.run"
            " JOIN position p ON p.snapshot_id = r.position_snapshot_id"
            " AND p.ordinal = v.position WHERE v.run = %s AND v.status = 0 GROUP BY 1",
            [run],
        )
        return {key: int(value) for key, value in cursor.fetchall()}


@pytest.mark.parametrize("by", [ConcentrationBy.COUNTERPARTY, ConcentrationBy.SECTOR])
def test_shares_and_the_index_are_those_of_the_positions(
    bank: priced.Bank, by: ConcentrationBy
) -> None:
    found = risks.concentration(bank.run, by, top=3)
    column = "obligor" if by is ConcentrationBy.COUNTERPARTY else "sector"
    sums = _exposures(bank.run, column)
    total = sum(sums.values())
    assert found.names == len(sums)
    assert Decimal(found.total) == Decimal(total).scaleb(-6)
    assert found.hhi == pytest.approx(sum((q / total) ** 2 for q in sums.values()), rel=1e-12)
    largest = sorted(sums.values(), reverse=True)[:3]
    assert [Decimal(text) for text in found.exposures] == [Decimal(q).scaleb(-6) for q in largest]
    assert Decimal(found.top_exposure) == Decimal(sum(largest)).scaleb(-6)


def test_a_backtest_counts_the_days_that_lose_more_than_the_var_before_them(
    bank: priced.Bank,
) -> None:
    cube = results.cube(bank.run, measures=["PV"])
    values = [int(Decimal(column.values[0] or "").scaleb(6)) for column in cube.columns]
    pnl = [value - values[0] for value in values[1:]]
    window, k = 60, 3
    hits = [
        cube.columns[day + 1].scenario
        for day in range(window, len(pnl))
        if pnl[day] < sorted(pnl[day - window : day])[k - 1]
    ]
    found = risks.backtest(bank.run, level_bp=9_500, window=window)
    assert found.exceptions == hits
    assert found.days == historical_bank.DAYS - window
    printed = StringIO()
    call_command(
        "backtest_run", bank.run, "--level", "9500", "--window", "60", "--json", stdout=printed
    )
    assert json.loads(printed.getvalue())["exceptions"] == hits


def test_a_backtest_with_too_few_days_is_refused(bank: priced.Bank) -> None:
    with pytest.raises(risks.UnknownLevel, match="needs 121 scenarios or more, there are 120"):
        risks.backtest(bank.run, level_bp=9_500, window=119)
    with pytest.raises(risks.UnknownLevel, match="needs 100 scenarios or more, there are 60"):
        risks.backtest(bank.run, level_bp=9_900, window=60)


def test_concentration_is_asked_through_the_graph_with_an_adjustment(bank: priced.Bank) -> None:
    query = """query($run: ID!) { run(id: $run) { concentration(by: COUNTERPARTY_GROUP, first: 5,
      obligors: {pd: 0.01, lgd: 0.45, capital: 0.06}) {
        names keys shares hhi granularityAdjustment } } }"""
    answer = _ask(query, run=str(bank.run))
    assert "errors" not in answer, answer
    found = answer["data"]["run"]["concentration"]
    # With names alike but for size the adjustment is proportional to the index: 0.012326 of a
    # hundred equal names is printed in docs/methods/concentration.md.
    assert found["granularityAdjustment"] == pytest.approx(1.2326 * found["hhi"], rel=1e-4)
    assert sum(found["shares"]) <= 1 + 1e-12
    assert len(found["keys"]) == min(5, found["names"])


def test_concentration_takes_as_many_statements_for_a_book_as_for_the_bank(
    bank: priced.Bank,
) -> None:
    for by, expected in ((ConcentrationBy.SECTOR, 5), (ConcentrationBy.COUNTERPARTY, 6)):
        for node in ("BANK", "BOOK-A"):
            with CaptureQueriesContext(connection) as captured:
                risks.concentration(bank.run, by, node=node)
            texts = [each["sql"] for each in captured if each["sql"] not in ("BEGIN", "COMMIT")]
            assert len(texts) == expected, (by, node)


def test_a_measure_of_several_factors_is_no_exposure(bank: priced.Bank) -> None:
    with pytest.raises(results.UnknownCell, match="no single sum"):
        risks.concentration(bank.run, ConcentrationBy.SECTOR, measure="DV01")
