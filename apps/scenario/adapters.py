"""Between scenario documents and the pricing library: checking, the one form that is hashed."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from foundation.hashing import decimal_text
from pricing import scenarios
from pricing.scenarios import ScenarioError
from pricing.scenarios.parse import FORMAT

BASE = "BASE"

_DECIMAL = re.compile(r"[+-]?[0-9]{1,20}(\.[0-9]{0,32})?([eE][+-]?[0-9]{1,2})?", re.ASCII)
_CODE = re.compile(r"[A-Za-z0-9._:/-]{1,64}", re.ASCII)

__all__ = ["BASE", "FORMAT", "ScenarioFault", "base_document", "normal_document"]


class ScenarioFault(ValueError):
    """What is wrong with a scenario document, and the place of it."""

    def __init__(self, place: str, message: str, found: object = "") -> None:
        super().__init__(f"{place}: {message}")
        self.place, self.message, self.found = place, message, found


def base_document() -> dict[str, Any]:
    """Return the scenario that changes nothing."""
    return {"format": FORMAT, "code": BASE, "name": "The market as it is", "kind": "INSTANT"}


def normal_document(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return a scenario document as it is stored, or raise ScenarioFault naming the place."""
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
        scenarios.parse(normal)
    except ScenarioError as error:
        message = str(error).removeprefix(f"{error.place}: ")
        raise ScenarioFault(error.place, message) from None
    return {name: value for name, value in normal.items() if value != []}


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
    return shock


def _number(value: Any, place: str) -> str:
    text = str(value) if isinstance(value, int | Decimal) and not isinstance(value, bool) else value
    if not isinstance(text, str) or not _DECIMAL.fullmatch(text):
        raise ScenarioFault(place, "a plain decimal number", value)
    return decimal_text(Decimal(text))
