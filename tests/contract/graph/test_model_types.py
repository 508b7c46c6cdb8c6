"""Types that mirror models: which columns they show, and that rows are read a page at a time."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from strawberry import auto
from strawberry_django.fields.field import StrawberryDjangoField

from apps.access.models import User
from apps.instrument.models import Counterparty, CounterpartyKind
from graph.counterparty import CounterpartyType
from graph.declare import model_type
from graph.facts import of
from graph.view import SCHEMA

WITHHELD = {
    "Counterparty": "id connected_basis investment_grade scra_grade current_version",
    "Facility": "id current_version",
    "Instrument": "id",
    "InstrumentTerms": "id instrument",
    "MarketDataSnapshot": "document_json",
    "Portfolio": "id",
    "PositionSnapshot": "tree names dimensions control",
    "Publication": "id run supersedes",
    "Run": "plan position_snapshot_id marketdata_snapshot_id scenario_set_id tree_id max_attempts",
    "RunBreak": "run",
    "RunTask": "run parent_task_id engine profile priority available_at lease_token lease_seconds"
    " leaf_hash",
    "Scenario": "document_json",
    "ScenarioSet": "basis",
    "TreeNode": "tree_id node parent",
}
"""The columns of each model that the API does not show. Who takes one from here decides that
clients may read it."""

LISTS = {
    "portfolios": "Portfolio",
    "instruments": "Instrument",
    "counterparties": "Counterparty",
    "facilities": "Facility",
    "positionSnapshots": "PositionSnapshot",
    "marketDataSnapshots": "MarketDataSnapshot",
    "scenarios": "Scenario",
    "scenarioSets": "ScenarioSet",
    "runs": "Run",
}


def _definitions():
    return {
        name: known.definition.origin
        for name, known in SCHEMA.schema_converter.type_map.items()
        if hasattr(getattr(known.definition, "origin", None), "__strawberry_django_definition__")
    }


def _withheld(type_):
    model = type_.__strawberry_django_definition__.model
    fields = type_.__strawberry_definition__.fields
    shown = {getattr(field, "django_name", None) or field.python_name for field in fields}
    return {each.name for each in model._meta.get_fields() if each.concrete} - shown


def test_the_types_of_reference_data_snapshots_and_runs_are_types_of_their_models():
    tables = {
        name: type_.__strawberry_django_definition__.model.__name__
        for name, type_ in _definitions().items()
    }
    renamed = {"Publication": "PublishedRun", "TreeNode": "PortfolioNode"}
    assert tables == {name: renamed.get(name, name) for name in WITHHELD}


@pytest.mark.parametrize(("name", "columns"), WITHHELD.items())
def test_columns_nobody_listed_are_private(name, columns):
    assert _withheld(_definitions()[name]) == set(columns.split())


def test_a_column_is_listed_or_private():
    @model_type(Counterparty, name="Short")
    class Short:
        """A legal person by its code."""

        code: auto

    assert [field.name for field in Short.__strawberry_definition__.fields] == ["code"]


def test_a_relation_is_never_read_without_a_resolver():
    with pytest.raises(TypeError, match=r"Owned\.parent is a relation"):

        @model_type(Counterparty, name="Owned")
        class Owned:
            """A legal person with its owner, which nobody was granted."""

            code: auto
            parent: CounterpartyType | None


def test_no_type_finds_rows_by_itself():
    for name, type_ in _definitions().items():
        assert not hasattr(type_, "resolve_reference"), name
        assert not type_.__strawberry_django_definition__.pagination, name
    roots = [SCHEMA.get_type_by_name(name) for name in ("Query", "Mutation", "Subscription")]
    fields = [field for root in roots for field in root.fields]
    assert len(fields) > 20
    assert [field.name for field in fields if isinstance(field, StrawberryDjangoField)] == []


def test_the_help_text_of_a_column_describes_its_field():
    @model_type(User, name="Person")
    class Person:
        """Somebody."""

        is_staff: auto

    (field,) = Person.__strawberry_definition__.fields
    assert field.description == User._meta.get_field("is_staff").help_text
    assert "admin site" in field.description


@pytest.mark.parametrize(("root", "name"), LISTS.items())
def test_all_columns_of_a_page_come_with_its_statement(world, root, name):
    facts = of(SCHEMA._schema)[name]
    graphql = SCHEMA._schema.type_map[name].fields
    columns = [
        field
        for field, each in facts.items()
        if each.is_leaf and not graphql[field].args and field not in {"document", "request"}
    ]
    assert len(columns) >= 3
    with CaptureQueriesContext(connection) as captured:
        found = world.data(f"{{ {root} {{ nodes {{ {' '.join(columns)} }} }} }}")
    assert found[root]["nodes"]
    table = _definitions()[name].__strawberry_django_definition__.model._meta.db_table
    assert len([each for each in captured if f'FROM "{table}"' in each["sql"]]) == 1


def test_amounts_of_a_row_are_decimal_strings(world, acting_as):
    with acting_as("desk"):
        Counterparty.objects.create(
            code="BIG", legal_name="Big", kind="BANK", turnover="12300000000000000000.50"
        )
    query = '{ counterparty(code: "BIG") { turnover totalAssets kind } }'
    assert world.data(query)["counterparty"] == {
        "turnover": "12300000000000000000.50",
        "totalAssets": None,
        "kind": CounterpartyKind.BANK.value,
    }


def test_a_row_is_not_taken_for_a_type_of_another_model():
    assert CounterpartyType.is_type_of(Counterparty(), None)
    assert not CounterpartyType.is_type_of(User(), None)
