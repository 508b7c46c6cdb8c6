"""How zero rates move with the quotes that curves are made of: the Jacobian, kept to explain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from pricing.market import reading
from pricing.market.bootstrap import par
from pricing.market.curves import ZeroCurve
from pricing.market.errors import MarketError

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ParRisk:
    """The derivatives of a curve's zero rates by quotes.

    `jacobian` by curve of the quotes, (nodes, quotes); `labels` name the quotes of the curve
    itself. `shifts` by currency, (nodes,): the move of each node for a unit move of all quoted
    rates of that currency, spreads and FX held.
    """

    jacobian: Mapping[str, FloatArray]
    labels: tuple[str, ...]
    shifts: Mapping[str, FloatArray]

    def shift(self, currency: str) -> FloatArray | None:
        """Return the move of the nodes with the quotes of a currency, of all where it is ""."""
        if currency:
            return self.shifts.get(currency)
        return np.asarray(sum(self.shifts[name] for name in sorted(self.shifts)))

    def ladder(self, nodes: FloatArray) -> dict[str, FloatArray]:
        """Return by curve what a sensitivity to each node (nodes,) is to each of its quotes.

        Zero rate sensitivities x Jacobian; the entries of quoted rates add up to that of their
        par shift.
        """
        return {name: (table * nodes[:, None]).sum(axis=0) for name, table in self.jacobian.items()}


def node_dv01(curve: ZeroCurve, times: FloatArray, values: FloatArray) -> FloatArray:
    """Return (nodes,): what present values (flows,) at times in years lose for 1bp of each node."""
    return np.asarray((curve.weights(times) * (times * values)).sum(axis=1) * 1e-4)


def read(value: Sequence[Any], as_of: int, curves: Mapping[str, ZeroCurve]) -> dict[str, ParRisk]:
    """Return the risk of every curve of a document to its quotes.

    The quotes of a curve whose nodes are given are its zero rates themselves.
    """
    found: dict[str, ParRisk] = {}
    # A curve whose nodes are given is one quote to those built on it: its parallel shift.
    rates = {str(item["name"]): item.get("par", [True]) for item in value}
    for index, item in enumerate(value):
        curve = curves[str(item["name"])]
        place = f"curves[{index}]"
        if item.get("kind") == "BOOTSTRAP":
            found[curve.name] = _bootstrapped(item, curve, curves, rates, place)
        elif item.get("kind") == "PAR" and "quotes" in item:
            found[curve.name] = _par_yields(item["quotes"], as_of, curve, f"{place}.quotes")
        else:
            count = len(curve.times)
            found[curve.name] = ParRisk({}, (), {curve.currency: np.ones(count)})
    return found


def _bootstrapped(
    item: Mapping[str, Any],
    curve: ZeroCurve,
    curves: Mapping[str, ZeroCurve],
    rates: Mapping[str, Any],
    place: str,
) -> ParRisk:
    jacobian: dict[str, FloatArray] = {}
    shifts: dict[str, FloatArray] = {curve.currency: np.zeros(len(curve.times))}
    for name, rows in reading.mapping(item.get("jacobian"), f"{place}.jacobian").items():
        at = f"{place}.jacobian.{name}"
        if name not in curves:
            raise MarketError(at, f"there is no curve {name!r}")
        flags = reading.sequence(rates[name], f"{at}: par")
        jacobian[name] = reading.table(rows, len(curve.times), len(flags), at)
        moves = (jacobian[name] * np.array([float(flag is True) for flag in flags])).sum(axis=1)
        currency = curves[name].currency
        shifts[currency] = shifts.get(currency, np.zeros(len(curve.times))) + moves
    labels = tuple(
        f"{quote['kind']} {quote.get('tenor') or quote.get('start') or quote.get('maturity')}"
        for quote in reading.sequence(item.get("quotes"), f"{place}.quotes")
    )
    return ParRisk(jacobian, labels, shifts)


def _par_yields(quotes: object, as_of: int, curve: ZeroCurve, place: str) -> ParRisk:
    """Return the risk of a curve of Treasury par yields, from its nodes."""
    tenors: list[str] = []
    rates: list[float] = []
    for index, quote in enumerate(reading.sequence(quotes, place)):
        source = reading.mapping(quote, f"{place}[{index}]")
        tenors.append(reading.text(source, "tenor", f"{place}[{index}]"))
        rates.append(reading.number(source.get("rate"), f"{place}[{index}]", -0.5, 1.0))
    if len(tenors) != len(curve.times):
        raise MarketError(place, "one quote per node is expected")
    months = [round(reading.tenor_years(tenor, place) * 12) for tenor in tenors]
    found = par.jacobian(as_of, curve, months, rates)
    return ParRisk({curve.name: found}, tuple(tenors), {curve.currency: found.sum(axis=1)})
