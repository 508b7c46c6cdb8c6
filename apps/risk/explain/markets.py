"""Market documents between two runs': the opening one with more and more of the closing one's."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Document = Mapping[str, Any]

MOST_QUOTES = 10
"""FX quotes that move one by one; where more of them differ, all move in one step."""

TIME, PARAMETERS = "TIME", "PARAMETERS"

_CURVE = ("name", "currency", "nodes", "interpolation", "source", "method")
_CREDIT = ("name", "currency", "recovery", "seniority", "kind", "nodes", "source", "method")


@dataclass(frozen=True, slots=True)
class MarketStep:
    """A market and the name of what has moved in it last; `same` where nothing did."""

    name: str
    document: Document
    same: bool


def steps(opening: Document, closing: Document, *, same_date: bool) -> Iterator[MarketStep]:
    """Yield the markets from the opening one to the closing one, in the order that is printed.

    TIME, RATES by currency, SPREADS, INFLATION, FX by quote, VOLATILITIES, PARAMETERS: the last is
    the closing document itself. `same_date` tells that both runs have one valuation date.
    """
    found = aged(opening, closing)
    fixed = [(each.get("fixings"), _levels(each)) for each in (opening, closing)]
    yield MarketStep(TIME, dict(found), same_date and fixed[0] == fixed[1])
    curves = [_bare(curve, _CURVE) for curve in closing.get("curves", ())]
    for currency in sorted({c["currency"] for c in (*found.get("curves", ()), *curves)}):
        own = [curve for curve in curves if curve["currency"] == currency]
        yield _moved(found, f"RATES/{currency}", curves=own)
    credit = [_bare(curve, _CREDIT) for curve in closing.get("credit", ())]
    yield _moved(found, "SPREADS", spreads=closing.get("spreads", ()), credit=credit)
    yield _moved(found, "INFLATION", inflation=closing.get("inflation", {}))
    was = {_pair(quote): quote for quote in opening.get("fx", ())}
    quotes = [quote for quote in closing.get("fx", ()) if was.get(_pair(quote)) != quote]
    quotes = [quote for quote in quotes if _pair(quote) in was]
    if len(quotes) > MOST_QUOTES:
        yield _moved(found, "FX", fx=quotes)
    else:
        for quote in sorted(quotes, key=lambda each: (each["base"], each["quote"])):
            yield _moved(found, f"FX/{quote['base']}{quote['quote']}", fx=[quote])
    yield _moved(found, "VOLATILITIES", volatilities=closing.get("volatilities", ()))
    plain = {k: v for k, v in closing.items() if k not in ("name", "curves", "credit")}
    rest = {k: v for k, v in found.items() if k not in ("name", "curves", "credit")}
    yield MarketStep(PARAMETERS, closing, plain == rest and _same_curves(found, curves, credit))


def aged(opening: Document, closing: Document) -> dict[str, Any]:
    """Return the opening market seen from the day of the closing one.

    Tenors are kept: dated nodes move along with the day, and the zero rate of a time to maturity
    is what it was. Fixings and index levels are the closing market's: they are what has happened.
    """
    day, until = (dt.date.fromisoformat(str(each["as_of"])) for each in (opening, closing))
    days = until - day
    found = dict(opening)
    found["as_of"] = closing["as_of"]
    found["curves"] = [_later(_bare(c, _CURVE), days) for c in opening.get("curves", ())]
    found["credit"] = [_later(_bare(c, _CREDIT), days) for c in opening.get("credit", ())]
    levels = _levels(closing)
    found["inflation"] = {
        name: _later(index, days) | ({"history": levels[name]} if name in levels else {})
        for name, index in opening.get("inflation", {}).items()
    }
    known = opening.get("indices", {})
    fixed = {**opening.get("fixings", {}), **closing.get("fixings", {})}
    found["fixings"] = {name: rates for name, rates in fixed.items() if name in known}
    return {name: value for name, value in found.items() if value not in ({}, [])}


def _moved(found: dict[str, Any], name: str, **parts: Any) -> MarketStep:
    """Put parts of the closing market into the market found so far; what it lacks stays."""
    before = dict(found)
    for part, given in parts.items():
        if isinstance(given, Mapping):
            merged: Any = {**found.get(part, {}), **given}
        else:
            merged = _merged(found.get(part, ()), given, _KEYS[part])
        if merged:
            found[part] = merged
    return MarketStep(name, dict(found), before == found)


def _merged(
    kept: Sequence[Document], given: Sequence[Document], key: Callable[[Document], Hashable]
) -> list[Document]:
    by_key = {key(each): each for each in kept} | {key(each): each for each in given}
    return list(by_key.values())


def _named(part: Document) -> Hashable:
    return str(part["name"])


def _obligors(part: Document) -> Hashable:
    return (part["currency"], part.get("rating"), part.get("sector"))


def _pair(part: Document) -> Hashable:
    # EURUSD and USDEUR are one rate: a market has either.
    return frozenset((part["base"], part["quote"]))


_KEYS: Mapping[str, Callable[[Document], Hashable]] = {
    "curves": _named,
    "credit": _named,
    "volatilities": _named,
    "spreads": _obligors,
    "fx": _pair,
}


def _bare(part: Document, kept: Sequence[str]) -> dict[str, Any]:
    """Return a curve with its nodes, without the quotes they came from: those are of its day."""
    return {name: part[name] for name in kept if name in part}


def _later(part: Document, days: dt.timedelta) -> dict[str, Any]:
    return {
        **part,
        "nodes": [
            [(dt.date.fromisoformat(str(date)) + days).isoformat(), value]
            for date, value in part["nodes"]
        ],
    }


def _levels(document: Document) -> dict[str, Any]:
    return {name: index["history"] for name, index in document.get("inflation", {}).items()}


def _same_curves(found: Document, curves: Sequence[Document], credit: Sequence[Document]) -> bool:
    return all(
        {each["name"]: each for each in found.get(part, ())}
        == {each["name"]: each for each in given}
        for part, given in (("curves", curves), ("credit", credit))
    )
