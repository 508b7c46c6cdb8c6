"""The committed schema is the one that is served, and a subgraph that gateways accept."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from graphql import build_schema

from graph import schema
from graph.declare import MAX_PAGE
from graph.facts import of
from graph.management.commands import export_schema
from graph.view import SCHEMA

ROOTS = {
    "Query": """portfolio portfolios instrument instruments counterparty counterparties
    facility facilities
        positionSnapshot positionSnapshots marketDataSnapshot marketDataSnapshots scenario scenarios
        scenarioSet scenarioSets run runs _entities _service""",
    "Mutation": "submitRun cancelRun retryTask publishRun",
    "Subscription": "runProgress",
}
KEYS = {
    "Portfolio": "code",
    "Instrument": "code",
    "Counterparty": "code",
    "Facility": "code",
    "Run": "id",
    "PositionSnapshot": "id",
    "MarketDataSnapshot": "id",
    "Scenario": "id",
    "ScenarioSet": "id",
}

DIRECTIVES = """directive @authenticated on OBJECT | FIELD_DEFINITION
directive @requiresScopes(scopes: [[String!]!]!) on FIELD_DEFINITION
directive @key(fields: String!) repeatable on OBJECT
directive @shareable on OBJECT | FIELD_DEFINITION
directive @cost(weight: Int!) on FIELD_DEFINITION
directive @listSize(assumedSize: Int, slicingArguments: [String!], sizedFields: [String!],
  requireOneSlicingArgument: Boolean) on FIELD_DEFINITION"""
"""What the directives of federation are, which the printed schema takes for known."""


def test_the_committed_schema_is_the_one_that_is_served():
    call_command("export_schema", "--check", stdout=StringIO())


def test_a_schema_out_of_date_is_noticed(tmp_path, monkeypatch):
    old = tmp_path / "schema.graphql"
    old.write_text("type Query { a: Int }\n")
    monkeypatch.setattr(export_schema, "path", lambda: old)
    with pytest.raises(CommandError, match="out of date"):
        call_command("export_schema", "--check", stdout=StringIO())


def test_the_root_fields_are_those_of_the_design():
    facts = of(SCHEMA._schema)
    assert {root: set(facts[root]) for root in ROOTS} == {
        root: set(names.split()) for root, names in ROOTS.items()
    }


@pytest.mark.parametrize(("name", "key"), KEYS.items())
def test_entities_have_a_key_and_are_found_in_batches(name, key):
    definition = SCHEMA.schema_converter.type_map[name].definition
    assert f'type {name} @key(fields: "{key}") @authenticated' in schema.sdl()
    assert callable(definition.origin.references)


def test_the_federation_version_is_one_that_both_compositions_take():
    assert 'url: "https://specs.apollo.dev/federation/v2.9"' in schema.sdl()


def test_every_list_of_objects_has_a_bound():
    for type_name, fields in of(SCHEMA._schema).items():
        for name, facts in fields.items():
            if not facts.is_list or facts.is_leaf or (type_name, name) == ("Query", "_entities"):
                continue
            bounded = facts.assumed_size is not None or "first" in facts.slicing_arguments
            in_a_page = type_name.endswith("Connection") and name in ("nodes", "edges")
            assert bounded or in_a_page, f"{type_name}.{name}"


def test_every_first_has_a_default_within_the_largest_page():
    graphql = SCHEMA._schema
    for type_ in ("Query", "Run", "Portfolio", "ScenarioSet"):
        for name, field in graphql.type_map[type_].fields.items():
            if "first" in field.args:
                assert 1 <= field.args["first"].default_value <= MAX_PAGE, f"{type_}.{name}"


def test_every_type_and_root_field_is_described():
    graphql = SCHEMA._schema
    ours = {name for name in of(graphql) if not name.startswith("_")}
    missing = [name for name in ours if not graphql.type_map[name].description]
    for root in ROOTS:
        fields = graphql.type_map[root].fields.items()
        missing += [
            f"{root}.{name}" for name, field in fields if name[0] != "_" and not field.description
        ]
    assert [name for name in missing if not name.endswith(("Connection", "Edge"))] == []


def test_the_text_is_a_schema_by_itself():
    text = schema.sdl().split("}\n", 1)[1]
    assert build_schema(text + DIRECTIVES).query_type is not None
