"""Packed input blocks: positions of one book and product as columns, made from their rows."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple

import numpy as np

from apps.portfolio import adapters
from apps.portfolio.adapters import Names
from apps.portfolio.dimensions import SNAPSHOT_DIMENSIONS, Dimension
from foundation import hashing

BLOCK_SIZE = 4_096
"""Most positions of a block: a shard that begins inside one reads this much too much at worst."""


class SourceRow(NamedTuple):
    """One position in canonical order with all that its packed row is made of."""

    position_id: str
    book: int
    product_type: str
    currency: str
    state: Mapping[str, Any]
    terms: Mapping[str, Any]
    row_hash: bytes
    rating: str = ""
    sector: str = ""
    country: str = ""
    group: str = ""
    tag: str = ""
    facility: Mapping[str, Any] | None = None


def in_force(facility: Mapping[str, Any], as_of: dt.date) -> Mapping[str, Any]:
    """Return a facility's document with the elections in force on a day alone."""
    elections = facility.get("elections")
    if not elections:
        return facility
    day = as_of.isoformat()
    running = [item for item in elections if item["starts"] <= day < item["ends"]]
    return {**facility, "elections": running}


@dataclass(frozen=True, slots=True)
class Block:
    """A packed run of positions as it is stored."""

    block: int
    first: int
    count: int
    book: int
    product_type: str
    dimensions: bytes
    terms: bytes
    refused: int

    @property
    def sha256(self) -> bytes:
        """Return the hash over dimensions and terms."""
        return block_hash(self.dimensions, self.terms)


def block_hash(dimensions: bytes, terms: bytes) -> bytes:
    """Return the hash that a stored block is checked against."""
    digest = hashlib.sha256(dimensions)
    digest.update(terms)
    return digest.digest()


class Members:
    """The member names of each roll-up dimension of a snapshot: '' is 0, the rest in order."""

    __slots__ = ("_numbers", "names")

    def __init__(self, members: Mapping[Dimension, Iterable[str]]) -> None:
        self.names = {
            dimension: ("", *sorted(set(members.get(dimension, ())) - {""}))
            for dimension in SNAPSHOT_DIMENSIONS
        }
        self._numbers = {
            dimension: {name: number for number, name in enumerate(names)}
            for dimension, names in self.names.items()
        }

    def number(self, dimension: Dimension, name: str) -> int:
        """Return the number of a member."""
        return self._numbers[dimension][name]

    def numbers(self, dimension: Dimension) -> Mapping[str, int]:
        """Return the numbers of all members of a dimension."""
        return self._numbers[dimension]

    def text(self) -> str:
        """Return the canonical text that a snapshot stores."""
        return hashing.canonical({d.name: list(names) for d, names in self.names.items()})

    @staticmethod
    def of(text: str) -> Members:
        """Return the members of a stored text."""
        return Members({Dimension[name]: names for name, names in json.loads(text).items()})


def runs(keys: Sequence[tuple[int, str]]) -> Iterator[tuple[int, int]]:
    """Yield (first, last) of each block: equal (book, product type), at most BLOCK_SIZE rows."""
    first = 0
    for at in range(1, len(keys) + 1):
        if at == len(keys) or keys[at] != keys[first] or at - first == BLOCK_SIZE:
            yield first, at
            first = at


def build(
    number: int, first: int, rows: Sequence[SourceRow], members: Members, names: Names
) -> Block:
    """Return the block of rows of one book and product; `names` gains the texts it refers to."""
    product_type = rows[0].product_type
    inputs = [
        adapters.PositionInput(
            row.position_id,
            product_type,
            row.currency,
            row.terms,
            row.state,
            row.rating or None,
            row.sector or None,
            row.facility,
        )
        for row in rows
    ]
    batch = adapters.pack(product_type, inputs, names)
    texts = {
        Dimension.CURRENCY: [row.currency for row in rows],
        Dimension.SECTOR: [row.sector for row in rows],
        Dimension.RATING: [row.rating for row in rows],
        Dimension.COUNTRY: [row.country for row in rows],
        Dimension.COUNTERPARTY_GROUP: [row.group for row in rows],
        Dimension.TAG: [row.tag for row in rows],
    }
    numbers = {
        dimension: np.array([members.numbers(dimension)[text] for text in column], dtype=np.int64)
        for dimension, column in texts.items()
    }
    hashes = np.frombuffer(b"".join(row.row_hash for row in rows), dtype=np.uint8)
    dimensions = adapters.dimension_bytes(
        numbers,
        adapters.maturities(batch, [row.terms for row in rows]),
        np.array([notional(row.state) for row in rows], dtype=np.float64),
        hashes.reshape(len(rows), 32),
    )
    return Block(
        number, first, len(rows), rows[0].book, product_type, dimensions,
        adapters.terms_bytes(batch), len(adapters.failures(batch)),
    )  # fmt: skip


def notional(state: Mapping[str, Any]) -> float:
    """Return the outstanding principal, else the size of the quantity, in position currency.

    It weighs what totals cover, so a position whose state is broken counts as 0, not as NaN.
    """
    stated = state.get("outstanding_principal")
    return abs(float(decimal(state.get("quantity") if stated is None else stated)))


_MOST_DIGITS = 30


def decimal(value: Any) -> Decimal:
    """Return an amount of a state as a decimal, 0 where it is none that money can be."""
    if value is None:
        return Decimal(0)
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        return Decimal(0)
    sane = amount.is_finite() and abs(amount.adjusted()) <= _MOST_DIGITS
    return amount if sane else Decimal(0)
