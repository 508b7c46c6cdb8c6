"""Between scenario documents and the pricing library: checking, the one form that is hashed."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from foundation.hashing import content_hash, decimal_text
from pricing import scenarios
from pricing.key_rates import DEFAULT_KEY_RATE_TENORS
from pricing.scenarios import ScenarioError, fed, history_scenarios, irrbb, ladders, satellite
from pricing.scenarios.compose import part_codes
from pricing.scenarios.historical import HistoryError, MissingDays, Window
from pricing.scenarios.history import joined, parse
from pricing.scenarios.parse import FORMAT
from pricing.scenarios.parse_shock import BENDS
from pricing.scenarios.shocks import Mode

BASE = "BASE"

_DECIMAL = re.compile(r"[+-]?[0-9]{1,20}(\.[0-9]{0,32})?([eE][+-]?[0-9]{1,2})?", re.ASCII)
_CODE = re.compile(r"[A-Za-z0-9._:/-]{1,64}", re.ASCII)

__all__ = [
    "BASE",
    "FORMAT",
    "MISSING_DAYS",
    "RATES_MOVE",
    "HistoricalRule",
    "LadderRule",
    "RegulatoryRule",
    "ScenarioFault",
    "SupervisoryRule",
    "base_document",
    "historical",
    "ladder",
    "normal_document",
    "parts_of",
    "regulatory",
    "supervisory",
]

RATES_MOVE = history_scenarios.RATES_MOVE
MISSING_DAYS = tuple(str(rule) for rule in MissingDays)


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
    for name in ("size", "floor"):
        if name in shock:
            shock[name] = _number(shock[name], f"{place}.{name}")
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


@dataclass(frozen=True, slots=True)
class HistoricalRule:
    """Which moves of a history are taken, and how; `returns` by class, like RATES: ABSOLUTE."""

    first: dt.date
    last: dt.date
    horizon_days: int
    overlapping: bool | None
    returns: Mapping[str, str]
    missing_days: str
    demean: bool
    currency: str
    at_least: int
    rates_move: str = RATES_MOVE[0]


def historical(
    documents: Sequence[Mapping[str, Any]], rule: HistoricalRule
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Return the scenarios of the moves of histories, and how they were made."""
    for kind, mode in rule.returns.items():
        if mode not in tuple(Mode):
            raise ScenarioFault(kind, "ABSOLUTE or RELATIVE", mode)
    window = Window(
        rule.first,
        rule.last,
        rule.horizon_days,
        rule.overlapping,
        MissingDays(rule.missing_days),
        rule.demean,
    )
    try:
        history = joined([parse(document) for document in documents])
        modes = {kind: Mode(mode) for kind, mode in rule.returns.items()}
        made = history_scenarios.scenarios(
            history, window, modes, rule.currency, rates_move=rule.rates_move
        )
    except HistoryError as error:
        raise ScenarioFault(error.place, f"{error.message} [{error.code}]") from None
    if len(made.scenarios) < rule.at_least:
        message = f"at least {rule.at_least} scenarios [TOO_FEW_SCENARIOS]"
        raise ScenarioFault("window", message, len(made.scenarios))
    return list(made.scenarios), made.basis


@dataclass(frozen=True, slots=True)
class LadderRule:
    """A ladder of key rates (KEY_RATES) or of the spreads of ratings (SPREADS)."""

    kind: str
    size_bp: Decimal
    tenors: Sequence[str] = ()
    currencies: Sequence[str] = ()
    ratings: Sequence[str] = ()


def ladder(rule: LadderRule) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Return the scenarios of a ladder, and how they were made."""
    tenors = tuple(rule.tenors) or DEFAULT_KEY_RATE_TENORS
    try:
        if rule.kind == "KEY_RATES":
            made = ladders.key_rates(tenors, rule.size_bp, rule.currencies)
        else:
            made = ladders.spreads(rule.ratings, rule.size_bp)
    except ScenarioError as error:
        raise _fault(error) from None
    basis: dict[str, Any] = {"kind": rule.kind, "size_bp": decimal_text(rule.size_bp)}
    if rule.kind == "KEY_RATES":
        basis |= {"tenors": list(tenors), "currencies": list(rule.currencies)}
    else:
        basis |= {"ratings": list(rule.ratings)}
    return made, basis


@dataclass(frozen=True, slots=True)
class RegulatoryRule:
    """The IRRBB shocks of currencies as they are in force on a day."""

    day: dt.date
    currencies: Sequence[str]


def regulatory(rule: RegulatoryRule) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Return the six scenarios of each currency, and the edition they are of."""
    try:
        made = irrbb.scenarios(rule.currencies, rule.day)
        edition = irrbb.edition(rule.day)
    except ScenarioError as error:
        raise _fault(error) from None
    return made, {
        "kind": "IRRBB",
        "edition": edition["edition"],
        "day": rule.day.isoformat(),
        "source": edition["source"],
        "currencies": list(rule.currencies),
    }


@dataclass(frozen=True, slots=True)
class SupervisoryRule:
    """The texts of the Federal Reserve's files by name, and the currencies to shock.

    `files` are domestic, international, historic domestic and historic international.
    """

    files: Sequence[tuple[str, str]]
    currencies: Sequence[str]
    prefix: str


def supervisory(rule: SupervisoryRule) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Return a scenario of each quarter of the files, and the satellite model they come by."""
    variables = (fed.DOMESTIC, fed.INTERNATIONAL, fed.DOMESTIC, fed.INTERNATIONAL)
    try:
        tables = [
            fed.table(text, name, columns)
            for (name, text), columns in zip(rule.files, variables, strict=True)
        ]
        path = fed.supervisory(*tables)
        model = satellite.model()
        made = satellite.scenarios(path, model, rule.currencies, rule.prefix)
    except ScenarioError as error:
        raise ScenarioFault(
            error.place, f"{str(error).removeprefix(f'{error.place}: ')} [{error.code}]"
        ) from None
    return made, {
        "kind": "FED",
        "scenario": path.name,
        "jump_off": path.jump_off,
        "quarters": list(path.quarters),
        "model": model["model"],
        "model_sha256": content_hash(model).hex(),
        "currencies": list(rule.currencies),
    }
