"""What `manage.py submit_run` refuses is named by the option it was given by."""

from __future__ import annotations

import dataclasses

import pytest

from apps.run.management.commands import submit_run
from apps.run.request import Submission


@pytest.mark.parametrize("field", [field.name for field in dataclasses.fields(Submission)])
def test_every_field_of_a_submission_has_an_option(field: str) -> None:
    parser = submit_run.Command().create_parser("manage.py", "submit_run")
    assert submit_run.option(field) in parser._option_string_actions
