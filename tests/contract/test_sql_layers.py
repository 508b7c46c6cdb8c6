"""A .sql file names tables of its own app and of the layers below it, as its imports do."""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path

import pytest
from django.apps import apps

from foundation import privileges

RESULT_CUBE = (
    "run_axis",
    "run_context",
    "valuation",
    "valuation_digest",
    "valuation_result",
    "rollup_partial",
    "rollup",
    "group_result",
    "node_result",
)
"""Tables of the result app that no model describes: they are partitioned by run."""

_TABLE = re.compile(
    r"\b(?:from|join|into|update|table|truncate|copy|using)\s+(?:only\s+)?(?:public\.)?\"?([a-z_]+)",
    re.IGNORECASE,
)


def layers_of(pyproject: str) -> Mapping[str, int]:
    """The height of each app, from import-linter's contract: 0 is the lowest."""
    contracts = tomllib.loads(pyproject)["tool"]["importlinter"]["contracts"]
    layers = next(c["layers"] for c in contracts if c.get("containers") == ["apps"])
    return {
        name.strip(" ()"): height
        for height, layer in enumerate(reversed(layers))
        for name in layer.split("|")
    }


def owners_of_tables() -> Mapping[str, str]:
    """The app of every table."""
    owners = {
        model._meta.db_table: model._meta.app_label
        for model in apps.get_models(include_auto_created=True)
    }
    return owners | dict.fromkeys(RESULT_CUBE, "result")


def too_high(
    app: str, text: str, heights: Mapping[str, int], owners: Mapping[str, str]
) -> set[str]:
    """The tables named in `text` that belong to a layer above `app`, or beside it."""
    bare = re.sub(r"--[^\n]*", "", text)
    named = {table.lower() for table in _TABLE.findall(bare)} & owners.keys()
    return {
        table
        for table in named
        if owners[table] in heights
        and owners[table] != app
        and heights[owners[table]] >= heights[app]
    }


def _files(repository: Path):
    return sorted(repository.glob("apps/*/sql/*.sql"))


def test_sql_names_tables_of_its_own_layer_or_lower(repository):
    heights = layers_of((repository / "pyproject.toml").read_text())
    owners = owners_of_tables()
    wrong = {
        str(path.relative_to(repository)): tables
        for path in _files(repository)
        if (tables := too_high(path.parts[-3], path.read_text(), heights, owners))
    }
    assert wrong == {}


@pytest.mark.parametrize(
    ("_case", "text", "expected"),
    [
        ("its own table", "SELECT * FROM run_task", set()),
        ("a lower table", "UPDATE run SET x = 1 FROM position_snapshot p", set()),
        ("a higher table", "SELECT 1 FROM run JOIN valuation v USING (run)", {"valuation"}),
        ("a comment", "-- FROM valuation\nSELECT 1", set()),
    ],
)
def test_a_table_of_a_higher_layer_is_found(repository, _case, text, expected):
    heights = layers_of((repository / "pyproject.toml").read_text())
    assert too_high("run", text, heights, owners_of_tables()) == expected


def test_every_table_of_the_database_has_an_app(owner):
    tables = {relation.name for relation in privileges.relations(owner)}
    assert tables - owners_of_tables().keys() - {"django_migrations"} == set()
