"""Between scenario documents and the pricing library: checking, the one form that is hashed."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from foundation.hashing import content_hash, decimal_text
from pricing import scenarios
from pricing.scenarios import ScenarioError
from pricing.scenarios.compose import part_codes
from pricing.scenarios.parse import FORMAT
from pricing.scenarios.parse_shock import BENDS

BASE = "BASE"

_DECIMAL = re.compile(r"[+-]?[0-9]{1,20}(\.[0-9]{0,32})?([eE][+-]?[0-9]{1,2})?", re.ASCII)
_CODE = re.compile(r"[A-Za-z0-9._:/-]{1,64}", re.ASCII)

__all__ = ["BASE", "FORMAT", "ScenarioFault", "base_document", "normal_document", "parts_of"]


class ScenarioFault(ValueError):
    """What is wrong with a scenario document, and the place of it."""

    def __init__(self, place: str, message: str, found: object = "") -> None:
        super().__init__(f"{place}: {message}")
        self.place, self.message, self.found = place, message, found


def base_document() -> dict[str, Any]:
    """Return the scenario that changes nothing."""
    return {"format": FORMAT, "code": BASE, "name": "The market as it is", "kind": "INSTANT"}


def parts_of(document: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the codes of the parts of a scenario document."""
    try:
        return part_codes(document) if isinstance(document, Mapping) else ()
    except ScenarioError as error:
        raise _fault(error) from None


def normal_document(
    document: Mapping[str, Any], library: Mapping[str, Mapping[str, Any]] | None = None
) -> dict[str, Any]:
    """Return a scenario document as it is stored, or raise ScenarioFault naming the place.

    The parts of a composed scenario are taken from the library of documents by code: the stored
    document has their shocks in order, and the hash of each part.
    """
    if not isinstance(document, Mapping):
        raise ScenarioFault("scenario", "an object is expected", document)
    code = document.get("code")
    if not isinstance(code, str) or not _CODE.fullmatch(code):
        raise ScenarioFault("code", "1 to 64 characters of A-Z a-z 0-9 . _ : / -", code)
    normal = {
        **document,
        "format": document.get("format", FORMAT),
        "kind": document.get("kind", "INSTANT"),
        "name": document.get("name") or code,
    }
    if "shocks" in document:
        normal["shocks"] = _shocks(document["shocks"], f"{code}.shocks")
    try:
        if "parts" in normal:
            normal = _with_parts(normal, library or {})
        scenarios.parse(normal)
    except ScenarioError as error:
        raise _fault(error) from None
    return {name: value for name, value in normal.items() if value != []}


def _fault(error: ScenarioError) -> ScenarioFault:
    return ScenarioFault(error.place, str(error).removeprefix(f"{error.place}: "))


def _with_parts(normal: dict[str, Any], library: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    known = {
        code: {**part, "shocks": _shocks(part["shocks"], f"{code}.shocks")}
        if "shocks" in part
        else part
        for code, part in library.items()
    }
    full = scenarios.composed(normal, known)
    parts = []
    for at, (code, stated) in enumerate(zip(part_codes(normal), normal["parts"], strict=True)):
        digest = content_hash(normal_document(known[code], known)).hex()
        if isinstance(stated, Mapping) and stated.get("sha256", digest) != digest:
            place = f"{normal['code']}.parts[{at}]"
            raise ScenarioFault(place, f"not the scenario {code} of this content", stated)
        parts.append({"code": code, "sha256": digest})
    return {**full, "parts": parts}


def _shocks(value: Any, place: str) -> list[Any]:
    if not isinstance(value, Sequence) or isinstance(value, str):
        raise ScenarioFault(place, "a list is expected", value)
    return [_shock(item, f"{place}[{at}]") for at, item in enumerate(value)]


def _shock(item: Any, place: str) -> Any:
    if not isinstance(item, Mapping):
        return item
    shock = dict(item)
    if "size" in shock:
        shock["size"] = _number(shock["size"], f"{place}.size")
    pairs = shock.get("tenors")
    if isinstance(pairs, Sequence) and not isinstance(pairs, str):
        shock["tenors"] = [
            [pair[0], _number(pair[1], f"{place}.tenors[{at}]")]
            if isinstance(pair, Sequence) and not isinstance(pair, str) and len(pair) == 2
            else pair
            for at, pair in enumerate(pairs)
        ]
    for shape, (sizes, _) in BENDS.items():
        bend = shock.get(shape)
        if isinstance(bend, Mapping):
            shock[shape] = {
                name: _number(value, f"{place}.{shape}.{name}") if name in sizes else value
                for name, value in bend.items()
            }
    return shock


def _number(value: Any, place: str) -> str:
    text = str(value) if isinstance(value, int | Decimal) and not isinstance(value, bool) else value
    if not isinstance(text, str) or not _DECIMAL.fullmatch(text):
        raise ScenarioFault(place, "a plain decimal number", value)
    return decimal_text(Decimal(text))
