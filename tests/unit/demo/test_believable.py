"""The demo book valued by the library: nothing fails but by design, and the bands hold."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from apps.ingestion.contracts.positions import LINKS
from apps.marketdata import adapters
from fixtures.book import failing
from fixtures.book.bank import bank
from fixtures.book.months import AS_OF
from fixtures.book.records import Holding
from fixtures.market.document import market
from fixtures.scenarios import scenarios
from pricing.axis import Axis, Cell, default_cells
from pricing.batch import Names
from pricing.market import snapshot
from pricing.position import PositionInput
from pricing.products.registry import PRODUCTS
from pricing.scenarios import States
from pricing.scenarios.parse import parse
from pricing.valuation import convert, value

SIZE = 4_000
MEASURES = ("PV", "DV01", "PRINCIPAL", "WAL", "SPREAD")
CURRENCIES = ("BRL", "CAD", "EUR", "GBP", "JPY", "USD")


@dataclass(frozen=True)
class Valued:
    """The book, why positions have no value, and dollar cells of those that have."""

    holdings: list[Holding]
    failures: dict[str, str]
    cells: npt.NDArray[np.float64]
    fx: dict[str, float]
    axis: Axis

    def column(self, measure: str, scenario: str = "BASE", factor: str = "") -> Any:
        return self.cells[:, self.axis.places[Cell(measure, scenario, factor)]]

    def segment(self, *names: str) -> Any:
        return np.array([h.position["segment"] in names for h in self.holdings])


@cache
def valued() -> Valued:
    parsed = [parse(s) for s in scenarios() if s["code"] in ("BASE", "RATES_UP_200")]
    cells = default_cells(MEASURES, [s.code for s in parsed], CURRENCIES, "USD")
    axis = Axis(cells, AS_OF, "USD")
    states = States(snapshot.parse(adapters.normal_document(market())), parsed, axis)
    made = bank(SIZE)
    obligors = {one["code"]: one for one in made.counterparties()}
    groups: dict[str, list[Holding]] = defaultdict(list)
    for holding in made.holdings():
        groups[holding.instrument["product_type"]].append(holding)
    order: list[Holding] = []
    rows = []
    failures: dict[str, str] = {}
    for product_type, holdings in groups.items():
        packed = PRODUCTS[product_type].pack([_input(h, obligors) for h in holdings], Names())
        found = value(packed.batch, states)
        for holding, failure, row in zip(
            holdings, found.failures, convert(found, states), strict=True
        ):
            if failure is None:
                order.append(holding)
                rows.append(row)
            else:
                failures[holding.position["position_id"]] = failure.code
    fx = {code: states.fx_value(code) for code in CURRENCIES}
    rates = {code: float(rate[0]) for code, rate in fx.items() if rate is not None}
    return Valued(order, failures, np.array(rows), rates, axis)


def _input(holding: Holding, obligors: dict[str, dict[str, Any]]) -> PositionInput:
    position, instrument = holding.position, holding.instrument
    obligor = holding.counterparty or obligors[position["obligor"]]
    return PositionInput(
        position["position_id"],
        instrument["product_type"],
        instrument["currency"],
        instrument["terms"],
        {name: item for name, item in position.items() if name not in LINKS},
        obligor.get("rating"),
        obligor.get("sector"),
        holding.facility,
    )


def test_only_what_fails_by_design_has_no_value_and_for_its_reason() -> None:
    assert all(position.startswith("FAIL-") for position in valued().failures)
    assert Counter(valued().failures.values()) == {case.code: case.count for case in failing.CASES}
    assert len(valued().holdings) == SIZE - 20


def test_the_book_is_worth_92_to_99_of_its_amortised_cost() -> None:
    book = valued()
    cost = sum(
        float(h.position.get("amortised_cost", 0)) * book.fx[h.position["currency"]]
        for h in book.holdings
    )
    assert 0.92 < book.column("PV").sum() / cost < 0.99


def test_securities_have_the_unrealised_losses_of_2022() -> None:
    book = valued()
    held = book.segment("SECURITY")
    worth = book.column("PV")[held].sum() / book.column("PRINCIPAL")[held].sum()
    assert 0.85 < worth < 0.94


def test_200_basis_points_lose_3_to_10_percent() -> None:
    book = valued()
    change = book.column("PV", "RATES_UP_200").sum() / book.column("PV").sum() - 1
    assert -0.10 < change < -0.03


def test_loans_have_an_effective_duration_of_2_to_4_years() -> None:
    book = valued()
    loans = ~book.segment("SECURITY", "FX_HEDGE", "RATE_HEDGE")
    duration = book.column("DV01", factor="ALL")[loans].sum() / book.column("PV")[loans].sum()
    assert 2 < duration * 1e4 < 4


def test_the_weighted_average_life_is_3_to_6_years() -> None:
    book = valued()
    assert 3 < book.column("PRINCIPAL_TIME").sum() / book.column("PRINCIPAL_FLOWS").sum() < 6


def test_commercial_loans_pay_150_to_350_basis_points() -> None:
    book = valued()
    commercial = book.segment("CORPORATE_LOAN", "LARGE_CORPORATE", "FOREIGN_CORPORATE")
    principal = book.column("PRINCIPAL")[commercial]
    spread = (book.column("SPREAD")[commercial] * principal).sum() / principal.sum()
    assert 150 < spread * 1e4 < 350


def test_forwards_are_worth_little_beside_what_they_hedge() -> None:
    book = valued()
    forwards = book.segment("FX_HEDGE")
    assert abs(book.column("PV")[forwards].sum()) < 0.02 * book.column("PV").sum()
