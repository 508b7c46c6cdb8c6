"""The state machines of the models are those that the migrations put into the database."""

import importlib

import pytest

from apps.run import models

GUARDS = importlib.import_module("apps.run.migrations.0002_guards")


@pytest.mark.parametrize("name", ["RUN_TRANSITIONS", "TASK_TRANSITIONS"])
def test_models_and_migrations_agree(name):
    declared = {state: to for state, to in getattr(models, name).items() if to}
    assert declared == getattr(GUARDS, name)


def test_a_failed_run_has_one_way_on():
    assert models.RUN_TRANSITIONS["FAILED"] == ["RUNNING"]
    assert models.RUN_TRANSITIONS["PUBLISHED"] == []
