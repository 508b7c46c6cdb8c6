"""From the root's total down to one position, over the schema."""

from decimal import Decimal

import pytest

from graph import cube
from graph.errors import BadInput
from tests.contract.graph.test_query_counts import COPY_RUN

TOTALS = """
query Totals($run: ID!, $node: String, $by: [Dimension!]) {
  run(id: $run) {
    cube(node: $node, by: $by, measures: ["PV"], scenarios: ["BASE"]) {
      rowCount nodeCodes counts covered coveredNotional uncoveredNotional currency presentation rate
      dimensions { dimension members }
      columns { measure scenario factor unit currency kind values reasons }
      pageInfo { hasNextPage endCursor }
    }
  }
}
"""
PAGE = """
query Page($run: ID!, $node: String, $where: PositionWhere, $order: PositionOrder, $first: Int!,
           $after: String) {
  run(id: $run) {
    positions(node: $node, where: $where, orderBy: $order, first: $first, after: $after) {
      ordinals positionIds books statuses errorCodes
      columns { measure values reasons }
      pageInfo { hasNextPage endCursor }
    }
  }
}
"""


def _cube(world, user="head", **variables):
    return world.data(TOTALS, user, run=world.run, **variables)["run"]["cube"]


def _pages(world, user="head", **variables):
    after, pages = None, []
    while True:
        found = world.data(PAGE, user, run=world.run, after=after, **variables)["run"]["positions"]
        pages.append(found)
        if not found["pageInfo"]["hasNextPage"]:
            return pages
        after = found["pageInfo"]["endCursor"]


def test_a_node_is_the_sum_of_its_children(world):
    total = _cube(world)
    children = _cube(world, by=["PORTFOLIO"])
    assert (total["rowCount"], total["counts"], total["covered"]) == (1, [200], [198])
    assert children["nodeCodes"] == ["DESK_A", "DESK_B"]
    values = children["columns"][0]["values"]
    assert str(sum(map(Decimal, values))) == total["columns"][0]["values"][0]


def test_amounts_are_decimal_strings_with_all_their_digits(world):
    (value,) = _cube(world)["columns"][0]["values"]
    assert isinstance(value, str)
    assert -Decimal(value).as_tuple().exponent == 6


def test_members_of_a_dimension_stand_beside_the_values(world):
    cube = _cube(world, node="DESK_B", by=["SECTOR"])
    (dimension,) = cube["dimensions"]
    assert dimension == {"dimension": "SECTOR", "members": ["BANKS", "ENERGY", "RETAIL"]}
    total = _cube(world, node="DESK_B")
    assert sum(map(Decimal, cube["columns"][0]["values"])) == Decimal(
        total["columns"][0]["values"][0]
    )


def test_the_grid_comes_in_pages(world):
    query = """query Q($run: ID!, $after: String) { run(id: $run) {
      cube(by: [SECTOR], measures: ["PV"], first: 2, after: $after) {
        rowCount dimensions { members } pageInfo { hasNextPage endCursor } } } }"""
    first = world.data(query, run=world.run)["run"]["cube"]
    after = first["pageInfo"]["endCursor"]
    second = world.data(query, run=world.run, after=after)["run"]["cube"]
    assert first["rowCount"] == second["rowCount"] == 3
    assert first["dimensions"][0]["members"] == ["BANKS", "ENERGY"]
    assert second["dimensions"][0]["members"] == ["RETAIL"]
    assert second["pageInfo"] == {"hasNextPage": False, "endCursor": None}


def test_another_currency_is_a_flagged_presentation(world):
    query = """query Q($run: ID!) { run(id: $run) {
      cube(measures: ["PV"], scenarios: ["BASE"], currency: "EUR") {
        currency presentation rate columns { values } } } }"""
    shown = world.data(query, run=world.run)["run"]["cube"]
    own = _cube(world)
    assert (shown["currency"], shown["presentation"]) == ("EUR", True)
    assert Decimal(shown["rate"]) == Decimal("0.8")
    assert Decimal(shown["columns"][0]["values"][0]) == pytest.approx(
        Decimal(own["columns"][0]["values"][0]) * Decimal("0.8"), abs=Decimal("0.000001")
    )


def test_a_measure_without_a_total_is_refused_by_name(world):
    query = """query Q($run: ID!) { run(id: $run) { cube(measures: ["DIRTY_PRICE"]) {
      counts } } }"""
    code, message = world.refusal(query, run=world.run)
    assert code == "NOT_AGGREGABLE"
    assert "DIRTY_PRICE" in message


@pytest.mark.parametrize(
    ("argument", "text"),
    [
        ('node: "NOWHERE"', "NOWHERE"),
        ('measures: ["NO_SUCH"]', "NO_SUCH"),
        ('scenarios: ["NO_SUCH"]', "NO_SUCH"),
        ('currency: "XXX"', "XXX"),
        ("first: 0", "first is 0"),
        ("first: 201", "first is 201"),
        ('after: "what"', "cursor"),
    ],
)
def test_an_argument_that_names_nothing_is_refused(world, argument, text):
    query = f"query Q($run: ID!) {{ run(id: $run) {{ cube({argument}) {{ counts }} }} }}"
    code, message = world.refusal(query, run=world.run)
    assert code == "BAD_INPUT"
    assert text in message


@pytest.mark.parametrize("order", [None, {}, {"measure": "CS01", "descending": False}])
def test_pages_of_positions_cover_each_position_once(world, order):
    pages = _pages(world, first=60, order=order)
    ordinals = [ordinal for page in pages for ordinal in page["ordinals"]]
    assert sorted(ordinals) == list(range(200))
    assert [len(page["ordinals"]) for page in pages] == [60, 60, 60, 20]


def test_a_cursor_holds_in_its_own_run_and_order_only(world):
    query = """query Q($run: ID!, $order: PositionOrder, $after: String) { run(id: $run) {
      positions(first: 2, orderBy: $order, after: $after) {
        ordinals pageInfo { endCursor } } } }"""
    by_pv = world.data(query, run=world.run, order={})["run"]["positions"]["pageInfo"]["endCursor"]
    assert world.data(query, run=world.run, order={}, after=by_pv)["run"]["positions"]["ordinals"]
    with world.database.connect("web") as web:
        web.execute(COPY_RUN, {"run": world.done.run})
    other_run = str(world.done.run + 1)
    for run, order in (
        (world.run, None),
        (world.run, {"descending": False}),
        (world.run, {"measure": "CS01"}),
        (world.run, {"scenario": "RATES_UP_100"}),
        (other_run, {}),
    ):
        code, message = world.refusal(query, run=run, order=order, after=by_pv)
        assert (code, message) == ("BAD_INPUT", "after is not a cursor of this list")


def test_a_grid_has_a_bound_on_its_columns(world, monkeypatch):
    monkeypatch.setattr(cube, "MOST_COLUMNS", 3)
    for field in (
        "cube { columns { kind } }",
        "positions(measures: null, scenarios: null) { columns { kind } }",
        'position(id: "P000002") { values { kind } }',
    ):
        query = f"query Q($run: ID!) {{ run(id: $run) {{ {field} }} }}"
        if field.startswith("positions"):
            assert len(world.data(query, run=world.run)["run"]["positions"]["columns"]) == 1
            continue
        code, message = world.refusal(query, run=world.run)
        assert code == "BAD_INPUT"
        assert "at most 3 columns" in message
    with pytest.raises(BadInput, match="at most 3 columns"):
        cube.check_size(rows=1, columns=4)
    cube.check_size(rows=1, columns=3)


def test_positions_in_order_of_pv_are_sorted(world):
    pages = _pages(world, first=70, order={})
    values = [value for page in pages for value in page["columns"][0]["values"]]
    amounts = [Decimal(value) for value in values if value is not None]
    assert amounts == sorted(amounts, reverse=True)
    assert len(amounts) == 198


def test_error_rows_have_a_code_and_no_value(world):
    (page,) = _pages(world, first=50, where={"status": "ERROR"})
    assert page["ordinals"] == [3, 150]
    assert page["errorCodes"] == ["TERMS_INVALID", "TERMS_INVALID"]
    assert page["columns"][0] == {"measure": "PV", "values": [None, None], "reasons": ["ERROR"] * 2}


def test_one_position_has_all_its_values_and_its_instrument(world):
    query = """query Q($run: ID!, $id: String!) { run(id: $run) { position(id: $id) {
      positionId ordinal status book inputHash
      instrument { code issuer { code parent { code } } currentTerms { document } }
      values { measure scenario factor value }
      base: values(measures: ["PV"], scenarios: ["BASE"]) { value } } } }"""
    found = world.data(query, run=world.run, id="P000002")["run"]["position"]
    assert (found["positionId"], found["ordinal"], found["status"]) == ("P000002", 2, "VALUED")
    assert found["inputHash"] == world.done.book.row_hash[2].tobytes().hex()
    assert found["instrument"]["issuer"] == {"code": "C2", "parent": {"code": "GROUP"}}
    assert found["instrument"]["currentTerms"]["document"]["terms"] == {
        "n": 2,
        "rate": "0.05",
    }
    assert {each["measure"] for each in found["values"]} >= {"PV", "DIRTY_PRICE", "DV01"}
    assert len(found["base"]) == 1


def test_an_unknown_position_or_run_is_null(world):
    query = """query Q($run: ID!) { run(id: $run) { position(id: "NOWHERE") { ordinal } } }"""
    assert world.data(query, run=world.run) == {"run": {"position": None}}
    assert world.data(query, run="999999") == {"run": None}


def test_a_run_says_what_it_was_made_of(world):
    query = """query Q($run: ID!) { run(id: $run) { id status inputHash resultHash valuationDate
      node { code nodeType } positionSnapshot { name asOf } marketDataSnapshot { name document }
      scenarioSet { code scenarios { code document } }
      progress { total succeeded queued positions positionsDone }
      axis(first: 2) { measure scenario quantum kind }
      publication { rootHash } breaks { nodes { rule } }
      tasks(first: 3) { nodes { phase status } pageInfo { hasNextPage } } } }"""
    run = world.data(query, run=world.run)["run"]
    assert run["status"] == "COMPLETED_WITH_ERRORS"
    assert run["resultHash"] == world.done.final.result_hash.hex()
    assert run["node"] == {"code": "FUND", "nodeType": "FUND"}
    assert run["positionSnapshot"] == {"name": "book", "asOf": "2022-12-30"}
    assert run["marketDataSnapshot"]["document"]["fx"][0]["rate"] == "1.25"
    assert [each["code"] for each in run["scenarioSet"]["scenarios"]] == ["BASE", "RATES_UP_100"]
    assert run["axis"][0] == {"measure": "PV", "scenario": "BASE", "quantum": 6, "kind": "SUM"}
    assert run["publication"] is None
    assert run["progress"]["total"] == run["progress"]["succeeded"] > 0
