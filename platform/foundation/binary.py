"""Rows of a table as PostgreSQL's binary COPY wants them, from columns of NumPy arrays."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
TRAILER = b"\xff\xff"

Bytes = NDArray[np.uint8]

_EPOCH = np.datetime64("2000-01-01")

_SCALARS = {
    "bool": ">u1",
    "int2": ">i2",
    "int4": ">i4",
    "int8": ">i8",
    "float8": ">f8",
    "date": ">i4",
    "timestamptz": ">i8",
}
_ELEMENTS = {
    "int2[]": (21, ">i2"),
    "int4[]": (23, ">i4"),
    "int8[]": (20, ">i8"),
    "float8[]": (701, ">f8"),
}
_TEXTS = ("text", "bytea", "jsonb")


@dataclass(frozen=True, slots=True)
class _Uniform:
    """A column whose fields, length words included, are all of one `layout`; `fill` writes them."""

    layout: Any
    fill: Callable[[NDArray[Any]], None]

    def fields(self, count: int) -> list[bytes]:
        """The fields one by one, for a table that has ragged columns too."""
        rows = np.empty(count, dtype=[("field", self.layout)])
        self.fill(rows["field"])
        width, flat = rows.dtype.itemsize, rows.tobytes()
        return [flat[at : at + width] for at in range(0, width * count, width)]


@dataclass(frozen=True, slots=True)
class _Ragged:
    """A column of fields of their own length each; None is NULL."""

    values: Sequence[bytes | None]

    def fields(self, count: int) -> list[bytes]:
        """The fields one by one, length words included."""
        return [_field(value) for value in self.values]


_Column = _Uniform | _Ragged


def encode(columns: Mapping[str, str], values: Mapping[str, Any], count: int) -> memoryview:
    """`count` rows in binary COPY format, without its header and trailer.

    `columns` maps a column to its type, in the order of the COPY statement; `values` to

    - an array of length `count` (bool, int2, int4, int8, float8, date, timestamptz), masked
      where it is NULL,
    - a uint8 matrix for bytea of one length, a matrix for an array type of one length,
    - a sequence of str or bytes (text, bytea, jsonb) or of arrays, None where it is NULL,
    - or one value that all rows share.

    Rows of one width are laid out by NumPy at memory speed; ragged ones cost about 1 us each.
    """
    prepared = [_column(kind, values[name], count) for name, kind in columns.items()]
    uniform = [column for column in prepared if isinstance(column, _Uniform)]
    if len(uniform) == len(prepared):
        return _lay_uniform(uniform, count)
    start = [len(columns).to_bytes(2, "big")] * count
    rows = zip(start, *(column.fields(count) for column in prepared), strict=True)
    return memoryview(b"".join(chain.from_iterable(rows)))


def _lay_uniform(columns: Sequence[_Uniform], count: int) -> memoryview:
    layout: list[Any] = [("columns", ">i2")]
    layout += [(f"c{number}", column.layout) for number, column in enumerate(columns)]
    out = np.empty(count, dtype=layout)
    out["columns"] = len(columns)
    for number, column in enumerate(columns):
        column.fill(out[f"c{number}"])
    return out.view(np.uint8).data


def _field(field: bytes | None) -> bytes:
    if field is None:
        return b"\xff\xff\xff\xff"
    return len(field).to_bytes(4, "big") + field


def _column(kind: str, value: Any, count: int) -> _Column:
    if kind in _SCALARS:
        return _scalars(kind, value, count)
    if kind in _ELEMENTS:
        return _arrays(kind, value, count)
    if kind in _TEXTS:
        return _texts(kind, value, count)
    known = ", ".join([*_SCALARS, *_ELEMENTS, *_TEXTS])
    raise ValueError(f"{kind} is not written in binary here; known are {known}")


def _scalars(kind: str, value: Any, count: int) -> _Column:
    numbers = _numbers(kind, value)
    if numbers.ndim == 0:
        numbers = np.broadcast_to(numbers, (count,))
    if numbers.shape != (count,):
        raise ValueError(f"a column of {kind} has shape {numbers.shape} for {count} rows")
    dtype = np.dtype(_SCALARS[kind])
    present = np.ma.getdata(numbers)
    if np.ma.is_masked(numbers):
        width, flat = dtype.itemsize, present.astype(dtype).tobytes()
        return _Ragged(
            [
                None if absent else flat[at * width : (at + 1) * width]
                for at, absent in enumerate(np.ma.getmaskarray(numbers))
            ]
        )

    def fill(field: NDArray[Any]) -> None:
        field["l"] = dtype.itemsize
        field["v"] = present

    return _Uniform([("l", ">i4"), ("v", dtype)], fill)


def _numbers(kind: str, value: Any) -> NDArray[Any]:
    if kind == "date":
        return np.ma.asanyarray(value, dtype="datetime64[D]") - _EPOCH
    if kind == "timestamptz":
        return np.ma.asanyarray(value, dtype="datetime64[us]") - _EPOCH
    numbers: NDArray[Any] = np.ma.asanyarray(value)
    dtype = np.dtype(_SCALARS[kind])
    if dtype.kind == "i" and numbers.size:
        info = np.iinfo(dtype)
        if numbers.dtype.kind not in "iu" or numbers.min() < info.min or numbers.max() > info.max:
            raise OverflowError(f"a value does not fit into {kind}")
    return numbers


def _arrays(kind: str, value: Any, count: int) -> _Column:
    oid, dtype = _ELEMENTS[kind]
    if isinstance(value, np.ndarray):
        matrix = np.broadcast_to(value, (count, value.shape[-1])) if value.ndim == 1 else value
        if len(matrix) != count:
            raise ValueError(f"a column of {kind} has {len(matrix)} rows of {count}")
        return _vectors(matrix, oid, dtype)
    if len(value) != count:
        raise ValueError(f"a column of {kind} has {len(value)} rows of {count}")
    return _Ragged(
        [
            None if row is None else _vectors(np.asarray(row)[None, :], oid, dtype).fields(1)[0][4:]
            for row in value
        ]
    )


def _vectors(matrix: NDArray[Any], oid: int, dtype: str) -> _Uniform:
    size, item = matrix.shape[1], np.dtype(dtype).itemsize
    layout: list[Any] = [("l", ">i4"), ("ndim", ">i4"), ("nulls", ">i4"), ("oid", ">i4")]
    if size:
        element = [("l", ">i4"), ("v", dtype)]
        layout += [("size", ">i4"), ("lower", ">i4"), ("e", element, (size,))]

    def fill(field: NDArray[Any]) -> None:
        field["l"] = field.dtype.itemsize - 4
        field["ndim"] = 1 if size else 0
        field["nulls"] = 0
        field["oid"] = oid
        if size:
            field["size"] = size
            field["lower"] = 1
            field["e"]["l"] = item
            field["e"]["v"] = matrix

    return _Uniform(layout, fill)


def _texts(kind: str, value: Any, count: int) -> _Column:
    if isinstance(value, str | bytes):
        value = np.frombuffer(_payload(kind, value), dtype=np.uint8)[None, :]
    if isinstance(value, np.ndarray) and value.dtype == np.uint8:
        matrix: Bytes = value
        width = matrix.shape[1]

        def fill(field: NDArray[Any]) -> None:
            field["l"] = width
            field["v"] = matrix

        return _Uniform([("l", ">i4"), ("v", "u1", (width,))], fill)
    if len(value) != count:
        raise ValueError(f"a column of {kind} has {len(value)} rows of {count}")
    return _Ragged([None if item is None else _payload(kind, item) for item in value])


def _payload(kind: str, value: str | bytes | memoryview) -> bytes:
    data = value.encode() if isinstance(value, str) else bytes(value)
    return b"\x01" + data if kind == "jsonb" else data
