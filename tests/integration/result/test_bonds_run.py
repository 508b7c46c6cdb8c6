"""Bonds, bills, notes, linkers and callables through files, a worker process and stored cells."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from apps.ingestion import services as ingestion
from apps.ingestion.outcome import Request
from apps.ingestion.readers import source
from apps.instrument import conventions
from apps.marketdata import services as marketdata
from apps.portfolio.models import PositionSnapshot
from apps.scenario import services as scenarios
from pricing import valuation
from pricing.axis import Axis, Cell
from pricing.batch import Names
from pricing.market import snapshot
from pricing.measures import MEASURES as REGISTRY
from pricing.position import PositionInput
from pricing.products.registry import product
from pricing.scenarios import States, parse
from tests.integration.ingestion import small_book
from tests.integration.result import priced
from tests.integration.result.shared import SharedDatabase, shared_database
from tests.unit.pricing.conftest import MARKET

INSTRUMENTS: list[dict[str, Any]] = [
    {"code": "GILT", "product_type": "FIXED_BOND", "currency": "USD",
     "market_convention": "UK_GILT",
     "terms": {"dated_date": "2020-01-07", "maturity_date": "2031-01-07", "coupon": "0.04"}},
    {"code": "SINKER", "product_type": "FIXED_BOND", "currency": "USD",
     "market_convention": "US_CORPORATE_BOND",
     "terms": {"dated_date": "2020-02-15", "maturity_date": "2030-02-15", "coupon": "0.05",
               "coupon_steps": [["2025-02-15", "0.055"]], "amortisation": "LINEAR"}},
    {"code": "BILL", "product_type": "ZERO_COUPON", "currency": "USD",
     "market_convention": "US_TREASURY",
     "terms": {"issue_date": "2022-12-01", "maturity_date": "2023-06-01"}},
    {"code": "NOTE", "product_type": "FLOATING_NOTE", "currency": "USD",
     "market_convention": "SOFR_NOTE",
     "terms": {"dated_date": "2022-11-15", "maturity_date": "2027-11-15", "index": "SOFR",
               "margin": "0.0115"}},
    {"code": "TIPS", "product_type": "INFLATION_BOND", "currency": "USD",
     "market_convention": "US_TREASURY",
     "terms": {"dated_date": "2021-01-15", "maturity_date": "2031-01-15", "coupon": "0.00125",
               "index": "US_CPI_U"}},
    {"code": "CALLABLE", "product_type": "CALLABLE_BOND", "currency": "USD",
     "market_convention": "US_CORPORATE_BOND",
     "terms": {"dated_date": "2020-02-15", "maturity_date": "2032-02-15", "coupon": "0.055",
               "call_schedule": [["2025-02-15", "102"], ["2027-02-15", "100"]]}},
    {"code": "PREPAYABLE", "product_type": "CALLABLE_BOND", "currency": "USD",
     "market_convention": "US_COMMERCIAL_LOAN",
     "terms": {"dated_date": "2021-06-15", "maturity_date": "2028-06-15", "coupon": "0.0675",
               "amortisation": "LEVEL_PAY", "amortisation_payments": 300,
               "call_style": "AMERICAN",
               "call_schedule": [["2023-06-15", "103"], ["2024-06-15", "101"],
                                 ["2025-06-15", "100"]]}},
]  # fmt: skip
STATE = {
    "side": "ASSET",
    "status": "PERFORMING",
    "accounting_class": "AFS",
    "quantity": "1000000",
    "outstanding_principal": "1000000",
    "spread_source": "SUPPLIED",
    "spread": "0.0025",
    "legal_entity": "LE1",
    "book": "BOOK-C",
}
MEASURES = ("PV", "ACCRUED", "DV01", "CS01", "WAL", "YIELD_SEMI_BOND", "DISCOUNT_MARGIN",
            "DISCOUNT_RATE", "YIELD_REAL_SEMI_BOND", "INFLATION01", "OAS", "OPTION_VALUE",
            "EFFECTIVE_DURATION", "VEGA")  # fmt: skip


@pytest.fixture(scope="module")
def bank(
    databases: Any, template: str, django_db_setup: None, django_db_blocker: Any
) -> Iterator[tuple[SharedDatabase, int]]:
    with shared_database(databases, template, django_db_blocker) as database:
        with database.acting_as("desk"):
            small_book.make_reference(0, 0)
            load("instruments", INSTRUMENTS)
            held = [
                {"position_id": f"P-{item['code']}", "instrument": item["code"],
                 "obligor": "CP1", **STATE}
                for item in INSTRUMENTS
            ]  # fmt: skip
            load("positions", held)
            market = marketdata.create_market_snapshot({**MARKET, "name": "bonds"})
            chosen = scenarios.create_scenario_set(
                code="TEST", name="Test", scenarios=priced.SCENARIOS
            )
            positions = PositionSnapshot.objects.latest("pk").pk
        inputs = priced.Inputs(positions, market.snapshot_id, chosen.scenario_set_id)
        run = priced.submit(inputs, measures=MEASURES)
        priced.work(database)
        yield database, run


def load(kind: str, rows: list[dict[str, Any]]) -> None:
    options = {"as_of": small_book.AS_OF} if kind == "positions" else {}
    file = source.from_bytes(f"{kind}.json", json.dumps(rows).encode())
    outcome = ingestion.ingest(Request(kind=kind, source=file, **options), actor="test")
    assert outcome.rows == len(rows)


def valued_directly(item: dict[str, Any], cells: list[tuple[str, str, str]]) -> list[float]:
    """Return the cells of one instrument by the library alone, its convention's terms filled in."""
    filled = conventions.defaults(item["market_convention"], item["product_type"]) or {}
    position = PositionInput(
        "P", item["product_type"], "USD", {**filled, **item["terms"]}, STATE, "BBB", "RETAIL"
    )
    axis = Axis(tuple(Cell(*cell) for cell in cells), small_book.AS_OF, "USD")
    read = [parse({"code": "BASE"}), *map(parse, priced.SCENARIOS)]
    states = States(snapshot.parse(MARKET), read, axis)
    found = valuation.value(product(item["product_type"]).pack([position], Names()).batch, states)
    assert found.failures == [None]
    return [float(value) for value in valuation.convert(found, states)[0]]


def test_cells_of_every_bond_product_are_those_of_the_library(
    bank: tuple[SharedDatabase, int],
) -> None:
    database, run = bank
    with database.connect("auditor") as auditor:
        status = auditor.execute("SELECT status FROM run WHERE run_id = %s", (run,)).fetchone()
        axis = auditor.execute(
            "SELECT measure, scenario, factor, quantum FROM run_axis WHERE run = %s "
            "ORDER BY block, ordinal",
            (run,),
        ).fetchall()
        stored = auditor.execute(
            "SELECT cells FROM valuation WHERE run = %s ORDER BY position", (run,)
        ).fetchall()
    assert status == ("COMPLETED",)
    cells = [(measure, scenario, factor) for measure, scenario, factor, _ in axis]
    places = [at for at, (measure, _, _) in enumerate(cells) if measure in REGISTRY]
    found = sorted(tuple(row[0][at] for at in places) for row in stored)
    assert len(found) == len(INSTRUMENTS)
    wanted = []
    for item in INSTRUMENTS:
        values = valued_directly(item, [cells[at] for at in places])
        quanta = [axis[at][3] for at in places]
        wanted.append(
            tuple(round(value * 10**quantum) for value, quantum in zip(values, quanta, strict=True))
        )
    for one, other in zip(found, sorted(wanted), strict=True):
        # Rounded once in binary here and exactly there: a unit of the quantum apart at most.
        assert all(abs(a - b) <= 1 for a, b in zip(one, other, strict=True))
    assert all(any(row) for row in found)
