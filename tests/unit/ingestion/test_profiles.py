"""Profiles are declared, complete, and say what they do not read."""

from __future__ import annotations

import json

import pytest
from pydantic import ValidationError

from apps.ingestion import profile
from apps.ingestion.kinds.tape_loans import CONTRACTS
from apps.ingestion.problems import ImportRefused, Problems
from apps.ingestion.profile import Column, LoanProfile


@pytest.mark.parametrize("name", profile.names())
def test_a_profile_can_be_read_and_bears_the_name_of_its_file(name):
    assert profile.load(name).profile == name


@pytest.mark.parametrize("name", profile.names())
def test_fields_of_a_loan_profile_name_its_columns_and_fields_of_contracts(name):
    chosen = profile.load(name)
    if not isinstance(chosen, LoanProfile):
        return
    for record in chosen.records:
        assert profile.columns_named(record.fields) <= chosen.columns.keys()
        assert record.fields.keys() <= CONTRACTS[record.kind].model_fields.keys()
    assert not chosen.columns.keys() & set(chosen.ignored)


def test_an_unknown_profile_is_refused_with_the_list():
    with pytest.raises(ImportRefused, match="fhlb_2010"):
        profile.load("../secrets")


def test_a_profile_of_another_shape_is_refused():
    with pytest.raises(ValidationError):
        profile.read(json.dumps({"kind": "loans", "profile": "x", "script": "rm"}))


@pytest.mark.parametrize(
    ("column", "cell", "value", "code"),
    [
        (Column(), "", None, None),
        (Column(sentinels=("9999",)), "9999", None, None),
        (Column(strip=True), " a ", "a", None),
        (Column(map={"1": "BANK"}), "1", "BANK", None),
        (Column(map={"1": "BANK"}), "2", None, "CHOICE"),
        (Column(pattern="[0-9]+"), "12", "12", None),
        (Column(pattern="[0-9]+"), "1٣", None, "TYPE"),
        (Column(number=True), "0.0613", "0.0613", None),
        (Column(number=True), "1_0", None, "NUMBER"),
        (Column(number=True), "-", None, "NUMBER"),
        (Column(number=True, at_most="0.25"), "6.13", "6.13", "RANGE"),
        (Column(number=True, at_least="0"), "-1", "-1", "RANGE"),
    ],
)
def test_a_column_reads_a_cell(column, cell, value, code):
    problems = Problems()
    assert column.read(cell, "Rate", 5, problems) == value
    assert [p.code for p in problems] == ([] if code is None else [code])


def test_a_template_is_absent_when_a_column_it_names_is():
    fill = profile.template({"a": "{X}", "b": "no {Y}", "c": {"d": "{Y}"}, "e": "{X:raw}/{X}"})
    assert fill({"X": "x", "Y": None}, {"X": "raw", "Y": ""}) == {"a": "x", "e": "raw/x"}
