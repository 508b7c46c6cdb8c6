"""How many SQL statements each query takes: constant in its rows, reviewed as a golden file.

UPDATE_GOLDEN=1 writes the file anew.
"""

import json
import os
from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

GOLDEN = Path(__file__).parents[1] / "query_counts.json"

QUERIES = {
    "portfolio": '{ portfolio(code: "FUND") { code parent { code } children { code } } }',
    "portfolios": """{ portfolios(first: $first) { nodes { code parent { code }
        children(first: 5) { code } } } }""",
    "instrument": '{ instrument(code: "I1") { code issuer { code parent { code } } } }',
    "instruments": """{ instruments(first: $first) { nodes { code issuer { code parent { code } }
        currentTerms { document } } } }""",
    "counterparty": '{ counterparty(code: "C1") { code parent { code } } }',
    "counterparties": "{ counterparties(first: $first) { nodes { code parent { code } } } }",
    "facility": '{ facility(code: "F5") { code obligor { code } parent { code } } }',
    "facilities": """{ facilities(first: $first) { nodes { code details obligor { code }
        parent { code } } } }""",
    "positionSnapshot": '{ positionSnapshot(id: "1") { name } }',
    "positionSnapshots": "{ positionSnapshots(first: $first) { nodes { name } } }",
    "marketDataSnapshot": '{ marketDataSnapshot(id: "1") { name document } }',
    "marketDataSnapshots": "{ marketDataSnapshots(first: $first) { nodes { name document } } }",
    "scenario": '{ scenario(id: "1") { code document } }',
    "scenarios": "{ scenarios(first: $first) { nodes { code document } } }",
    "scenarioSet": '{ scenarioSet(id: "1") { code scenarios { code document } } }',
    "scenarioSets": """{ scenarioSets(first: $first) { nodes { scenarios(first: 2) {
        code document } } } }""",
    "run": '{ run(id: "1") { id status } }',
    "runs": "{ runs(first: $first) { nodes { id } } }",
    "runs with all around them": """{ runs(first: $first) { nodes { id node { code }
        progress { total } positionSnapshot { name } marketDataSnapshot { name }
        scenarioSet { code scenarios(first: 3) { code } } publication { rootHash } } } }""",
    "run.progress": '{ run(id: "1") { progress { total } } }',
    "run.axis": '{ run(id: "1") { axis { measure } } }',
    "run.cube total": '{ run(id: "1") { cube { counts columns { values } } } }',
    "run.cube by children": '{ run(id: "1") { cube(by: [PORTFOLIO]) { columns { values } } } }',
    "run.cube by sector": '{ run(id: "1") { cube(by: [SECTOR]) { columns { values } } } }',
    "run.cube under a node": '{ run(id: "1") { cube(node: "DESK_A") { columns { values } } } }',
    "run.cube in another currency": '{ run(id: "1") { cube(currency: "EUR") { currency } } }',
    "run.positions": '{ run(id: "1") { positions(first: $first) { columns { values } } } }',
    "run.positions by PV": """{ run(id: "1") { positions(first: $first, orderBy: {}) {
        columns { values } } } }""",
    "run.position": """{ run(id: "1") { position(id: "P000001") { values { value }
        instrument { code } counterparty { code } } } }""",
    "run.position.inputs": """{ run(id: "1") { position(id: "P000001") { inputs {
        rowHash state terms counterparty } } } }""",
    "run.position.facility": """{ run(id: "1") { position(id: "P000001") {
        facility { code } inputs { facility } } } }""",
    "run.risk": """{ run(id: "1") { risk(node: "DESK_A") { figures { value reason }
        components { values } ladders { values } } } }""",
    "run.tasks": '{ run(id: "1") { tasks(first: $first) { nodes { status } } } }',
    "run.breaks": '{ run(id: "1") { breaks(first: $first) { nodes { rule } } } }',
    "run.publication": '{ run(id: "1") { publication { rootHash } } }',
}  # fmt: skip


COPY_RUN = """
INSERT INTO run (input_hash, forced, request, plan, valuation_date, cut, position_snapshot_id,
                 marketdata_snapshot_id, scenario_set_id, tree_id, node, currency, engine, profile,
                 max_attempts, position_count, cell_count, submitted_by, status, phase, error)
SELECT input_hash, true, request, plan, valuation_date, cut, position_snapshot_id,
       marketdata_snapshot_id, scenario_set_id, tree_id, node, currency, engine, profile,
       max_attempts, position_count, cell_count, submitted_by, 'QUEUED', 'VALUE', ''
FROM run WHERE run_id = %(run)s
"""


@pytest.fixture
def runs(world):
    """Three more runs, so that a list of runs is one."""
    with world.database.connect("web") as web:
        for _ in range(3):
            web.execute(COPY_RUN, {"run": world.done.run})


def _count(world, query, user):
    with CaptureQueriesContext(connection) as captured:
        world.data(query, user)
    # Not statements of the query: who asks is read by the test, BEGIN and COMMIT are not SQL.
    texts = [each["sql"] for each in captured if each["sql"] not in ("BEGIN", "COMMIT")]
    return len([text for text in texts if "username" not in text or "user_account" not in text])


def test_the_number_of_statements_does_not_depend_on_the_number_of_rows(world, runs):
    counted = {}
    for name, query in QUERIES.items():
        few = _count(world, query.replace("$first", "2"), "head")
        many = _count(world, query.replace("$first", "50"), "head")
        assert few == many, name
        counted[name] = {
            "sees all": many,
            "granted": _count(world, query.replace("$first", "50"), "analyst"),
        }
    if os.environ.get("UPDATE_GOLDEN"):
        GOLDEN.write_text(json.dumps(counted, indent=2) + "\n")
    assert counted == json.loads(GOLDEN.read_text())
