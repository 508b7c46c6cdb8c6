"""Revolvers and delayed draws under facilities: files, a worker process, stored cells, totals."""

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

FACILITIES: list[dict[str, Any]] = [
    {"code": "RCF", "obligor": "CP1", "kind": "REVOLVER", "currency": "USD",
     "commitment": "50000000", "fees": [{"kind": "COMMITMENT", "rate": "0.00375"}]},
    {"code": "DDTL", "obligor": "CP1", "kind": "DELAYED_DRAW", "currency": "USD",
     "commitment": "30000000"},
]  # fmt: skip
INSTRUMENTS: list[dict[str, Any]] = [
    {"code": "REV", "product_type": "REVOLVER", "currency": "USD",
     "market_convention": "US_COMMERCIAL_LOAN",
     "terms": {"start_date": "2021-03-15", "first_payment_date": "2021-06-15",
               "maturity_date": "2026-03-15", "commitment": "50000000", "index": "SOFR",
               "margin": "0.0275", "index_floor": "0.005",
               "fees": {"commitment": "0.00375", "utilisation_above": ["0.33"],
                        "utilisation": ["0.001"]},
               "utilisation": {"kind": "CREDIT", "leq": "0.5", "widening": "0.03"}}},
    {"code": "FIXED", "product_type": "REVOLVER", "currency": "USD",
     "market_convention": "US_COMMERCIAL_LOAN",
     "terms": {"start_date": "2021-03-15", "first_payment_date": "2021-06-15",
               "maturity_date": "2025-03-15", "commitment": "20000000", "rate": "0.0675",
               "commitment_steps": [["2023-06-15", "18000000"]]}},
    {"code": "DELAYED", "product_type": "DELAYED_DRAW", "currency": "USD",
     "market_convention": "US_COMMERCIAL_LOAN",
     "terms": {"start_date": "2022-06-15", "first_payment_date": "2022-09-15",
               "maturity_date": "2028-06-15", "availability_end": "2024-06-15",
               "commitment": "30000000", "index": "TERM_SOFR_3M", "margin": "0.05",
               "fees": {"ticking": "0.01"}, "draws": [["2023-03-15", "6000000"]]}},
]  # fmt: skip
STATE = {
    "side": "ASSET", "status": "PERFORMING", "accounting_class": "HFI", "quantity": "9000000",
    "outstanding_principal": "9000000", "spread_source": "SUPPLIED", "spread": "0.0225",
    "legal_entity": "LE1", "book": "BOOK-A",
}  # fmt: skip
LINKS = {"REV": "RCF", "DELAYED": "DDTL"}
MEASURES = ("PV", "ACCRUED", "DV01", "CS01", "WAL", "PRINCIPAL", "COMMITMENT", "UNDRAWN", "EAD",
            "CLEAN_PRICE")  # fmt: skip


def load(kind: str, rows: list[dict[str, Any]]) -> Any:
    options = {"as_of": small_book.AS_OF} if kind == "positions" else {}
    file = source.from_bytes(f"{kind}.json", json.dumps(rows).encode())
    outcome = ingestion.ingest(Request(kind=kind, source=file, **options), actor="test")
    assert outcome.rows == len(rows)
    return outcome


@pytest.fixture(scope="module")
def bank(
    databases: Any, template: str, django_db_setup: None, django_db_blocker: Any
) -> Iterator[tuple[SharedDatabase, int]]:
    with shared_database(databases, template, django_db_blocker) as database:
        with database.acting_as("desk"):
            small_book.make_reference(0, 0)
            load("facilities", FACILITIES)
            load("instruments", INSTRUMENTS)
            held = [
                {"position_id": f"P-{item['code']}", "instrument": item["code"],
                 "obligor": "CP1", "facility": LINKS.get(item["code"], ""), **STATE}
                for item in INSTRUMENTS
            ]  # fmt: skip
            assert not load("positions", held).notes
            market = marketdata.create_market_snapshot({**MARKET, "name": "facilities"})
            chosen = scenarios.create_scenario_set(
                code="TEST", name="Test", scenarios=priced.SCENARIOS
            )
            positions = PositionSnapshot.objects.latest("pk").pk
        inputs = priced.Inputs(positions, market.snapshot_id, chosen.scenario_set_id)
        run = priced.submit(inputs, measures=MEASURES)
        priced.work(database)
        yield database, run


def valued_directly(item: dict[str, Any], cells: list[tuple[str, str, str]]) -> list[float]:
    """Return the cells of one instrument by the library alone, its convention's terms filled in."""
    filled = conventions.defaults(item["market_convention"], item["product_type"]) or {}
    assert filled["interest_basis"] == "ACT/360"
    position = PositionInput(
        "P", item["product_type"], "USD", {**filled, **item["terms"]}, STATE, "BBB", "RETAIL"
    )
    axis = Axis(tuple(Cell(*cell) for cell in cells), small_book.AS_OF, "USD")
    read = [parse({"code": "BASE"}), *map(parse, priced.SCENARIOS)]
    states = States(snapshot.parse(MARKET), read, axis)
    found = valuation.value(product(item["product_type"]).pack([position], Names()).batch, states)
    assert found.failures == [None]
    return [float(value) for value in valuation.convert(found, states)[0]]


def test_cells_of_facilities_are_those_of_the_library(bank: tuple[SharedDatabase, int]) -> None:
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
        pinned = auditor.execute(
            "SELECT p.facility, v.document::jsonb ->> 'commitment' FROM position p "
            "JOIN facility_version v ON v.id = p.facility_version_id ORDER BY 1"
        ).fetchall()
    assert status == ("COMPLETED",)
    assert pinned == [("DDTL", "30000000"), ("RCF", "50000000")]
    cells = [(measure, scenario, factor) for measure, scenario, factor, _ in axis]
    places = [at for at, (measure, _, _) in enumerate(cells) if measure in REGISTRY]
    found = sorted(tuple(row[0][at] for at in places) for row in stored)
    wanted = []
    for item in INSTRUMENTS:
        values = valued_directly(item, [cells[at] for at in places])
        quanta = [axis[at][3] for at in places]
        wanted.append(
            tuple(round(value * 10**quantum) for value, quantum in zip(values, quanta, strict=True))
        )
    assert len(found) == len(wanted)
    for one, other in zip(found, sorted(wanted), strict=True):
        # Rounded once in binary here and exactly there: a unit of the quantum apart at most.
        assert all(abs(a - b) <= 1 for a, b in zip(one, other, strict=True))
    by_code = {cells[at][0]: sum(row[place] for row in found) for place, at in enumerate(places)}
    assert by_code["PRINCIPAL"] + by_code["UNDRAWN"] == by_code["COMMITMENT"]
    # The fixed one's commitment is reduced after the day: 50 + 20 + 30 million tonight.
    assert by_code["COMMITMENT"] == 100_000_000 * 10**6
