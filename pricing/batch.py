"""Positions of one product as a structure of arrays, and its stored bytes.

Format version 1: the magic `TOB1`, a little-endian uint32 length, a canonical JSON header
`{"columns":[[name,dtype,kind,length],...],"count":n,"product_type":...,"version":1}`, then the
columns' raw little-endian bytes in header order without padding. `kind` is `plain` (one value per
row) or `ragged` (n+1 int32 offsets followed by the values).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.generic]

MAGIC = b"TOB1"
VERSION = 1
_DTYPES = {"i1", "i2", "i4", "i8", "f8"}


class BatchFormatError(ValueError):
    """The bytes are not a batch of a known format."""


class Names:
    """A table of interned strings: batches refer to texts by number.

    Numbers are given in order of first use and never change; number 0 is the empty string.
    One table belongs to one position snapshot.
    """

    __slots__ = ("_codes", "_texts")

    def __init__(self, texts: Iterable[str] = ()) -> None:
        self._texts: list[str] = [""]
        self._codes: dict[str, int] = {"": 0}
        for text in texts:
            self.code(text)

    def code(self, text: str) -> int:
        """Return the number of a text, giving it the next one if it is new."""
        found = self._codes.get(text)
        if found is None:
            found = len(self._texts)
            self._codes[text] = found
            self._texts.append(text)
        return found

    def text(self, code: int) -> str:
        """Return the text of a number."""
        return self._texts[code]

    def find(self, text: str) -> int | None:
        """Return the number of a text if it has one."""
        return self._codes.get(text)

    def as_tuple(self) -> tuple[str, ...]:
        """Return all texts in the order of their numbers; `Names(names.as_tuple())` is equal."""
        return tuple(self._texts)

    def __len__(self) -> int:
        return len(self._texts)


@dataclass(frozen=True, slots=True)
class Ragged:
    """A column with several values per row: row i holds values[offsets[i]:offsets[i + 1]]."""

    offsets: npt.NDArray[np.int32]
    values: Array

    def take(self, index: npt.NDArray[np.int64]) -> Ragged:
        """Return the column of the given rows."""
        starts = self.offsets[:-1].take(index).astype(np.int64)
        lengths = np.diff(self.offsets).take(index).astype(np.int64)
        offsets = np.zeros(len(index) + 1, dtype=np.int32)
        np.cumsum(lengths, out=offsets[1:])
        flat = np.arange(int(offsets[-1])) + np.repeat(starts - offsets[:-1], lengths)
        return Ragged(offsets, self.values[flat])


Column = Array | Ragged


@dataclass(frozen=True, slots=True)
class Batch:
    """Positions of one product type: `count` rows, one array or Ragged per column."""

    product_type: str
    count: int
    columns: Mapping[str, Column]
    names: Names = field(default_factory=Names)

    def __post_init__(self) -> None:
        for name, column in self.columns.items():
            length = len(column.offsets) - 1 if isinstance(column, Ragged) else len(column)
            if length != self.count:
                raise ValueError(f"column {name} has {length} rows, the batch {self.count}")

    def __len__(self) -> int:
        return self.count

    def column(self, name: str) -> Array:
        """Return a plain column."""
        found = self.columns[name]
        if isinstance(found, Ragged):
            raise TypeError(f"column {name} is ragged")
        return found

    def ragged(self, name: str) -> Ragged:
        """Return a ragged column."""
        found = self.columns[name]
        if not isinstance(found, Ragged):
            raise TypeError(f"column {name} is not ragged")
        return found

    def integers(self, name: str) -> npt.NDArray[np.int64]:
        """Return a plain column as int64."""
        return self.column(name).astype(np.int64)

    def floats(self, name: str) -> npt.NDArray[np.float64]:
        """Return a plain column as float64 (a copy)."""
        return self.column(name).astype(np.float64)

    def take(self, index: npt.ArrayLike) -> Batch:
        """Return the batch of the given rows, in that order."""
        at = np.asarray(index, dtype=np.int64)
        columns: dict[str, Column] = {
            name: column.take(at) if isinstance(column, Ragged) else column[at]
            for name, column in self.columns.items()
        }
        return Batch(self.product_type, len(at), columns, self.names)

    @staticmethod
    def concat(batches: Sequence[Batch]) -> Batch:
        """Return the rows of batches of one product and one table of names, one after another."""
        if not batches:
            raise ValueError("nothing to concatenate")
        first = batches[0]
        if any(b.product_type != first.product_type or b.names is not first.names for b in batches):
            raise ValueError("batches of different products or names")
        if any(set(b.columns) != set(first.columns) for b in batches):
            raise ValueError("batches of different columns")
        columns: dict[str, Column] = {}
        for name, column in first.columns.items():
            if isinstance(column, Ragged):
                columns[name] = _concat_ragged([b.columns[name] for b in batches])
            else:
                columns[name] = np.concatenate([b.column(name) for b in batches])
        return Batch(first.product_type, sum(b.count for b in batches), columns, first.names)

    def to_bytes(self) -> bytes:
        """Return the stored form, format version 1; equal batches give equal bytes."""
        parts: list[bytes] = []
        header: list[list[str | int]] = []
        for name in sorted(self.columns):
            column = self.columns[name]
            values = column.values if isinstance(column, Ragged) else column
            kind = values.dtype.str[1:]
            if kind not in _DTYPES:
                raise TypeError(f"column {name} has dtype {values.dtype}, not storable")
            ragged = isinstance(column, Ragged)
            header.append([name, kind, "ragged" if ragged else "plain", len(values)])
            if isinstance(column, Ragged):
                parts.append(np.ascontiguousarray(column.offsets, dtype="<i4").tobytes())
            parts.append(np.ascontiguousarray(values, dtype=f"<{kind}").tobytes())
        text = json.dumps(
            {
                "columns": header,
                "count": self.count,
                "product_type": self.product_type,
                "version": VERSION,
            },
            sort_keys=True,
            separators=(",", ":"),
            ensure_ascii=True,
        ).encode()
        return b"".join([MAGIC, len(text).to_bytes(4, "little"), text, *parts])

    @staticmethod
    def from_bytes(data: bytes | memoryview, names: Names | None = None) -> Batch:
        """Return the batch of stored bytes; arrays are read-only views of `data`.

        `names` is the table of the snapshot that the numbers in the columns refer to.
        """
        view = memoryview(data)
        header, at = _read_header(view)
        count = int(header["count"])
        columns: dict[str, Column] = {}
        for name, kind, shape, length in header["columns"]:
            if kind not in _DTYPES or shape not in ("plain", "ragged"):
                raise BatchFormatError(f"column {name} has an unknown type")
            offsets: npt.NDArray[np.int32] | None = None
            if shape == "ragged":
                read, at = _read(view, at, "i4", count + 1)
                offsets = read.astype(np.int32)
            values, at = _read(view, at, kind, int(length))
            columns[name] = values if offsets is None else Ragged(offsets, values)
        if at != len(view):
            raise BatchFormatError("bytes are left over after the last column")
        try:
            return Batch(header["product_type"], count, columns, names or Names())
        except ValueError as error:
            raise BatchFormatError(str(error)) from None


def _read_header(view: memoryview) -> tuple[dict[str, Any], int]:
    if bytes(view[:4]) != MAGIC:
        raise BatchFormatError("not a packed batch")
    size = int.from_bytes(view[4:8], "little")
    try:
        header = json.loads(bytes(view[8 : 8 + size]))
    except ValueError:
        raise BatchFormatError("the header is not JSON") from None
    if header.get("version") != VERSION:
        raise BatchFormatError(f"format version {header.get('version')} is not {VERSION}")
    return header, 8 + size


def _read(view: memoryview, at: int, kind: str, length: int) -> tuple[Array, int]:
    end = at + int(kind[1]) * length
    if length < 0 or end > len(view):
        raise BatchFormatError("the bytes end before the last column")
    return np.frombuffer(view[at:end], dtype=f"<{kind}"), end


def _concat_ragged(columns: Sequence[Column]) -> Ragged:
    parts = [column for column in columns if isinstance(column, Ragged)]
    lengths = np.concatenate([np.diff(part.offsets) for part in parts])
    offsets = np.zeros(len(lengths) + 1, dtype=np.int32)
    np.cumsum(lengths, out=offsets[1:])
    starts = [part.values[part.offsets[0] : part.offsets[-1]] for part in parts]
    return Ragged(offsets, np.concatenate(starts))
