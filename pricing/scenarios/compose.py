"""Composed scenarios: a scenario that names parts is their shocks, one part after the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pricing.scenarios.shocks import ScenarioError

MOST_SHOCKS = 1_000
"""Shocks of one composed scenario: parts of parts multiply."""


def part_codes(document: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the codes of the parts in the order in which they apply, () of a plain scenario."""
    place = f"{document.get('code')}.parts"
    parts = document.get("parts", ())
    if not isinstance(parts, Sequence) or isinstance(parts, str):
        raise ScenarioError(place, "a list of scenario codes is expected")
    codes: list[str] = []
    for at, part in enumerate(parts):
        code = part.get("code") if isinstance(part, Mapping) else part
        if not isinstance(code, str) or not code:
            raise ScenarioError(f"{place}[{at}]", "the code of a scenario is expected")
        codes.append(code)
    return tuple(codes)


def composed(
    document: Mapping[str, Any], library: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    """Return the document with the shocks of its parts, taken from the library by code.

    Parts apply in the order they are named, each shock on what the shocks before it have made;
    a part may have parts itself. Shocks that stand in the document already must be those of its
    parts. A part that is missing, or that is a part of itself, is an error naming its place.
    """
    if "parts" not in document:
        return dict(document)
    shocks = _expanded(document, library, ())
    stated = document.get("shocks")
    if stated is not None and list(stated) != shocks:
        raise ScenarioError(f"{document.get('code')}.shocks", "not the shocks of its parts")
    return {**document, "shocks": shocks}


def _expanded(
    document: Mapping[str, Any], library: Mapping[str, Mapping[str, Any]], above: tuple[str, ...]
) -> list[Any]:
    code = str(document.get("code"))
    shocks: list[Any] = []
    for at, name in enumerate(part_codes(document)):
        place = f"{code}.parts[{at}]"
        if name in (*above, code):
            raise ScenarioError(place, f"{name} is a part of itself", "PART_OF_ITSELF")
        part = library.get(name)
        if part is None:
            raise ScenarioError(place, f"there is no scenario {name}", "UNKNOWN_SCENARIO")
        if "parts" in part and "shocks" not in part:
            shocks += _expanded(part, library, (*above, code))
        else:
            shocks += part.get("shocks", [])
        if len(shocks) > MOST_SHOCKS:
            raise ScenarioError(place, f"more than {MOST_SHOCKS} shocks")
    return shocks
