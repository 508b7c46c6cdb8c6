"""Binary COPY in and out of a table."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, LiteralString, Protocol

import numpy as np
from numpy.typing import NDArray
from psycopg import sql

from foundation.binary import HEADER, TRAILER, encode

__all__ = ["copy_in", "copy_out", "encode"]

_CHUNK = 1 << 22
_READ = {"int2": ">i2", "int4": ">i4", "int8": ">i8", "float8": ">f8", "bool": ">u1"}
_READ_ELEMENTS = {"int2[]": ">i2", "int4[]": ">i4", "int8[]": ">i8", "float8[]": ">f8"}

Buffer = bytes | bytearray | memoryview


class Cursor(Protocol):
    """psycopg's cursor, or Django's around it."""

    def copy(self, statement: Any, params: Any = ...) -> Any:
        """Open a COPY."""
        ...


def copy_in(
    cursor: Cursor, table: str, columns: Iterable[str], data: Buffer | Iterable[Buffer]
) -> None:
    """COPY rows that `encode` has laid out into `table` (`schema.table` or `table`).

    Encode before the transaction opens and copy inside it: a transaction then lasts as long as
    the database needs and no longer.
    """
    statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT binary)").format(
        sql.Identifier(*table.split(".")), sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    parts = [data] if isinstance(data, bytes | bytearray | memoryview) else data
    with cursor.copy(statement) as copy:
        copy.write(HEADER)
        for part in parts:
            for chunk in _chunks(part):
                copy.write(chunk)
        copy.write(TRAILER)


def _chunks(data: Buffer) -> Iterator[memoryview]:
    view = memoryview(data).cast("B")
    for first in range(0, len(view), _CHUNK):
        yield view[first : first + _CHUNK]


def copy_out(
    cursor: Cursor,
    query: LiteralString | sql.Composable,
    columns: Mapping[str, str | tuple[str, int]],
    params: Mapping[str, object] | None = None,
) -> dict[str, NDArray[Any]]:
    """The rows of `query` as one array per column, in the machine's byte order.

    `columns` maps each column, in order, to its type: int2, int4, int8, float8, bool, or
    `("bytea", 32)` and `("int8[]", 114)` with the length that every row has. A row of another
    shape, NULL included, is a ValueError: ragged columns are read with a cursor.
    """
    inner = sql.SQL(query) if isinstance(query, str) else query
    statement = sql.SQL("COPY ({}) TO STDOUT (FORMAT binary)").format(inner)
    data = bytearray()
    with cursor.copy(statement, params) as copy:
        for block in copy:
            data += block
    layout = _row_layout(columns)
    body = len(data) - len(HEADER) - len(TRAILER)
    if body % layout.itemsize:
        raise ValueError(f"rows are not all {layout.itemsize} bytes wide")
    rows = np.frombuffer(data, layout, count=body // layout.itemsize, offset=len(HEADER))
    return {name: _read(rows[name], name, kind) for name, kind in columns.items()}


def _row_layout(columns: Mapping[str, str | tuple[str, int]]) -> np.dtype[np.void]:
    fields: list[tuple[str, Any]] = [("", ">i2")]
    fields += [(name, _field_layout(kind)) for name, kind in columns.items()]
    return np.dtype(fields)


def _field_layout(kind: str | tuple[str, int]) -> Any:
    if isinstance(kind, str):
        return [("l", ">i4"), ("v", _READ[kind])]
    name, size = kind
    if name == "bytea":
        return [("l", ">i4"), ("v", "u1", (size,))]
    head = [("l", ">i4"), ("ndim", ">i4"), ("nulls", ">i4"), ("oid", ">i4")]
    if not size:
        return head
    element = [("l", ">i4"), ("v", _READ_ELEMENTS[name])]
    return [*head, ("size", ">i4"), ("lower", ">i4"), ("e", element, (size,))]


def _read(field: NDArray[Any], name: str, kind: str | tuple[str, int]) -> NDArray[Any]:
    if (field["l"] != field.dtype.itemsize - 4).any():
        raise ValueError(f"column {name}: a row is NULL or has another length")
    if isinstance(kind, str) or kind[0] == "bytea":
        values = field["v"]
    elif kind[1]:
        values = field["e"]["v"]
    else:
        return np.empty((len(field), 0), dtype=np.dtype(_READ_ELEMENTS[kind[0]]).newbyteorder("="))
    native = np.ascontiguousarray(values, dtype=values.dtype.newbyteorder("="))
    return native.astype(np.bool_) if kind == "bool" else native
