import datetime

import numpy as np
import psycopg
import pytest

from foundation import copy

COLUMNS = {
    "small": "int2",
    "number": "int4",
    "big": "int8",
    "ratio": "float8",
    "flag": "bool",
    "day": "date",
    "moment": "timestamptz",
    "hash": "bytea",
    "cells": "int8[]",
}


@pytest.fixture
def desk_table(desk):
    desk.execute(
        "CREATE TEMPORARY TABLE t (small int2, number int4, big int8, ratio float8, flag bool,"
        " day date, moment timestamptz, hash bytea, cells int8[], name text, document jsonb)"
    )
    return desk


def _values(count, width):
    rng = np.random.default_rng(7)
    return {
        "small": 3,
        "number": np.arange(count),
        "big": rng.integers(-(2**63), 2**63 - 1, count),
        "ratio": rng.standard_normal(count),
        "flag": np.arange(count) % 2 == 0,
        "day": np.datetime64("2022-12-30") + np.arange(count),
        "moment": np.full(count, np.datetime64("2022-12-30T12:34:56.789")),
        "hash": rng.integers(0, 255, (count, 32), dtype=np.uint8),
        "cells": rng.integers(-(2**62), 2**62, (count, width)),
    }


def _copy_in(connection, columns, values, count):
    data = copy.encode(columns, values, count)
    with connection.cursor() as cursor:
        copy.copy_in(cursor, "pg_temp.t", columns, data)


@pytest.mark.parametrize("width", [0, 1, 114])
def test_what_is_copied_in_is_copied_out(desk_table, width):
    values = _values(100, width)
    _copy_in(desk_table, COLUMNS, values, 100)
    read = {"number": "int4", "big": "int8", "ratio": "float8", "flag": "bool"}
    with desk_table.cursor() as cursor:
        found = copy.copy_out(
            cursor,
            "SELECT number, big, ratio, flag, hash, cells FROM t ORDER BY number",
            {**read, "hash": ("bytea", 32), "cells": ("int8[]", width)},
        )
    for name, column in found.items():
        assert column.dtype.isnative
        assert np.array_equal(column, values[name]), name


def test_postgresql_reads_what_was_meant(desk_table):
    _copy_in(desk_table, COLUMNS, _values(2, 3), 2)
    row = desk_table.execute(
        "SELECT small, day, moment, flag, array_length(cells, 1) FROM t"
    ).fetchone()
    moment = datetime.datetime(2022, 12, 30, 12, 34, 56, 789000, tzinfo=datetime.UTC)
    assert row == (3, datetime.date(2022, 12, 30), moment, True, 3)


def test_ragged_columns_and_nulls(desk_table):
    columns = {
        "number": "int4",
        "name": "text",
        "document": "jsonb",
        "cells": "int8[]",
        "big": "int8",
    }
    values = {
        "number": np.ma.masked_array([1, 2, 3], mask=[False, False, True]),
        "name": ["é", None, ""],
        "document": '{"a": 1}',
        "cells": [[1, 2], [], None],
        "big": 5,
    }
    _copy_in(desk_table, columns, values, 3)
    assert desk_table.execute("SELECT number, name, document, cells, big FROM t").fetchall() == [
        (1, "é", {"a": 1}, [1, 2], 5),
        (2, None, {"a": 1}, [], 5),
        (None, "", {"a": 1}, None, 5),
    ]


def test_parts_encoded_apart_are_copied_together(desk_table):
    columns = {"number": "int4", "name": "text"}
    parts = [copy.encode(columns, {"number": [i], "name": [str(i)]}, 1) for i in range(3)]
    with desk_table.cursor() as cursor:
        copy.copy_in(cursor, "t", columns, parts)
    assert desk_table.execute("SELECT array_agg(name ORDER BY number) FROM t").fetchone() == (
        ["0", "1", "2"],
    )


def test_no_rows_are_copied_too(desk_table):
    _copy_in(
        desk_table, COLUMNS, {k: v[:0] if np.ndim(v) else v for k, v in _values(1, 3).items()}, 0
    )
    with desk_table.cursor() as cursor:
        found = copy.copy_out(
            cursor, "SELECT number, cells FROM t", {"number": "int4", "cells": ("int8[]", 3)}
        )
    assert found["cells"].shape == (0, 3)


def test_an_error_leaves_nothing_behind(desk_table):
    data = copy.encode({"number": "int4"}, {"number": [1, 2]}, 2)
    with pytest.raises(psycopg.Error), desk_table.cursor() as cursor:
        copy.copy_in(cursor, "t", ["number", "big"], data)
    assert desk_table.execute("SELECT count(*) FROM t").fetchone() == (0,)


@pytest.mark.parametrize("query", ["SELECT NULL::int4, 1::int8", "SELECT 1::int4, NULL::int8"])
def test_a_null_is_not_read_as_a_number(desk, query):
    with pytest.raises(ValueError, match=r"wide|NULL"), desk.cursor() as cursor:
        copy.copy_out(cursor, query, {"a": "int4", "b": "int8"})


def test_a_vector_of_another_length_is_not_read(desk):
    query = "SELECT array_fill(1::int8, ARRAY[n]) FROM generate_series(1, 3) n"
    with pytest.raises(ValueError, match=r"wide|length"), desk.cursor() as cursor:
        copy.copy_out(cursor, query, {"cells": ("int8[]", 2)})


@pytest.mark.parametrize(
    ("_case", "kind", "value"),
    [
        ("too large for int2", "int2", [2**15]),
        ("too large for int4", "int4", [-(2**31) - 1]),
        ("a float is no integer", "int8", [1.5]),
    ],
)
def test_a_number_that_does_not_fit_is_refused(_case, kind, value):
    with pytest.raises(OverflowError, match="does not fit"):
        copy.encode({"x": kind}, {"x": value}, 1)


@pytest.mark.parametrize(
    ("kind", "value"),
    [("int4", [1, 2, 3]), ("text", ["a"]), ("int8[]", [[1]]), ("numeric", [1, 2])],
)
def test_a_column_of_the_wrong_length_or_type_is_refused(kind, value):
    with pytest.raises(ValueError, match=r"rows|known"):
        copy.encode({"x": kind}, {"x": value}, 2)
