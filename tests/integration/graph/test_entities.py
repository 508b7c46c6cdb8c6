"""The schema as a subgraph: references of a gateway, answered in batches under the grants."""

from django.db import connection
from django.test.utils import CaptureQueriesContext

QUERY = """query E($r: [_Any!]!) { _entities(representations: $r) { __typename
  ... on Portfolio { code name } ... on Instrument { code currency issuer { code } }
  ... on Counterparty { code legalName } ... on Facility { code commitment obligor { code } }
  ... on Run { id status } ... on Scenario { id kind }
  ... on ScenarioSet { id scenarioCount } ... on PositionSnapshot { id positionCount }
  ... on MarketDataSnapshot { id name } } }"""


def _entities(world, references, user="head"):
    return world.data(QUERY, user, r=references)["_entities"]


def test_entities_come_back_in_the_order_they_were_named(world):
    references = [
        {"__typename": "Instrument", "code": "I2"},
        {"__typename": "Portfolio", "code": "DESK_B"},
        {"__typename": "Instrument", "code": "I0"},
        {"__typename": "Run", "id": world.run},
        {"__typename": "Counterparty", "code": "GROUP"},
        {"__typename": "Facility", "code": "F1"},
        {"__typename": "ScenarioSet", "id": "1"},
        {"__typename": "MarketDataSnapshot", "id": "1"},
    ]
    found = _entities(world, references)
    assert [each["__typename"] for each in found] == [each["__typename"] for each in references]
    assert [found[0]["code"], found[2]["code"]] == ["I2", "I0"]
    assert found[5] == {
        "__typename": "Facility",
        "code": "F1",
        "commitment": "25000000.500000",
        "obligor": {"code": "C1"},
    }
    assert found[3] == {
        "__typename": "Run",
        "id": world.run,
        "status": "COMPLETED_WITH_ERRORS",
    }


def test_twenty_references_take_as_many_statements_as_two(world):
    counts = []
    for many in (2, 20):
        references = [{"__typename": "Instrument", "code": f"I{n % 6}"} for n in range(many)]
        with CaptureQueriesContext(
            connection,
        ) as queries:
            _entities(world, references)
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_what_is_not_granted_looks_like_what_does_not_exist(world):
    references = [
        {"__typename": "Portfolio", "code": "DESK_B"},
        {"__typename": "Portfolio", "code": "NOWHERE"},
        {"__typename": "Portfolio", "code": "DESK_A"},
    ]
    found = _entities(world, references, "analyst")
    assert [each and each["code"] for each in found] == [None, None, "DESK_A"]


def test_representations_that_are_none_are_refused(world):
    for reference in (
        {"__typename": "Cube"},
        {"__typename": "NoSuchType"},
        {"code": "I1"},
        "text",
        {"__typename": "Run", "id": "x; drop table run"},
        {"__typename": "Run"},
    ):
        code, _ = world.refusal(QUERY, r=[reference])
        assert code == "BAD_INPUT"


def test_more_representations_than_a_page_are_refused(world):
    references = [{"__typename": "Instrument", "code": "I1"}] * 201
    code, message = world.refusal(QUERY, r=references)
    assert (code, message) == ("BAD_INPUT", "at most 200 representations in one request")
