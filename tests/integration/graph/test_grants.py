"""Who sees what: granted subtrees, totals over them, and nothing by default."""

from decimal import Decimal

import pytest

from apps.access.models import User
from apps.portfolio.models import Portfolio, PortfolioGrant
from graph.facts import of
from graph.view import SCHEMA
from tests.contract.graph.test_query_counts import COPY_RUN

CUBE = """query Q($run: ID!, $node: String, $by: [Dimension!]) { run(id: $run) {
  cube(node: $node, by: $by, measures: ["PV"], scenarios: ["BASE"]) {
    nodeCodes counts columns { values } } } }"""


def _cube(world, user, **variables):
    return world.data(CUBE, user, run=world.run, **variables)["run"]["cube"]


def _pv(cube):
    return [Decimal(value) for value in cube["columns"][0]["values"]]


def test_a_total_is_the_sum_of_the_granted_subtrees(world):
    seen = _cube(world, "trader")
    books = _cube(world, "head", node="DESK_A", by=["PORTFOLIO"])
    other = _cube(world, "head", node="DESK_B", by=["PORTFOLIO"])
    parts = dict(zip(books["nodeCodes"], _pv(books), strict=True))
    parts |= dict(zip(other["nodeCodes"], _pv(other), strict=True))
    assert _pv(seen) == [parts["BOOK_A1"] + parts["BOOK_B1"]]


def test_children_show_only_what_is_granted_in_them(world):
    assert _cube(world, "analyst", by=["PORTFOLIO"])["nodeCodes"] == ["DESK_A"]
    assert _cube(world, "trader", node="DESK_A", by=["PORTFOLIO"])["nodeCodes"] == ["BOOK_A1"]


def test_a_node_without_a_grant_does_not_exist(world):
    for node in ("DESK_B", "BOOK_B1"):
        code, message = world.refusal(CUBE, "analyst", run=world.run, node=node)
        assert code == "BAD_INPUT"
        assert message == f"run {world.run} has no node {node}"


def test_positions_of_other_books_are_neither_listed_nor_found(world):
    query = """query Q($run: ID!, $id: String!) { run(id: $run) {
      positions(first: 200) { positionIds books } position(id: $id) { book } } }"""
    everything = world.data(query, "head", run=world.run, id="P000000")["run"]["positions"]
    place = everything["books"].index("BOOK_A2")
    hidden = everything["positionIds"][place]
    seen = world.data(query, "trader", run=world.run, id=hidden)["run"]
    assert set(seen["positions"]["books"]) == {"BOOK_A1", "BOOK_B1"}
    assert seen["position"] is None


def test_a_user_without_grants_sees_no_run(world):
    query = "query Q($run: ID!) { run(id: $run) { id } runs { nodes { id } } }"
    assert world.data(query, "stranger", run=world.run) == {"run": None, "runs": {"nodes": []}}
    assert len(world.data(query, "trader", run=world.run)["runs"]["nodes"]) == 1


def test_an_ended_grant_shows_nothing(world, acting_as):
    with acting_as("desk"):
        PortfolioGrant.objects.filter(user__username="analyst").update(is_active=False)
    assert world.data("{ runs { nodes { id } } }", "analyst")["runs"]["nodes"] == []


def test_an_inactive_user_sees_nothing(world, acting_as):
    with acting_as("desk"):
        User.objects.filter(username="head").update(is_active=False)
    assert world.data("{ portfolios { nodes { code } } }")["portfolios"]["nodes"] == []


def test_the_portfolio_tree_shows_granted_subtrees(world):
    query = "{ portfolios { nodes { code parent { code } children { code } } } }"
    seen = world.data(query, "analyst")["portfolios"]["nodes"]
    assert seen == [
        {"code": "BOOK_A1", "parent": {"code": "DESK_A"}, "children": []},
        {"code": "BOOK_A2", "parent": {"code": "DESK_A"}, "children": []},
        {
            "code": "DESK_A",
            "parent": None,
            "children": [{"code": "BOOK_A1"}, {"code": "BOOK_A2"}],
        },
    ]
    assert world.data('{ portfolio(code: "FUND") { code } }', "analyst") == {"portfolio": None}
    assert world.data('{ portfolio(code: "FUND") { code } }')["portfolio"] == {"code": "FUND"}


def test_breaks_of_other_books_and_of_the_whole_are_not_shown(world):
    rows = world.done.book.book
    inside, outside = (int((rows == book).argmax()) for book in (3, 7))
    with world.database.connect("worker") as worker:
        for rule, position in (("IN", inside), ("OUT", outside), ("ALL", None)):
            worker.execute(
                "INSERT INTO run_break (run_id, rule, position, field, expected, found, status,"
                " owner, reason) VALUES (%s, %s, %s, '', '', '', 'OPEN', '', '')",
                (world.done.run, rule, position),
            )
    query = "query Q($run: ID!) { run(id: $run) { breaks { nodes { rule } } } }"

    def rules(user):
        nodes = world.data(query, user, run=world.run)["run"]["breaks"]["nodes"]
        return [node["rule"] for node in nodes]

    assert rules("analyst") == ["IN"]
    assert rules("head") == ["IN", "OUT", "ALL"]


TASKS = "query Q($run: ID!) { run(id: $run) { error tasks { nodes { status error } } } }"


def test_what_a_task_says_of_positions_is_for_those_who_see_the_whole(world):
    with world.database.connect("web") as web:
        web.execute(COPY_RUN, {"run": world.done.run})
        (run,) = web.execute("SELECT max(run_id) FROM run").fetchone()
        web.execute(
            "UPDATE run SET status = 'FAILED', error = 'task 7: no terms of P000150'"
            " WHERE run_id = %s",
            (run,),
        )
    said = {
        user: world.data(TASKS, user, run=str(run))["run"]["error"]
        for user in ("head", "analyst", "trader")
    }
    hidden = "The reason is shown to those who see the whole of the run."
    assert said == {
        "head": "task 7: no terms of P000150",
        "analyst": hidden,
        "trader": hidden,
    }
    seen = {
        user: len(world.data(TASKS, user, run=world.run)["run"]["tasks"]["nodes"])
        for user in ("head", "analyst", "trader")
    }
    assert seen == {"head": len(world.done.tasks) + 1, "analyst": 0, "trader": 0}


def test_a_grant_of_the_root_shows_the_tasks(world, acting_as):
    with acting_as("desk"):
        PortfolioGrant.objects.create(
            user=User.objects.get(username="trader"),
            portfolio=Portfolio.objects.get(code="FUND"),
            reason="test",
        )
    assert world.data(TASKS, "trader", run=world.run)["run"]["tasks"]["nodes"]


def test_every_field_declares_who_may_read_it():
    open_fields = [
        f"{name}.{field}"
        for name, fields in of(SCHEMA._schema).items()
        for field, facts in fields.items()
        if facts.scopes is None
    ]
    assert open_fields == []


@pytest.mark.parametrize("user", ["head", "analyst", "stranger"])
def test_reference_data_is_for_everybody_who_is_logged_in(world, user):
    query = """{ instruments(first: 2) { nodes { code } pageInfo { hasNextPage } }
      counterparties { nodes { code } } scenarioSets { nodes { code } }
      marketDataSnapshots { nodes { name } } positionSnapshots { nodes { name } } }"""
    found = world.data(query, user)
    assert found["instruments"] == {
        "nodes": [{"code": "I"}, {"code": "I0"}],
        "pageInfo": {"hasNextPage": True},
    }
    assert len(found["counterparties"]["nodes"]) == 7
