"""What a rulebook makes of exposures: parts with a weight, class and paragraph, and breaks.

One exposure has several parts where a loan is split or a guarantee covers a share of it. An
exposure that lacks what its rule needs has no part but a break: there is no default weight.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from pricing.capital.arrays import BoolArray, FloatArray, IntArray, TextArray
from pricing.capital.errors import CapitalError
from pricing.capital.rulebook import Rulebook

Columns = Mapping[str, npt.ArrayLike]


@dataclass(frozen=True, slots=True)
class Break:
    """Why an exposure has no weight: the rule that needs a field, and the field."""

    row: int
    rule: str
    field: str
    message: str


@dataclass(frozen=True, slots=True)
class Weighted:
    """Parts of exposures: `row` is the exposure's place, `amount` the part's exposure."""

    rulebook: str
    row: IntArray
    amount: FloatArray
    weight: FloatArray
    exposure_class: TextArray
    paragraph: TextArray
    breaks: tuple[Break, ...]

    @property
    def rwa(self) -> FloatArray:
        """Return the risk-weighted amount of each part."""
        return self.amount * self.weight


@dataclass(slots=True)
class Sheet:
    """Exposures while rules are applied to them: columns in, parts and breaks out."""

    rules: Rulebook
    columns: Columns
    count: int
    open: BoolArray
    breaks: list[Break] = field(default_factory=list)
    parts: list[tuple[IntArray, FloatArray, FloatArray, str, str]] = field(default_factory=list)

    def refuse(self, rows: IntArray, rule: str, name: str, message: str) -> None:
        """Break rows that have no break yet."""
        for row in rows[self.open[rows]].tolist():
            self.breaks.append(Break(row, rule, name, message))
        self.open[rows] = False

    def numbers(
        self, rows: IntArray, name: str, rule: str, low: float = 0.0, high: float = np.inf
    ) -> tuple[IntArray, FloatArray]:
        """Return the rows that have a number from low to high in a column, and the numbers."""
        column = self.columns.get(name)
        if column is None:
            self.refuse(rows, rule, name, "is missing")
            return rows[:0], np.empty(0)
        found = np.asarray(column, dtype=np.float64)[rows]
        self.refuse(rows[np.isnan(found)], rule, name, "is missing")
        outside = ~np.isnan(found) & ~((found >= low) & (found <= high))
        if name == "amount":
            self.refuse(rows[found < 0.0], rule, name, "is negative")
        self.refuse(rows[outside], rule, name, f"is not in [{low:g}, {high:g}]")
        good = self.open[rows] & (found >= low) & (found <= high)
        return rows[good], found[good]

    def texts(self, rows: IntArray, name: str, rule: str) -> tuple[IntArray, TextArray]:
        """Return the rows that have a text in a column, and the texts."""
        column = self.columns.get(name)
        if column is None:
            self.refuse(rows, rule, name, "is missing")
            return rows[:0], np.empty(0, dtype=np.str_)
        found = np.asarray(column, dtype=np.str_)[rows]
        self.refuse(rows[(found == "") | (found == "None")], rule, name, "is missing")
        good = self.open[rows]
        return rows[good], found[good]

    def flags(self, rows: IntArray, name: str, rule: str) -> tuple[IntArray, BoolArray]:
        """Return the rows whose column says yes or no (1 or 0), and what it says."""
        left, found = self.numbers(rows, name, rule, 0.0, 1.0)
        self.refuse(left[(found > 0.0) & (found < 1.0)], rule, name, "is neither 1 nor 0")
        good = self.open[left]
        return left[good], found[good] == 1.0

    def named(self, rows: IntArray, name: str, figure: str) -> tuple[IntArray, FloatArray]:
        """Return rows and the entries of a figure that a column names."""
        entries = self.rules.numbers(figure)
        rows, texts = self.texts(rows, name, self.rules.paragraph(figure))
        unknown = ~np.isin(texts, list(entries))
        for text in np.unique(texts[unknown]).tolist():
            self.refuse(rows[texts == text], self.rules.paragraph(figure), name, f"{text!r} is none"
                        f" of {', '.join(entries)}")  # fmt: skip
        return rows[~unknown], np.array([entries[text] for text in texts[~unknown].tolist()])

    def part(
        self,
        rows: IntArray,
        weight: npt.ArrayLike,
        kind: str,
        figure: str,
        share: npt.ArrayLike = 1.0,
    ) -> None:
        """Add a part of a share of the amount of rows."""
        amount = np.asarray(self.columns["amount"], dtype=np.float64)[rows] * np.asarray(
            share, dtype=np.float64
        )
        weights = np.broadcast_to(np.asarray(weight, dtype=np.float64), rows.shape)
        self.parts.append((rows, amount, weights, kind, self.rules.paragraph(figure)))

    def weighted(self) -> Weighted:
        """Return the parts in the order of their exposures, and the breaks in theirs."""
        lengths = [len(part[0]) for part in self.parts]
        row = np.concatenate([part[0] for part in self.parts] or [np.empty(0, dtype=np.int64)])
        order = np.argsort(row, kind="stable")
        order = order[self.open[row[order]]]
        empty = [np.empty(0)]
        return Weighted(
            self.rules.label,
            row[order],
            np.concatenate([part[1] for part in self.parts] or empty)[order],
            np.concatenate([part[2] for part in self.parts] or empty)[order],
            np.repeat(np.array([p[3] for p in self.parts], dtype=np.str_), lengths)[order],
            np.repeat(np.array([p[4] for p in self.parts], dtype=np.str_), lengths)[order],
            tuple(sorted(self.breaks, key=lambda one: one.row)),
        )


def sheet(rules: Rulebook, columns: Columns) -> Sheet:
    """Return a sheet of columns of one length; those without a good amount are broken."""
    if "amount" not in columns or "exposure_class" not in columns:
        raise CapitalError("SHAPE", "columns", "amount and exposure_class are needed")
    lengths = {name: len(np.asarray(column)) for name, column in columns.items()}
    count = lengths["amount"]
    for name, length in lengths.items():
        if length != count:
            raise CapitalError("SHAPE", name, f"has {length} rows where amount has {count}")
    found = Sheet(rules, columns, count, np.ones(count, dtype=bool))
    largest = float(np.finfo(np.float64).max)
    found.numbers(np.arange(count), "amount", "exposure", 0.0, largest)
    return found
