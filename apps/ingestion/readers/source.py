"""A file as text: its kind by name and content, unpacked within bounds, UTF-8 and nothing else."""

from __future__ import annotations

import hashlib
import os
import stat
import zlib
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from apps.ingestion.problems import ImportRefused, shown

MAX_BYTES = 2**30
"""The most that one import holds in memory, unpacked; about 4 million positions."""

_MAX_RATIO = 200
_RATIO_FROM = 2**24
_GZIP_MAGIC = b"\x1f\x8b"
_CHUNK = 1 << 20

_FOREIGN = (
    (b"PK\x03\x04", "a zip archive or spreadsheet"),
    (b"PK\x05\x06", "a zip archive"),
    (b"%PDF", "a PDF"),
    (b"\xff\xfe", "UTF-16 text"),
    (b"\xfe\xff", "UTF-16 text"),
    (b"\xd0\xcf\x11\xe0", "an old spreadsheet"),
    (b"PAR1", "Parquet"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ", "xz"),
    (_GZIP_MAGIC, "gzip inside"),
)


class FileKind(StrEnum):
    """How the text of a file is laid out."""

    CSV = "csv"
    JSON = "json"
    JSON_LINES = "jsonl"


_SUFFIXES = {
    ".csv": FileKind.CSV,
    ".json": FileKind.JSON,
    ".jsonl": FileKind.JSON_LINES,
    ".ndjson": FileKind.JSON_LINES,
}
_NAMES = "a name that ends in .csv, .json, .jsonl or .ndjson, or one of these and .gz"


@dataclass(frozen=True, slots=True)
class Source:
    """The text of a file, its layout, its name for reports, and the hash of its bytes."""

    name: str
    kind: FileKind
    text: str
    sha256: str


def read(path: Path) -> Source:
    """Return the text of a file; ImportRefused says what else it is."""
    try:
        found = path.stat()
        # A pipe or a device may never end.
        if stat.S_ISFIFO(found.st_mode) or stat.S_ISCHR(found.st_mode):
            raise ImportRefused.because("FILE_TYPE", "a regular file", path.name)
        data = path.read_bytes() if found.st_size <= MAX_BYTES else None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not a path"
        raise ImportRefused.because(
            "FILE_MISSING", "a readable file", f"{path}: {reason}"
        ) from None
    if data is None:
        raise ImportRefused.because("FILE_TOO_LARGE", f"at most {MAX_BYTES:,} bytes")
    return from_bytes(printable(path.name), data)


def printable(name: str) -> str:
    """Return a file's name as text that can be stored: names are bytes, and may be anything."""
    name = os.fsencode(name).decode(errors="replace")
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in name)


def from_bytes(name: str, data: bytes) -> Source:
    """Return the text of an uploaded file of that name."""
    suffixes = [suffix.lower() for suffix in Path(name).suffixes]
    packed = bool(suffixes) and suffixes[-1] == ".gz"
    layout = suffixes[-2:-1] if packed else suffixes[-1:]
    kind = _SUFFIXES.get(layout[0]) if layout else None
    if kind is None:
        raise ImportRefused.because("FILE_TYPE", _NAMES, name)
    digest = hashlib.sha256(data).hexdigest()
    if packed:
        data = _unpack(data)
    _refuse_foreign(data)
    return Source(name, kind, _decode(data), digest)


def _unpack(data: bytes) -> bytes:
    if not data.startswith(_GZIP_MAGIC):
        raise ImportRefused.because("FILE_TYPE", "gzip, as the name says", shown(data[:8].hex()))
    bound = min(MAX_BYTES, max(_RATIO_FROM, _MAX_RATIO * len(data)))
    parts: list[bytes] = []
    size = 0
    rest = data
    try:
        while rest:
            member = zlib.decompressobj(wbits=31)
            while not member.eof:
                part = member.decompress(rest, _CHUNK)
                rest = member.unconsumed_tail
                size += len(part)
                parts.append(part)
                if size > bound:
                    raise ImportRefused.because(
                        "FILE_TOO_LARGE", f"at most {bound:,} bytes unpacked", f"over {size:,}"
                    )
                if not rest and not member.eof and not part:
                    raise ImportRefused.because(
                        "FILE_TYPE", "a complete gzip file", "it ends early"
                    )
            rest = member.unused_data
    except zlib.error as error:
        raise ImportRefused.because("FILE_TYPE", "an intact gzip file", error) from None
    return b"".join(parts)


def _refuse_foreign(data: bytes) -> None:
    if not data.strip():
        raise ImportRefused.because("FILE_EMPTY", "rows of data", "nothing")
    for magic, what in _FOREIGN:
        if data.startswith(magic):
            raise ImportRefused.because("FILE_TYPE", "CSV or JSON text in UTF-8", what)


def _decode(data: bytes) -> str:
    at = data.find(b"\0")
    if at >= 0:
        raise ImportRefused.because("NUL", "text without NUL", line=data.count(b"\n", 0, at) + 1)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        found = f"byte 0x{data[error.start]:02x}"
        raise ImportRefused.because("ENCODING", "UTF-8", found, line=line) from None
