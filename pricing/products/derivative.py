"""DERIVATIVE: contracts by `kind`, each with terms of its own, in one batch.

docs/methods/derivative.md gives the formulas.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from pricing.batch import Names
from pricing.failure import Refused
from pricing.position import PositionInput
from pricing.products import cap_floor, cds, fields, fx_swap, swap, swaption
from pricing.products.derivative_state import DerivativeState
from pricing.products.fields import about, shown
from pricing.products.rows import Packed, Row
from pricing.products.rows import pack as pack_rows
from pricing.products.swap_leg import prefixed

PRODUCT_TYPE = "DERIVATIVE"

_RowOf = Callable[[Any, DerivativeState, str, Names], Row]
_FAMILIES: tuple[tuple[tuple[str, ...], type, _RowOf], ...] = (
    (swap.KINDS, swap.SwapTerms, swap.row),
    (fx_swap.KINDS, fx_swap.FxSwapTerms, fx_swap.row),
    (cap_floor.KINDS, cap_floor.CapFloorTerms, cap_floor.row),
    (swaption.KINDS, swaption.SwaptionTerms, swaption.row),
    (cds.KINDS, cds.CdsTerms, cds.row),
)

TERMS: Mapping[str, type] = MappingProxyType(
    {kind: terms for kinds, terms, _ in _FAMILIES for kind in kinds}
)
"""The terms of each kind."""
KINDS = tuple(TERMS)
_ROWS = {kind: row_of for kinds, _, row_of in _FAMILIES for kind in kinds}

COLUMNS = {
    "kind": "i1",
    "collateral": "i4",
    "notional": "f8",
    "exchange": "i1",
    "resetting": "i1",
    "resetting_notional": "f8",
    **fx_swap.COLUMNS,
    **cap_floor.COLUMNS,
    **swaption.COLUMNS,
    **cds.COLUMNS,
    **prefixed("receive"),
    **prefixed("pay"),
}
"""A batch holds every kind; columns that a kind does not have are zeros."""


def _all_terms() -> type:
    """Return the fields of every kind as one class, `kind` alone required."""
    metadata = about("choice", "what the contract is", choices=KINDS)
    found: dict[str, tuple[str, Any, Any]] = {
        "kind": ("kind", str, dataclasses.field(metadata=metadata))
    }
    for terms in dict.fromkeys(TERMS.values()):
        for field in dataclasses.fields(terms):
            if field.name not in found:
                optional = dataclasses.field(default=None, metadata=field.metadata)
                found[field.name] = (field.name, Any, optional)
    made = dataclasses.make_dataclass("DerivativeTerms", found.values(), frozen=True, slots=True)
    made.__doc__ = "What the contract is: `kind`, and the terms that contracts of the kind have."
    return made


DerivativeTerms = _all_terms()
"""The fields of all kinds: what may be supplied; each kind's own class says what must be."""


def pack(inputs: Sequence[PositionInput], names: Names) -> Packed:
    """Return the packed batch of derivatives, a failure per row that is none."""
    return pack_rows(PRODUCT_TYPE, COLUMNS, inputs, names, _row)


def _row(position: PositionInput, names: Names) -> Row:
    if not isinstance(position.terms, Mapping):
        raise Refused("TERMS_INVALID", "terms: an object is expected")
    kind = position.terms.get("kind")
    if not isinstance(kind, str) or kind not in _ROWS:
        raise Refused(
            "TERMS_INVALID", f"terms.kind: {shown(kind)} is not one of {', '.join(KINDS)}"
        )
    state = fields.read(DerivativeState, position.state, "state", open_ended=True)
    row = _ROWS[kind](position.terms, state, position.currency, names)
    row["kind"] = KINDS.index(kind)
    return row
