"""`platform/` and `graphql/` are roofs: the modules of these names stay those of others."""

import platform
from pathlib import Path

import graphql
import pytest


@pytest.mark.parametrize("roof", ["platform", "graphql"])
def test_a_roof_holds_no_module_of_its_own(repository, roof):
    """An __init__.py there would hide the standard library's platform, or graphql-core."""
    assert list((repository / roof).glob("*.py")) == []


@pytest.mark.parametrize(
    ("module", "name"), [(platform, "system"), (graphql, "version_info"), (graphql, "parse")]
)
def test_the_module_of_that_name_is_the_other_one(repository, module, name):
    assert hasattr(module, name)
    source = Path(str(module.__file__)).resolve()
    assert repository not in source.parents or (repository / ".venv") in source.parents


def test_no_test_folder_is_a_package(repository):
    assert list((repository / "tests").rglob("__init__.py")) == []


@pytest.mark.parametrize("word", ["utils", "common", "helpers", "misc", "signals"])
def test_no_module_is_named_after_nothing(repository, word):
    found = [
        path
        for root in ("apps", "platform", "pricing", "graphql/graph")
        for path in (repository / root).rglob(f"{word}*")
        if path.suffix == ".py" or path.is_dir()
    ]
    assert found == []
