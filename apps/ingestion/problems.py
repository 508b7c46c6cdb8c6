"""What is wrong with a file, place by place; an import with problems writes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from types import MappingProxyType

CODES = MappingProxyType(
    {
        "FILE_MISSING": "there is no such file, or it cannot be read or written",
        "FILE_TYPE": "the content is not what the file's name says, or no type we read",
        "FILE_TOO_LARGE": "the file, once unpacked, is beyond what one import may hold",
        "FILE_EMPTY": "there is no row of data",
        "ENCODING": "the bytes are not UTF-8, or an escape gives half a character",
        "SYNTAX": "the CSV or JSON text is broken",
        "NUL": "the text holds a NUL character, as it is or by escape",
        "DEPTH": "values are nested deeper than any document of ours",
        "HEADER_DUPLICATE": "a column or key is named twice",
        "HEADER_UNKNOWN": "a column or field is not in the contract",
        "HEADER_MISSING": "a column that the contract requires is absent",
        "ROW_SHORT": "a row has fewer cells than the header",
        "ROW_LONG": "a row has more cells than the header",
        "REQUIRED": "a value that the contract requires is absent",
        "TYPE": "a value is of another type",
        "TOO_LONG": "a text is longer than the contract allows",
        "IDENTIFIER": "an identifier has characters other than A-Z a-z 0-9 . _ : / -",
        "NUMBER": "not a plain decimal number",
        "RANGE": "a number or date is outside the range of the contract",
        "OVERFLOW": "an amount does not fit the platform's integer money",
        "DATE": "not a date as YYYY-MM-DD",
        "DATE_ORDER": "two dates are in the wrong order",
        "CHOICE": "a word is not in the list",
        "CURRENCY": "not a currency of ISO 4217 that the platform carries",
        "COUNTRY": "not a country of ISO 3166",
        "CHECKSUM": "a LEI, ISIN or CUSIP whose check digit is wrong",
        "DUPLICATE": "an identifier appears twice",
        "DUPLICATE_CASE": "two identifiers differ in upper and lower case only",
        "REFERENCE": "the thing referred to does not exist",
        "CYCLE": "a parent is its own descendant",
        "LEVEL": "a portfolio stands above or beside its own level",
        "CONFLICT": "two fields of the row contradict each other",
        "TERMS": "the terms are not what the product's contract asks for",
        "MARKET": "the market document is not valid",
        "SCENARIO": "the scenario document is not valid",
        "PROFILE": "the profile is unknown or does not fit the file",
        "NO_DATA": "the file has nothing for the day asked for",
    }
)
"""Every code an import can report and what it means; docs/guides/ingestion.md lists them."""

_CLIP = 80
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_KEPT = 1_000


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault: where it stands, its code, what was found there and what was expected."""

    code: str
    expected: str
    found: str = ""
    line: int | None = None
    field: str = ""

    def __post_init__(self) -> None:
        if self.code not in CODES:
            raise ValueError(f"unknown problem code {self.code}")

    def as_dict(self) -> dict[str, str | int | None]:
        """Return the problem for a JSON report."""
        return asdict(self)

    def __str__(self) -> str:
        place = f"line {self.line}" if self.line is not None else "file"
        if self.field:
            place += f", {self.field}"
        found = f", found {self.found}" if self.found else ""
        return f"{place}: {self.code}: expected {self.expected}{found}"


def shown(value: object) -> str:
    """Return a value as a report may print it: clipped, control characters made visible.

    Reports are opened in spreadsheets, so a text that one would take for a formula is quoted.
    """
    text = value if isinstance(value, str) else str(value)
    text = text[: _CLIP + 1]
    formula = text.startswith(_FORMULA)
    text = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
    if len(text) > _CLIP:
        text = text[: _CLIP - 3] + "..."
    return f"'{text}" if formula else text


class Problems:
    """All problems of one file, counted; the first thousand are kept for the report.

    `keep` all of them where a file of rejected rows is to name every reason.
    """

    __slots__ = ("_keep", "_kept", "count")

    def __init__(self, keep: float = _KEPT) -> None:
        self._keep = keep
        self._kept: list[Problem] = []
        self.count = 0

    def add(
        self,
        code: str,
        expected: str,
        found: object = "",
        *,
        line: int | None = None,
        field: str = "",
    ) -> None:
        """Note a problem."""
        self.append(Problem(code, expected, shown(found), line, field))

    def append(self, problem: Problem) -> None:
        """Note a problem that is made already."""
        self.count += 1
        if len(self._kept) < self._keep:
            self._kept.append(problem)

    def __iter__(self) -> Iterator[Problem]:
        return iter(self._kept)

    def __len__(self) -> int:
        return self.count

    def refuse(self) -> None:
        """Raise when there are problems: what the file asks for does not happen."""
        if self.count:
            raise ImportRefused(self)


class ImportRefused(Exception):
    """The file breaks its contract; nothing of it was written."""

    def __init__(self, problems: Problems) -> None:
        self.problems = problems
        first = next(iter(problems), None)
        super().__init__(f"{problems.count} problems; the first: {first}")

    @classmethod
    def because(
        cls,
        code: str,
        expected: str,
        found: object = "",
        *,
        line: int | None = None,
        field: str = "",
    ) -> ImportRefused:
        """Return the refusal for one problem of the whole file."""
        problems = Problems()
        problems.add(code, expected, found, line=line, field=field)
        return cls(problems)
