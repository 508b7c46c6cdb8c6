"""Parameters as documents: named, versioned, dated, cited; what reads them is named by `kind`.

No figure of this library has a parameter of its own: matrices, losses given default, conversion
factors, weights and adjustments come from such documents, and a result names `name@version`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pricing import dated
from pricing.credit.errors import CreditError
from pricing.dated import Dated
from pricing.market import reading
from pricing.market.errors import MarketError
from pricing.refusal import Refusal

FORMAT = "tieout.credit/1"
KINDS = (
    "TRANSITION_MATRIX", "HAZARDS", "SCORECARD", "LGD", "CCF", "LOSS_RATES", "Q_FACTORS",
    "SCENARIO_WEIGHTS", "REVERSION", "STAGING",
)  # fmt: skip
"""What a document holds; docs/methods/migration.md says who reads which and the fields of each."""

_FIELDS = {"format", "kind", "name", "version", "effective_from", "effective_to", "citation",
           "method", "values"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Parameters(Dated):
    """Parameters of a kind, as their document holds them."""

    kind: str
    values: Mapping[str, Any]


def parse(document: Mapping[str, Any], kind: str) -> Parameters:
    """Return the parameters of a document of a kind; PARAMETERS names the field it refuses."""
    if kind not in KINDS:
        raise KeyError(f"unknown kind of parameters {kind}")
    try:
        reading.only(document, _FIELDS, "parameters")
        reading.choice(document, "format", (FORMAT,), "parameters")
        reading.choice(document, "kind", (kind,), "parameters")
        name = reading.text(document, "name", "parameters")
        place = f"parameters.{name}"
        start, end = dated.period(document, place)
        return Parameters(
            name,
            reading.text(document, "version", place),
            start,
            end,
            reading.text(document, "citation", place),
            kind,
            reading.mapping(document.get("values"), f"{place}.values"),
        )
    except MarketError as error:
        raise refused(error) from None


def in_force(documents: Iterable[Parameters], name: str, day: dt.date) -> Parameters:
    """Return the one version of a name in force on a day: NOT_IN_FORCE, OVERLAPPING_DATES."""
    return dated.in_force(documents, name, day, "parameters", CreditError)


def numbers(
    values: Mapping[str, Any], field: str, place: str, low: float, high: float
) -> dict[str, float]:
    """Return the numbers by name of a field of a document, each from low to high."""
    at = f"{place}.{field}"
    try:
        part = reading.mapping(values.get(field), at)
        return {
            name: reading.number(item, f"{at}.{name}", low, high) for name, item in part.items()
        }
    except MarketError as error:
        raise refused(error) from None


def number(values: Mapping[str, Any], field: str, place: str, low: float, high: float) -> float:
    """Return the number of a field of a document, from low to high."""
    try:
        return reading.number(values.get(field), f"{place}.{field}", low, high)
    except MarketError as error:
        raise refused(error) from None


def several(
    values: Mapping[str, Any], field: str, place: str, low: float, high: float
) -> list[float]:
    """Return the numbers in order of a field of a document, each from low to high."""
    at = f"{place}.{field}"
    try:
        listed = reading.sequence(values.get(field), at)
        return [reading.number(one, f"{at}[{i}]", low, high) for i, one in enumerate(listed)]
    except MarketError as error:
        raise refused(error) from None


def refused(error: MarketError) -> Refusal:
    """Return what a reader of documents refuses as an error of this library."""
    return dated.unread(error, "PARAMETERS", CreditError)
