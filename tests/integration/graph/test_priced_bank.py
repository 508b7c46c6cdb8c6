"""The whole way down on a run that was really priced: combinations, cash flows, inputs."""

from decimal import Decimal

import pytest

from apps.access.models import User
from graph.asked import Asked
from graph.context import Context
from graph.view import execute
from tests.integration.result import priced

HEAD = User(username="head", is_superuser=True)


@pytest.fixture(scope="module")
def bank(databases, template, django_db_setup, django_db_blocker):
    with priced.shared_bank(databases, template, django_db_blocker, shards=3) as made:
        yield made


def _ask(query, **variables):
    return execute(Asked(query, variables, None), Context(user=HEAD))


def _run(query, **variables):
    answer = _ask(query, **variables)
    assert "errors" not in answer, answer["errors"]
    return answer["data"]["run"]


DIMENSIONS = [
    "PORTFOLIO",
    "PRODUCT_TYPE",
    "CURRENCY",
    "SECTOR",
    "RATING",
    "COUNTRY",
    "COUNTERPARTY_GROUP",
    "MATURITY_BUCKET",
    "TAG",
]
MIXED = """query M($run: ID!, $by: [Dimension!], $where: [CubeFilter!]) { run(id: $run) {
  cube(by: $by, where: $where, measures: ["PV"], scenarios: ["BASE"]) {
    counts columns { values } } } }"""


@pytest.mark.parametrize("second", DIMENSIONS)
def test_any_two_dimensions_tie_out_with_the_total(bank, second):
    (total,) = _run(MIXED, run=bank.run)["cube"]["columns"][0]["values"]
    for first in DIMENSIONS:
        cube = _run(MIXED, run=bank.run, by=[first, second])["cube"]
        assert sum(map(Decimal, cube["columns"][0]["values"])) == Decimal(total), (first, second)


def test_filters_on_any_dimension_are_answered_or_refused(bank):
    for dimension in DIMENSIONS:
        for by in ([], [dimension], ["SECTOR"], ["PORTFOLIO", "SECTOR"]):
            for members in ([], ["ENERGY"], ["NO_SUCH"], ["BANKS", "RETAIL", "USD"]):
                where = [{"dimension": dimension, "members": members}]
                answer = _ask(MIXED, run=bank.run, by=by, where=where)
                codes = {each["extensions"]["code"] for each in answer.get("errors") or ()}
                assert codes <= {"BAD_INPUT"}, (dimension, by, members, answer)


def test_a_filter_keeps_its_members(bank):
    grid = _run(
        MIXED.replace("counts", "dimensions { members } counts"), run=bank.run, by=["CURRENCY"]
    )["cube"]
    for place, member in enumerate(grid["dimensions"][0]["members"]):
        where = [{"dimension": "CURRENCY", "members": [member]}]
        kept = _run(MIXED, run=bank.run, by=[], where=where)["cube"]
        assert kept["columns"][0]["values"] == [grid["columns"][0]["values"][place]]


def test_a_dimension_is_filtered_once(bank):
    where = [{"dimension": "SECTOR", "members": [name]} for name in ("BANKS", "ENERGY")]
    (error,) = _ask(MIXED, run=bank.run, by=[], where=where)["errors"]
    assert error["extensions"]["code"] == "BAD_INPUT"
    assert "twice" in error["message"]


FLOWS = """query F($run: ID!, $id: String!, $scenario: String!) { run(id: $run) {
  position(id: $id) {
    values(measures: ["PV"], scenarios: [$scenario]) { value }
    cashflows(scenario: $scenario) { scenario currency total sameEngine error dates kinds currencies
      amounts pvs values years zeroRates discountFactors spreadFactors fx curves
      nodes(flow: 0) { date weight } }
    inputs { rowHash state terms counterparty } } } }"""


@pytest.mark.parametrize("scenario", ["BASE", "RATES_UP_100"])
def test_the_cash_flows_of_a_position_tie_out_with_its_value(bank, scenario):
    query = "query P($run: ID!) { run(id: $run) { positions(first: 20) { positionIds statuses } } }"
    page = _run(query, run=bank.run)["positions"]
    for position, status in zip(page["positionIds"], page["statuses"], strict=True):
        found = _run(FLOWS, run=bank.run, id=position, scenario=scenario)["position"]
        flows = found["cashflows"]
        assert status == "VALUED"
        assert flows["sameEngine"]
        assert len({len(flows[name]) for name in ("dates", "amounts", "pvs", "years", "fx")}) == 1
        stored = Decimal(found["values"][0]["value"])
        tolerance = Decimal("0.000001") + abs(stored) * Decimal("1e-12")
        assert abs(Decimal(flows["total"]) - stored) <= tolerance


def test_the_inputs_of_a_position_are_those_it_names_by_hash(bank):
    query = "query P($run: ID!) { run(id: $run) { positions(first: 1) { positionIds } } }"
    (position,) = _run(query, run=bank.run)["positions"]["positionIds"]
    found = _run(FLOWS, run=bank.run, id=position, scenario="BASE")["position"]["inputs"]
    assert found["state"]["position_id"] == position
    assert found["terms"]["terms"]
    assert len(bytes.fromhex(found["rowHash"])) == 32


def test_a_scenario_or_flow_that_is_not_there_is_refused(bank):
    query = "query P($run: ID!) { run(id: $run) { positions(first: 1) { positionIds } } }"
    (position,) = _run(query, run=bank.run)["positions"]["positionIds"]
    for arguments, node in (('scenario: "NO_SUCH"', 0), ('scenario: "BASE"', 9999)):
        query = f"""query Q($run: ID!, $id: String!) {{ run(id: $run) {{ position(id: $id) {{
            cashflows({arguments}) {{ nodes(flow: {node}) {{ weight }} }} }} }} }}"""
        (error,) = _ask(query, run=bank.run, id=position)["errors"]
        assert error["extensions"]["code"] == "BAD_INPUT"
