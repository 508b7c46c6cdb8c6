"""The canonical text of a position: what is hashed, stored and rebuilt from."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from foundation import hashing

StateValue = str | bool | int | Decimal | dt.date | None


@dataclass(frozen=True, slots=True)
class PositionContent:
    """A position to be written: where it belongs, and its state of tonight.

    Currency and product type are those of the instrument. `state` holds texts, booleans, whole
    numbers, decimals and dates by the field names of DEFINITIONS, section 1; a float has no
    canonical text and is refused.
    """

    position_id: str
    book: str
    instrument: str
    legal_entity: str
    state: Mapping[str, StateValue]
    obligor: str | None = None
    tag: str | None = None
    facility: str | None = None


class Pins(NamedTuple):
    """The versions a position is valued with: hashes of what it refers to, group resolved."""

    product_type: str
    currency: str
    terms_hash: bytes
    obligor: str | None
    obligor_hash: bytes | None
    group: str
    facility_hash: bytes | None = None


# For texts, booleans and integers this is the canonical text, at a third of the time; a test
# holds it to foundation.hashing.
_encode = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False, check_circular=False
).encode


def document(content: PositionContent, pins: Pins, state: Mapping[str, str | bool | int]) -> str:
    """Return the canonical text of a position; `state` is that of the content, made plain."""
    fields: dict[str, object] = {
        "book": content.book,
        "currency": pins.currency,
        "instrument": content.instrument,
        "legal_entity": content.legal_entity,
        "position_id": content.position_id,
        "product_type": pins.product_type,
        "state": state,
        "terms": pins.terms_hash.hex(),
    }
    if pins.obligor is not None and pins.obligor_hash is not None:
        fields["obligor"] = pins.obligor
        fields["obligor_version"] = pins.obligor_hash.hex()
    if content.facility is not None and pins.facility_hash is not None:
        fields["facility"] = content.facility
        fields["facility_version"] = pins.facility_hash.hex()
    if pins.group:
        fields["group"] = pins.group
    if content.tag:
        fields["tag"] = content.tag
    text = _encode(fields)
    return text if text.isascii() else hashing.canonical(fields)


def plain_state(state: Mapping[str, StateValue]) -> dict[str, str | bool | int]:
    """Return a state as texts, booleans and integers, by name, without what is absent.

    The order is that of the stored document: what a product says of a state with several faults
    must not depend on the order of a file's columns.
    """
    return {
        name: value if type(value) is str else _plain(name, value)
        for name, value in sorted(state.items())
        if value is not None
    }


def _plain(name: str, value: StateValue) -> str | bool | int:
    if isinstance(value, str | bool | int):
        return value
    if isinstance(value, Decimal):
        return hashing.decimal_text(value)
    if isinstance(value, dt.date) and not isinstance(value, dt.datetime):
        return value.isoformat()
    raise ValueError(f"{name}: a {type(value).__name__} has no canonical text; give a decimal text")
