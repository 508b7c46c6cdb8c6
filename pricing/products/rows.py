"""Rows of numbers become a batch: one row function per product, one loop for all."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from pricing.batch import Batch, Column, Names, Ragged
from pricing.currencies import is_currency
from pricing.failure import Failure, Refused
from pricing.position import PositionInput
from pricing.products.facility import under_facility
from pricing.products.fields import shown
from pricing.products.state import (
    ACCRUAL_STATUSES,
    QUOTE_BASES,
    SPREAD_SOURCES,
    DebtState,
)
from pricing.schedule import COLUMNS as SCHEDULE_COLUMNS

Row = dict[str, Any]
"""The columns of one row: a number each, a sequence of numbers in a ragged column."""

RAGGED = "ragged "
"""Begins the dtype of a column with several values per row."""

POSITION_COLUMNS = {"currency": "i4", "rating": "i4", "sector": "i4", "refusal": "i4"}
DEBT_COLUMNS = {
    "sign": "i1",
    "non_accrual": "i1",
    "spread_source": "i1",
    "spread": "f8",
    "mark_price": "f8",
    "mark_basis": "i1",
    "curve": "i4",
    "notional": "f8",
    "past_due": "f8",
}


@dataclass(frozen=True, slots=True)
class Packed:
    """A batch and, per row, why it could not be packed (such a row is zeros and a refusal)."""

    batch: Batch
    failures: list[Failure | None]


def pack(
    product_type: str,
    columns: Mapping[str, str],
    inputs: Sequence[PositionInput],
    names: Names,
    row_of: Callable[[PositionInput, Names], Row],
) -> Packed:
    """Return the batch of the inputs in their order; `columns` gives each column's dtype.

    A dtype like `ragged f8` is of a column with several values per row.

    A row that is refused keeps its codes of currency, rating and sector, and its reason as an
    interned text `CODE: message` in the column `refusal`, so that stored blocks carry it.
    """
    dtypes = {**POSITION_COLUMNS, **columns}
    rows: list[Row] = []
    failures: list[Failure | None] = []
    for position in inputs:
        failure: Failure | None = None
        row: Row = {}
        try:
            if position.product_type != product_type:
                raise Refused("UNKNOWN_PRODUCT", f"{position.product_type} is no {product_type}")
            if not isinstance(position.currency, str) or not is_currency(position.currency):
                raise Refused("UNKNOWN_CURRENCY", f"currency {shown(position.currency)}")
            row = row_of(under_facility(position), names)
        except Refused as refused:
            failure = refused.failure
        row["currency"] = names.code(str(position.currency)[:40])
        row["rating"] = names.code(str(position.rating or ""))
        row["sector"] = names.code(str(position.sector or ""))
        row["refusal"] = names.code(f"{failure.code}: {failure.message}") if failure else 0
        rows.append(row)
        failures.append(failure)
    arrays = {name: _column(rows, name, kind) for name, kind in dtypes.items()}
    return Packed(Batch(product_type, len(inputs), arrays, names), failures)


def _column(rows: Sequence[Row], name: str, kind: str) -> Column:
    if not kind.startswith(RAGGED):
        return np.array([row.get(name, 0) for row in rows], dtype=f"<{kind}")
    values = [row.get(name, ()) for row in rows]
    offsets = np.zeros(len(rows) + 1, dtype=np.int32)
    np.cumsum([len(value) for value in values], out=offsets[1:])
    flat = [number for value in values for number in value]
    return Ragged(offsets, np.array(flat, dtype=f"<{kind.removeprefix(RAGGED)}"))


def refusals(batch: Batch) -> dict[int, Failure]:
    """Return the failures of rows that were refused when the batch was packed."""
    codes = batch.column("refusal")
    found: dict[int, Failure] = {}
    for row in np.flatnonzero(codes):
        code, _, message = batch.names.text(int(codes[row])).partition(": ")
        found[int(row)] = Failure(code, message)
    return found


def debt_row(state: DebtState, curve: str, names: Names) -> Row:
    """Return the columns that loans and bonds share."""
    return {
        "sign": -1 if state.side == "LIABILITY" else 1,
        "non_accrual": ACCRUAL_STATUSES.index(state.accrual_status),
        "spread_source": SPREAD_SOURCES.index(state.spread_source),
        "spread": state.spread if state.spread_source == "SUPPLIED" and state.spread else 0.0,
        "mark_price": state.mark_price or 0.0,
        "mark_basis": QUOTE_BASES.index(state.price_quote_basis),
        "curve": names.code(curve),
        "past_due": state.past_due_principal + state.past_due_interest,
    }


DEBT_AND_SCHEDULE = {**DEBT_COLUMNS, **SCHEDULE_COLUMNS}
