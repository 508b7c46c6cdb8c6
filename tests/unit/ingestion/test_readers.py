"""Hostile files: each is refused with a code and a line, none is half read."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path

import pytest

from apps.ingestion import rows
from apps.ingestion.contracts.counterparties import CounterpartyRow
from apps.ingestion.problems import CODES, ImportRefused, Problem, Problems, shown
from apps.ingestion.readers import json_rows, records, source

HEADER = "code,legal_name,kind\n"
GOOD = "C1,First Bank,BANK\n"


def read(name: str, data: bytes | str) -> list[tuple[int, CounterpartyRow]]:
    """Return the rows of an upload, or raise with its problems."""
    raw = data.encode() if isinstance(data, str) else data
    problems = Problems()
    known, required = rows.columns(CounterpartyRow)
    found = records.read(source.from_bytes(name, raw), problems, known=known, required=required)
    typed = list(rows.typed(found, CounterpartyRow, problems))
    problems.refuse()
    return typed


def faults(name: str, data: bytes | str) -> list[tuple[str, int | None, str]]:
    """Return (code, line, field) of an upload's problems."""
    with pytest.raises(ImportRefused) as refused:
        read(name, data)
    return [(p.code, p.line, p.field) for p in refused.value.problems]


WHOLE_FILE = [
    ("nothing", "a.csv", b"", ("FILE_EMPTY", None, "")),
    ("blank lines", "a.csv", b"\n\n  \n", ("FILE_EMPTY", None, "")),
    ("header only", "a.csv", HEADER.encode(), ("FILE_EMPTY", None, "")),
    ("empty array", "a.json", b"[]", ("FILE_EMPTY", None, "")),
    ("no name we know", "a.xlsx", b"PK\x03\x04", ("FILE_TYPE", None, "")),
    ("no ending", "data", b"x", ("FILE_TYPE", None, "")),
    ("a spreadsheet called csv", "a.csv", b"PK\x03\x04rest", ("FILE_TYPE", None, "")),
    ("a pdf called json", "a.json", b"%PDF-1.7", ("FILE_TYPE", None, "")),
    ("utf-16", "a.csv", (HEADER + GOOD).encode("utf-16"), ("FILE_TYPE", None, "")),
    ("utf-16 without mark", "a.csv", (HEADER + GOOD).encode("utf-16-le"), ("NUL", 1, "")),
    ("cp1252", "a.csv", HEADER.encode() + b"C1,Soci\xe9t\xe9,BANK\n", ("ENCODING", 2, "")),
    ("nul", "a.csv", (HEADER + GOOD + "C2,A\0B,BANK\n").encode(), ("NUL", 3, "")),
    ("gz that is none", "a.csv.gz", b"code", ("FILE_TYPE", None, "")),
    ("gz cut short", "a.csv.gz", gzip.compress((HEADER + GOOD * 99).encode())[:-9],
     ("FILE_TYPE", None, "")),
    ("gz broken inside", "a.csv.gz", b"\x1f\x8b" + b"\x08" * 40, ("FILE_TYPE", None, "")),
    ("gz in gz", "a.csv.gz", gzip.compress(gzip.compress(b"x")), ("FILE_TYPE", None, "")),
    ("gz bomb", "a.csv.gz", gzip.compress(b"0" * 2**25), ("FILE_TOO_LARGE", None, "")),
    ("unclosed quote", "a.csv", HEADER + GOOD + 'C2,"Second,BANK\nC3,Third,BANK\n',
     ("SYNTAX", 3, "")),
    ("text after a quote", "a.csv", HEADER + 'C2,"Second"s,BANK\n', ("SYNTAX", 2, "")),
    ("a cell beyond 131,072", "a.csv", HEADER + "C2," + "x" * 140_000 + ",BANK\n",
     ("TOO_LONG", 2, "")),
    ("ten thousand columns", "a.csv", ",".join(["c"] * 10_000), ("SYNTAX", 1, "")),
    ("a column twice", "a.csv", "code,kind,code\n1,2,3\n", ("HEADER_DUPLICATE", 1, "header")),
    ("an unknown column", "a.csv", "code,legal_name,kind,colour\n",
     ("HEADER_UNKNOWN", 1, "header")),
    ("a missing column", "a.csv", "code,kind\nC1,BANK\n", ("HEADER_MISSING", 1, "header")),
    ("semicolons", "a.csv", "code;legal_name;kind\n", ("HEADER_UNKNOWN", 1, "header")),
    ("json cut short", "a.json", '[{"code":"C1"', ("SYNTAX", 1, "")),
    ("json and more", "a.json", '[{"code":"C1"}] x', ("SYNTAX", 1, "")),
    ("an object", "a.json", '{"code":"C1"}', ("SYNTAX", 1, "")),
    ("a key twice", "a.json", '[\n{"code":"C1","code":"C2"}]', ("HEADER_DUPLICATE", 2, "")),
    ("NaN", "a.json", '[{"code":NaN}]', ("NUMBER", 1, "")),
    ("Infinity", "a.json", '[{"code":-Infinity}]', ("NUMBER", 1, "")),
    ("a number of 5,000 digits", "a.json", '[{"code":' + "1" * 5000 + "}]", ("NUMBER", 1, "")),
    ("100,000 levels", "a.json", "[" * 100_000, ("DEPTH", 1, "")),
    ("a NUL by escape", "a.json", r'[{"code":"C1","legal_name":{"x":["a\u0000"]}}]',
     ("NUL", 1, "legal_name.x[0]")),
    ("half a character", "a.jsonl", '{"code":"C1"}\n' + r'{"code":"\ud83d"}',
     ("ENCODING", 2, "code")),
    ("half a character as a key", "a.json", r'[{"code":"C1","\uDC00":1}]', ("ENCODING", 1, "")),
    ("40 levels", "a.json", '[{"a":' + "[" * 40 + "]" * 40 + "}]", ("DEPTH", 1, "")),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "data", "expected"),
    [case[1:] for case in WHOLE_FILE],
    ids=[case[0] for case in WHOLE_FILE],
)
def test_a_broken_file_is_refused_at_its_place(name, data, expected):
    assert expected in faults(name, data)


ROWS = [
    ("short", "C1,First\n", ("ROW_SHORT", 2, "")),
    ("long", "C1,First,BANK,more\n", ("ROW_LONG", 2, "")),
    ("no code", ",First,BANK\n", ("REQUIRED", 2, "code")),
    ("blanks for a code", "  ,First,BANK\n", ("IDENTIFIER", 2, "code")),
    ("blank in a code", "C 1,First,BANK\n", ("IDENTIFIER", 2, "code")),
    ("accent in a code", "Cé,First,BANK\n", ("IDENTIFIER", 2, "code")),
    ("homoglyph in a code", "\u04211,First,BANK\n", ("IDENTIFIER", 2, "code")),
    ("65 characters", "C" * 65 + ",First,BANK\n", ("IDENTIFIER", 2, "code")),
    ("control character", "C1,Fi\x07rst,BANK\n", ("TYPE", 2, "legal_name")),
    ("right-to-left override", "C1,Fi\u202erst,BANK\n", ("TYPE", 2, "legal_name")),
    ("201 characters", "C1," + "x" * 201 + ",BANK\n", ("TOO_LONG", 2, "legal_name")),
    ("a kind nobody knows", "C1,First,SHOP\n", ("CHOICE", 2, "kind")),
    ("lower case", "C1,First,bank\n", ("CHOICE", 2, "kind")),
]


@pytest.mark.parametrize(
    ("row", "expected"), [case[1:] for case in ROWS], ids=[case[0] for case in ROWS]
)
def test_a_broken_row_is_refused_at_its_field(row, expected):
    assert faults("a.csv", HEADER + row) == [expected]


def test_every_fault_of_a_file_is_reported_not_only_the_first():
    body = "C1,First,SHOP\nC 2,Second,BANK\n" + "C3,Third\n"
    assert [f[1] for f in faults("a.csv", HEADER + body)] == [2, 3, 4]


LAYOUTS = [
    ("csv", "a.csv", HEADER + GOOD),
    ("upper case ending", "A.CSV", HEADER + GOOD),
    ("byte order mark", "a.csv", "\ufeff" + HEADER + GOOD),
    ("crlf", "a.csv", (HEADER + GOOD).replace("\n", "\r\n")),
    ("no last line feed", "a.csv", (HEADER + GOOD).rstrip("\n")),
    ("blank lines", "a.csv", HEADER + "\n" + GOOD + "\n"),
    ("other order, quoted", "a.csv", 'code,kind,legal_name\nC1,BANK,"First Bank"\n'),
    ("gz", "a.csv.gz", gzip.compress((HEADER + GOOD).encode())),
    ("gz of two members", "a.csv.gz",
     gzip.compress(HEADER.encode()) + gzip.compress(GOOD.encode())),
    ("json", "a.json",
     '[ {"code":"C1","legal_name":"First Bank","kind":"BANK","parent":null} ]'),
    ("json lines", "a.jsonl",
     '\n{"code":"C1","legal_name":"First Bank","kind":"BANK","lei":""}\n\n'),
    ("json lines gz", "a.ndjson.gz",
     gzip.compress(b'{"code":"C1","legal_name":"First Bank","kind":"BANK"}')),
]  # fmt: skip


# The cases are named, since a gzip member carries the time it was made at: taken from its bytes,
# the names would differ between two workers of one suite.
@pytest.mark.parametrize(
    ("name", "data"), [case[1:] for case in LAYOUTS], ids=[case[0] for case in LAYOUTS]
)
def test_one_row_reads_the_same_in_every_layout(name, data):
    [(_, row)] = read(name, data)
    assert row.present() == {"code": "C1", "legal_name": "First Bank", "kind": "BANK"}


def test_lines_are_those_of_the_file_when_cells_span_lines():
    text = HEADER + 'C1,"First Bank",BANK\n' + 'C2,"Two\nlines",BANK\nC 3,Third,BANK\n'
    assert [f[1] for f in faults("a.csv", text)] == [3, 5]


def test_lines_of_json_objects_are_where_they_begin():
    text = '[\n {"code":"C1",\n "legal_name":"A","kind":"BANK"},\n\n {"code":"C 2"}\n]'
    assert {f[1] for f in faults("a.json", text)} == {5}


def test_numbers_of_json_keep_their_digits():
    value = json_rows.document('{"a": 0.1000, "b": 12345678901234567890, "c": [1e5]}')
    assert value == {"a": "0.1000", "b": "12345678901234567890", "c": ["1e5"]}


def test_a_missing_file_and_a_folder_are_said_to_be_no_file(tmp_path):
    for path in (tmp_path / "none.csv", tmp_path):
        with pytest.raises(ImportRefused) as refused:
            source.read(path)
        assert [p.code for p in refused.value.problems] == ["FILE_MISSING"]


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ("code,terms.a.b,terms.a", "CONFLICT"),
        ("code,terms.a,terms.a.b.c", "CONFLICT"),
        ("code,terms..a", "HEADER_UNKNOWN"),
        ("code,terms.", "HEADER_UNKNOWN"),
    ],
)
def test_columns_of_an_object_have_one_meaning(header, code):
    found = source.from_bytes("a.csv", f"{header}\nC1,2,3\n".encode())
    with pytest.raises(ImportRefused) as refused:
        list(records.read(found, Problems(), known={"code", "terms."}))
    assert [(p.code, p.line, p.field) for p in refused.value.problems] == [(code, 1, "header")]


def test_what_may_never_end_is_not_read(tmp_path):
    os.mkfifo(tmp_path / "pipe.csv")
    for path in (tmp_path / "pipe.csv", Path("/dev/zero")):
        with pytest.raises(ImportRefused) as refused:
            source.read(path)
        assert [p.code for p in refused.value.problems] == ["FILE_TYPE"]


def test_a_name_that_is_no_text_is_shown_as_one(tmp_path):
    path = tmp_path / os.fsdecode(b"caf\xe9\x1b.csv")
    path.write_bytes((HEADER + GOOD).encode())
    assert source.read(path).name == "caf\ufffd\ufffd.csv"


def test_whole_characters_by_escape_are_kept():
    assert json_rows.document(r'{"a": "\ud83d\ude00 \\u0000"}') == {"a": "\U0001f600 \\u0000"}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("=1+1", "'=1+1"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\tx", "'\\tx"),
        ("a\nb", "a\\nb"),
        ("\u202eabc", "\\u202eabc"),
        ("x" * 200, "x" * 77 + "..."),
        (12, "12"),
    ],
)
def test_what_was_found_is_shown_safely(value, text):
    assert shown(value) == text


def test_problems_are_all_counted_and_a_thousand_kept():
    problems = Problems()
    for line in range(5000):
        problems.add("TYPE", "x", line=line)
    assert (problems.count, len(list(problems))) == (5000, 1000)


def test_a_problem_has_a_code_of_the_list():
    with pytest.raises(ValueError, match="unknown problem code"):
        Problem("NONSENSE", "x")
    assert all(code == code.upper() for code in CODES)


def test_a_report_is_json():
    problems = Problems()
    problems.add("TYPE", "x", "=y", line=1, field="f")
    assert json.loads(json.dumps([p.as_dict() for p in problems]))[0]["found"] == "'=y"
