"""Between stored positions and the pricing library: packing, and the bytes of packed blocks."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

import pricing
from apps.portfolio.dimensions import Dimension
from pricing.batch import VERSION, Batch, Names, Ragged
from pricing.position import PositionInput
from pricing.products.registry import PRODUCTS
from pricing.products.rows import refusals

FORMAT = VERSION

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]
HashArray = npt.NDArray[np.uint8]

NO_MATURITY = -1

_EPOCH = dt.date(1970, 1, 1).toordinal()
_DIMENSIONS = "DIMENSIONS"
_COLUMN_OF = {
    Dimension.CURRENCY: "currency",
    Dimension.SECTOR: "sector",
    Dimension.RATING: "rating",
    Dimension.COUNTRY: "country",
    Dimension.COUNTERPARTY_GROUP: "counterparty_group",
    Dimension.TAG: "tag",
}
STORED_DIMENSIONS = tuple(_COLUMN_OF)
"""The dimensions stored per position; a block has one book and one product type."""

__all__ = [
    "FORMAT",
    "NO_MATURITY",
    "STORED_DIMENSIONS",
    "BlockRows",
    "Names",
    "PositionInput",
    "decode",
    "dimension_bytes",
    "failures",
    "joined",
    "maturities",
    "pack",
    "packing",
    "packing_of",
    "terms_bytes",
]


@dataclass(frozen=True, slots=True)
class BlockRows:
    """The rows of a packed block: int64 member numbers per dimension, and the terms batch."""

    dimensions: Mapping[Dimension, IntArray]
    maturity: IntArray
    notional: FloatArray
    row_hash: HashArray
    batch: Batch
    packing: str


@cache
def packing() -> str:
    """Return the name of the way in which this code packs positions: 16 hex digits.

    A block holds codes and columns as the library that packed it numbered them. Another library
    must not read them: it makes the block anew from the rows.
    """
    library, here = Path(pricing.__file__).parent, Path(__file__).parent
    sources = [*library.glob("*.py"), *library.glob("products/*.py")]
    digest = hashlib.sha256()
    for source in (*sorted(sources), here / "adapters.py", here / "blocks.py"):
        digest.update(hashlib.sha256(source.read_bytes()).digest())
    return digest.hexdigest()[:16]


def pack(product_type: str, inputs: Sequence[PositionInput], names: Names) -> Batch:
    """Return the batch of positions of one product; refused rows carry their reason in it."""
    product = PRODUCTS.get(product_type)
    if product is not None:
        return product.pack(inputs, names).batch
    refusal = names.code(f"UNKNOWN_PRODUCT: no pricer for {product_type}")
    columns = {
        "currency": [names.code(item.currency) for item in inputs],
        "rating": [names.code(item.rating or "") for item in inputs],
        "sector": [names.code(item.sector or "") for item in inputs],
        "refusal": [refusal] * len(inputs),
    }
    arrays = {name: np.array(values, dtype="<i4") for name, values in columns.items()}
    return Batch(product_type, len(inputs), arrays, names)


def failures(batch: Batch) -> dict[int, tuple[str, str]]:
    """Return (code, message) of the rows that could not be packed."""
    return {row: (found.code, found.message) for row, found in refusals(batch).items()}


def maturities(batch: Batch, terms: Sequence[Mapping[str, Any]]) -> IntArray:
    """Return days since 1970-01-01 of each maturity, NO_MATURITY where there is none.

    A row that was refused keeps the maturity its terms state, if that is a date.
    """
    if "maturity" in batch.columns:
        days = batch.integers("maturity").copy()
    else:
        days = np.full(batch.count, NO_MATURITY, dtype=np.int64)
    for row in np.flatnonzero(batch.column("refusal")):
        days[row] = _stated_maturity(terms[int(row)])
    return days


def _stated_maturity(terms: Mapping[str, Any]) -> int:
    try:
        return dt.date.fromisoformat(str(terms.get("maturity_date", ""))).toordinal() - _EPOCH
    except ValueError:
        return NO_MATURITY


def joined(parts: Sequence[tuple[Batch, int, int]]) -> Batch:
    """Return rows [start, stop) of batches of one product, one after another."""
    cuts = [
        batch if (start, stop) == (0, batch.count) else batch.take(np.arange(start, stop))
        for batch, start, stop in parts
    ]
    return cuts[0] if len(cuts) == 1 else Batch.concat(cuts)


def dimension_bytes(
    dimensions: Mapping[Dimension, IntArray],
    maturity: IntArray,
    notional: FloatArray,
    row_hash: HashArray,
) -> bytes:
    """Return the stored form of a block's dimensions, maturities, notionals and row hashes."""
    count = len(maturity)
    offsets = np.arange(count + 1, dtype=np.int32) * row_hash.shape[1]
    columns: dict[str, Any] = {
        name: dimensions[dimension].astype("<i4") for dimension, name in _COLUMN_OF.items()
    }
    columns["maturity"] = maturity.astype("<i4")
    columns["notional"] = notional
    columns["row_hash"] = Ragged(offsets, row_hash.reshape(-1).view(np.int8))
    return Batch(f"{_DIMENSIONS}/{packing()}", count, columns).to_bytes()


def terms_bytes(batch: Batch) -> bytes:
    """Return the stored form of a block's packed terms and state."""
    return batch.to_bytes()


def packing_of(dimensions: bytes) -> str | None:
    """Return the name of the way in which a stored block was packed, None for other bytes."""
    try:
        return Batch.from_bytes(dimensions).product_type.rpartition("/")[2]
    except ValueError:
        return None


def decode(dimensions: bytes, terms: bytes, names: Names) -> BlockRows:
    """Return the rows of a stored block."""
    stored = Batch.from_bytes(dimensions)
    hashes = stored.columns["row_hash"]
    assert isinstance(hashes, Ragged)
    return BlockRows(
        {dimension: stored.integers(name) for dimension, name in _COLUMN_OF.items()},
        stored.integers("maturity"),
        stored.floats("notional"),
        hashes.values.view(np.uint8).reshape(stored.count, -1),
        Batch.from_bytes(terms, names),
        stored.product_type.rpartition("/")[2],
    )
