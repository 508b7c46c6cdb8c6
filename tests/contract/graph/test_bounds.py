"""What one document can ask of the database, and that the guide's documents are accepted."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from graphql import parse, validate

from graph.facts import of
from graph.limits import Excess, Limits, Meter
from graph.view import SCHEMA
from tests.contract.graph.test_query_counts import COPY_RUN

FACTS = of(SCHEMA._schema)
MOST_STATEMENTS = 300
"""Of one request: half a second of round trips, when each takes 2 ms."""

DRILL_DOWNS = {
    "cube": "cube { counts }",
    "cube by children": "cube(by: [PORTFOLIO]) { counts }",
    "cube in another currency": 'cube(currency: "EUR") { counts }',
    "positions": "positions(first: 1, measures: []) { ordinals }",
    "risk": "risk { counts }",
    "position": 'position(id: "P000001") { book }',
    "inputs": 'position(id: "P000001") { inputs { terms counterparty } }',
    "axis": "axis(first: 1) { measure }",
    "tasks": "tasks(first: 1) { nodes { id } }",
    "breaks": "breaks(first: 1) { nodes { id } }",
    "what is batched": "progress { total } node { code } publication { rootHash } error",
}


@pytest.fixture(scope="module")
def accepted():
    """The most rows that a list of runs may have with a field in each."""

    def largest(field):
        for first in range(200, 0, -1):
            query = f"{{ runs(first: {first}) {{ nodes {{ {field} }} }} }}"
            try:
                Meter(FACTS, parse(query), {}).check(Limits())
            except Excess:
                continue
            return query
        raise AssertionError(field)

    return largest


@pytest.mark.parametrize("user", ["head", "analyst"])
def test_no_list_of_runs_takes_more_statements_than_a_request_may(world, accepted, user):
    with world.database.connect("web") as web:
        for _ in range(199):
            web.execute(COPY_RUN, {"run": world.done.run})
    counts = {}
    for name, field in DRILL_DOWNS.items():
        query = accepted(field)
        with CaptureQueriesContext(connection) as captured:
            world.ask(query, user)
        counts[name] = len(captured)
    assert max(counts.values()) <= MOST_STATEMENTS, counts
    assert counts["what is batched"] <= 15


def test_every_field_that_reads_by_itself_says_so_by_its_weight():
    heavy = {
        f"{name}.{field}"
        for name, fields in FACTS.items()
        for field, facts in fields.items()
        if facts.weight > 1
    }
    assert heavy == {
        *(f"Run.{field}" for field in ("axis", "cube", "positions", "position", "tasks", "breaks")),
        *(f"Run.{field}" for field in ("compare", "concentration", "risk")),
        *(f"RunPosition.{field}" for field in ("cashflows", "facility", "inputs")),
        *("Run.ladder", "Run.durationBridge", "Ladder.positions"),
        *(f"{name}.document" for name in ("MarketDataSnapshot", "Scenario")),
        "Publication.manifest",
    }


def test_the_documents_of_the_guide_are_valid_and_within_the_limits(repository):
    text = (repository / "docs" / "guides" / "graphql.md").read_text()
    documents = re.findall(r"```graphql\n(.*?)```", text, re.DOTALL)
    assert len(documents) >= 2
    for document in map(parse, documents):
        assert validate(SCHEMA._schema, document) == []
        Meter(FACTS, document, {}).check(Limits())
