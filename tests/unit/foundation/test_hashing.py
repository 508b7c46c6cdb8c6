import datetime
import hashlib
from decimal import Decimal

import pytest

from foundation import hashing


@pytest.mark.parametrize(
    ("_case", "value", "text"),
    [
        (
            "keys are sorted by code point",
            {"b": 1, "a": 2, "B": 3, "é": 4},
            '{"B":3,"a":2,"b":1,"é":4}',
        ),
        ("an absent key leaves no trace", {"a": None, "b": 1}, '{"b":1}'),
        ("nothing in a list keeps its place", [1, None], "[1,null]"),
        ("a mapping without keys", {"a": None}, "{}"),
        ("nested", {"a": [{"c": [], "b": {}}]}, '{"a":[{"b":{},"c":[]}]}'),
        ("a decimal has no trailing zeros", Decimal("1.500"), "1.5"),
        ("a whole decimal is its integer", Decimal("1.0"), "1"),
        ("a decimal has no exponent", Decimal("1E+3"), "1000"),
        ("a small decimal has no exponent", Decimal("1E-7"), "0.0000001"),
        ("zero has no sign", Decimal("-0.00"), "0"),
        ("truth is not a number", [True, False, 1, 0], "[true,false,1,0]"),
        ("a big integer", 10**30, "1000000000000000000000000000000"),
        ("a date", datetime.date(2022, 12, 30), '"2022-12-30"'),
        (
            "a time is UTC",
            datetime.datetime(
                2022, 12, 30, 19, tzinfo=datetime.timezone(datetime.timedelta(hours=2))
            ),
            '"2022-12-30T17:00:00Z"',
        ),
        ("text is composed", "e\u0301", '"é"'),
        ("text is quoted as JSON", 'a"\\\n\x01', '"a\\"\\\\\\n\\u0001"'),
        ("nothing is escaped that need not be", "€/😀", '"€/😀"'),
        ("a tuple is a list", (1, "a"), '[1,"a"]'),
    ],
)
def test_canonical_text(_case, value, text):
    assert hashing.canonical(value) == text


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (1.0, "float"),
        (float("nan"), "float"),
        (Decimal("NaN"), "not a number"),
        (Decimal("-Infinity"), "not a number"),
        (Decimal("1E+400"), "digits"),
        (Decimal("1E-400"), "digits"),
        (datetime.datetime(2022, 1, 1), "no zone"),  # noqa: DTZ001
        ({1: "a"}, "not a text"),
        ({"é": 1, "e\u0301": 2}, "twice"),
        ("\ud800", "Unicode"),
        ("a\0b", "NUL"),
        (b"bytes", "bytes"),
        ({"a": {1, 2}}, "set"),
    ],
)
def test_what_has_no_canonical_text_is_refused(value, message):
    with pytest.raises(ValueError, match=message):
        hashing.canonical(value)


def test_a_new_optional_field_changes_no_old_hash():
    assert hashing.content_hash({"a": 1}) == hashing.content_hash({"a": 1, "new": None})


def test_the_hash_is_sha256_of_the_text():
    value = {"rate": Decimal("0.0500"), "name": "é"}
    text = '{"name":"é","rate":0.05}'
    assert hashing.content_hash(value) == hashlib.sha256(text.encode()).digest()
    assert hashing.sha256(text) == hashing.sha256(text.encode()) == hashing.content_hash(value)
