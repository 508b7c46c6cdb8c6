"""A market document with the nodes that the quotes of its curves make."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from pricing.dates import date_of
from pricing.market import curve_reading, fx, indices, reading
from pricing.market.curves import ZeroCurve
from pricing.market.errors import MarketError
from pricing.market.interpolation import Interpolation
from pricing.market.plain import plain

if TYPE_CHECKING:
    from pricing.market.bootstrap.system import Asked, Built

FloatArray = npt.NDArray[np.float64]

DIGITS = 12
"""Decimals of a stored zero rate, and of a derivative of one."""
METHOD = "instruments repriced in sequence, QuantLib"


def calibrated(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return a document whose curves of kind BOOTSTRAP and quoted credit curves have nodes.

    MarketError names the quote that cannot be met. Nodes that are given must be those that the
    quotes make.
    """
    curves = reading.sequence(document.get("curves", []), "curves")
    credit = reading.sequence(document.get("credit", []), "credit")
    if not any(_quoted(item) for item in curves) and not any(_has_quotes(item) for item in credit):
        return dict(document)
    from pricing.market.bootstrap import credit as credit_curves
    from pricing.market.bootstrap import jacobian
    from pricing.market.bootstrap.system import System
    from pricing.market.quantlib_session import evaluation, ql_date

    as_of = reading.day(document.get("as_of"), "as_of")
    given, asked = _asked(document, as_of)
    with evaluation(date_of(as_of)):
        system = System(
            ql_date(date_of(as_of)),
            given,
            indices.read(document.get("indices", {}), {**_named_only(curves), **given}, {}),
            fx.read(document.get("fx", []), {}),
        )
        system.build(asked)
        derivatives = jacobian.jacobians(system)
        out = dict(document)
        out["curves"] = [
            _with_nodes(item, system.built[item["name"]], derivatives[item["name"]])
            if _quoted(item)
            else item
            for item in curves
        ]
        if "credit" in document:
            out["credit"] = [
                credit_curves.with_nodes(item, system, document.get("discount", {}))
                if _has_quotes(item)
                else item
                for item in credit
            ]
    return out


def _quoted(item: object) -> bool:
    return isinstance(item, Mapping) and item.get("kind") == "BOOTSTRAP"


def _has_quotes(item: object) -> bool:
    return isinstance(item, Mapping) and "quotes" in item


def _named_only(curves: Any) -> dict[str, ZeroCurve]:
    """Return stand-ins of curves that have no nodes yet: what reads them needs names only."""
    flat = np.zeros(1)
    return {
        str(item.get("name")): ZeroCurve(
            str(item.get("name")), str(item.get("currency")), np.ones(1), flat, (0,)
        )
        for item in curves
        if _quoted(item)
    }


def _asked(document: Mapping[str, Any], as_of: int) -> tuple[dict[str, ZeroCurve], list[Asked]]:
    """Return the curves that have nodes, and those to build."""
    from pricing.market.bootstrap.system import Asked

    given: dict[str, ZeroCurve] = {}
    asked: list[Asked] = []
    named = reading.mapping(document.get("indices", {}), "indices")
    for index, item in enumerate(document["curves"]):
        place = f"curves[{index}]"
        if not _quoted(item):
            item = reading.mapping(item, place)
            curve = curve_reading.zero_curve(item, as_of, place)
            given[curve.name] = curve
            continue
        name = reading.text(item, "name", place)
        currency = reading.currency(item.get("currency"), f"{place}.currency")
        discount = item.get("discount_curve") or document.get("discount", {}).get(currency, name)
        quotes = reading.sequence(item.get("quotes"), f"{name}.quotes")
        if not quotes:
            raise MarketError(f"{name}.quotes", "a curve needs at least one quote")
        kinds = tuple(Interpolation)
        asked.append(
            Asked(
                name,
                currency,
                Interpolation(
                    reading.choice(item, "interpolation", kinds, place, Interpolation.LINEAR_ZERO)
                ),
                str(discount),
                quotes,
                reading.mapping(item.get("conventions", {}), f"{name}.conventions"),
                _needs(name, str(discount), quotes, named),
            )
        )
    return given, asked


def _needs(name: str, discount: str, quotes: Any, named: Mapping[str, Any]) -> frozenset[str]:
    """Return the other curves that the quotes of a curve refer to."""
    found = {discount}
    for quote in quotes:
        if isinstance(quote, Mapping):
            found.add(str(quote.get("collateral", name)))
            for key in ("index", "against"):
                index = named.get(str(quote.get(key)))
                if isinstance(index, Mapping):
                    found.add(str(index.get("curve", name)))
    return frozenset(found - {name})


def _with_nodes(
    item: Mapping[str, Any], built: Built, derivatives: Mapping[str, FloatArray]
) -> dict[str, Any]:
    nodes = [
        [date_of(day).isoformat(), decimal(zero)]
        for day, zero in zip(built.dates, built.zeros(), strict=True)
    ]
    if "nodes" in item and item["nodes"] != nodes:
        raise MarketError(f"{item['name']}.nodes", "the nodes that the quotes give, or none")
    return {
        **item,
        "interpolation": str(built.asked.interpolation),
        "compounding": "CONTINUOUS",
        "day_count": "ACT/365F",
        "nodes": nodes,
        "par": [made.par for made in built.instruments],
        "jacobian": {name: table(found) for name, found in sorted(derivatives.items())},
        "method": item.get("method", METHOD),
    }


def table(found: FloatArray) -> list[list[str]]:
    """Return an array as the texts that a document holds."""
    return [[decimal(value) for value in row] for row in found]


def decimal(value: float) -> str:
    """Return a number as the text that a document holds; a zero has no sign."""
    text = plain(f"{value:.{DIGITS}f}")
    return "0" if text == "-0" else text
