"""The files of the command line, read into positions, scenarios and documents.

Every error names the file and the place in it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from pricing.axis import BASE
from pricing.market import snapshot
from pricing.market.completion import completed
from pricing.market.errors import MarketError
from pricing.market.snapshot import Market
from pricing.position import PositionInput
from pricing.scenarios import Scenario, ScenarioError, composed, parse
from pricing.scenarios import shocks as standard

_FIELDS = {"position_id", "product_type", "currency", "terms", "state", "rating", "sector",
           "facility"}  # fmt: skip


class InputError(ValueError):
    """A file of the command cannot be used; the message names the place."""


def load(path: Path) -> Any:
    """Return the JSON document of a file, its decimals exact."""

    def refuse(text: str) -> None:
        raise InputError(f"{path}: {text} is no JSON number")

    def distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            names = [name for name, _ in pairs]
            twice = next(name for name in names if names.count(name) > 1)
            raise InputError(f"{path}: field {twice!r} stands twice in one object")
        return found

    try:
        text = path.read_text(encoding="utf-8")
        return json.loads(
            text, parse_float=Decimal, parse_constant=refuse, object_pairs_hook=distinct
        )
    except InputError:
        raise
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise InputError(f"{path}: not UTF-8") from None
    except json.JSONDecodeError as error:
        raise InputError(f"{path}:{error.lineno}:{error.colno}: {error.msg}") from None
    except RecursionError:
        raise InputError(f"{path}: nested too deeply") from None
    except ValueError:  # what is left: an integer of more digits than Python reads
        raise InputError(f"{path}: a number has thousands of digits") from None


def positions(path: Path) -> list[PositionInput]:
    """Return the positions of a file: a list, or an object with `instruments` or `positions`."""
    document = load(path)
    if isinstance(document, Mapping):
        document = document.get("instruments", document.get("positions"))
    if not isinstance(document, list):
        raise InputError(f"{path}: a list of positions is expected")
    found: dict[str, PositionInput] = {}
    for index, item in enumerate(document):
        place = f"{path}[{index}]"
        if not isinstance(item, Mapping):
            raise InputError(f"{place}: an object is expected")
        if extra := sorted(set(item) - _FIELDS):
            raise InputError(f"{place}.{extra[0]}: no such field")
        for key in ("position_id", "product_type", "currency"):
            if not isinstance(item.get(key), str):
                raise InputError(f"{place}.{key}: a text is expected")
        for key in ("rating", "sector"):
            if not isinstance(item.get(key), str | None):
                raise InputError(f"{place}.{key}: a text is expected")
        name = item["position_id"]
        if name in found:
            raise InputError(f"{place}: position {name} stands twice")
        state = item.get("state")
        found[name] = PositionInput(
            name,
            item["product_type"],
            item["currency"],
            item.get("terms", {}),
            {} if state is None else state,
            item.get("rating"),
            item.get("sector"),
            item.get("facility"),
        )
    return list(found.values())


def market(path: Path) -> Market:
    """Return the market of a file."""
    try:
        return snapshot.parse(completed(load(path)))
    except MarketError as error:
        raise InputError(f"{path}: {error}") from None


def scenarios(path: Path | None) -> list[Scenario]:
    """Return the scenarios of a file, BASE among them; without a file BASE alone."""
    if path is None:
        return [standard.BASE]
    document = load(path)
    if isinstance(document, Mapping):
        document = document.get("scenarios")
    if not isinstance(document, list):
        raise InputError(f"{path}: a list of scenarios is expected")
    try:
        library = {str(item.get("code")): item for item in document if isinstance(item, Mapping)}
        found = [parse(composed(item, library) if "parts" in item else item) for item in document]
    except ScenarioError as error:
        raise InputError(f"{path}: {error}") from None
    if all(scenario.code != BASE for scenario in found):
        found.insert(0, standard.BASE)
    return found
