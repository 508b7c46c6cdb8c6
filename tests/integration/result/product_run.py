"""Products from files through a worker to stored cells, held against the library alone."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from apps.ingestion import services as ingestion
from apps.ingestion.outcome import Outcome, Request
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

Item = dict[str, Any]


@dataclass(frozen=True)
class Bank:
    """A bank that holds one position of each instrument, and a finished run of it."""

    database: SharedDatabase
    run: int
    instruments: Sequence[Item]
    state: Mapping[str, str]

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """Return what the auditor reads."""
        with self.database.connect("auditor") as auditor:
            return auditor.execute(query, values).fetchall()


@contextmanager
def valued(
    databases: Any,
    template: str,
    blocker: Any,
    instruments: Sequence[Item],
    state: Mapping[str, str],
    measures: Sequence[str],
    *,
    facilities: Sequence[Item] = (),
    drawn_under: Mapping[str, str] | None = None,
) -> Iterator[Bank]:
    """A bank whose positions of the instruments, all in one state, have been valued by a worker."""
    links = drawn_under or {}
    with shared_database(databases, template, blocker) as database:
        with database.acting_as("desk"):
            small_book.make_reference(0, 0)
            if facilities:
                load("facilities", facilities)
            load("instruments", instruments)
            held = [
                {"position_id": f"P-{item['code']}", "instrument": item["code"],
                 "obligor": "CP1", "facility": links.get(item["code"], ""), **state}
                for item in instruments
            ]  # fmt: skip
            assert not load("positions", held).notes
            market = marketdata.create_market_snapshot({**MARKET, "name": "products"})
            chosen = scenarios.create_scenario_set(
                code="TEST", name="Test", scenarios=priced.SCENARIOS
            )
            positions = PositionSnapshot.objects.latest("pk").pk
        inputs = priced.Inputs(positions, market.snapshot_id, chosen.scenario_set_id)
        run = priced.submit(inputs, measures=measures)
        priced.work(database)
        yield Bank(database, run, instruments, state)


def load(kind: str, rows: Sequence[Item]) -> Outcome:
    """Import rows as a JSON file."""
    options = {"as_of": small_book.AS_OF} if kind == "positions" else {}
    file = source.from_bytes(f"{kind}.json", json.dumps(rows).encode())
    outcome = ingestion.ingest(Request(kind=kind, source=file, **options), actor="test")
    assert outcome.rows == len(rows)
    return outcome


def of_the_library(
    item: Item, state: Mapping[str, str], cells: Sequence[tuple[str, str, str]]
) -> list[float]:
    """Return the cells of one instrument by the library alone, its convention's terms filled in."""
    named = item.get("market_convention", "")
    filled = conventions.defaults(named, item["product_type"]) or {}
    assert bool(filled) == bool(named)
    position = PositionInput(
        "P", item["product_type"], "USD", {**filled, **item["terms"]}, state, "BBB", "RETAIL"
    )
    axis = Axis(tuple(Cell(*cell) for cell in cells), small_book.AS_OF, "USD")
    read = [parse({"code": "BASE"}), *map(parse, priced.SCENARIOS)]
    states = States(snapshot.parse(MARKET), read, axis)
    found = valuation.value(product(item["product_type"]).pack([position], Names()).batch, states)
    assert found.failures == [None]
    return [float(value) for value in valuation.convert(found, states)[0]]


def check_stored_cells(bank: Bank) -> tuple[list[str], list[tuple[int, ...]]]:
    """Hold the stored cells against the library's; return their measures and the rows."""
    assert bank.rows("SELECT status FROM run WHERE run_id = %s", bank.run) == [("COMPLETED",)]
    axis = bank.rows(
        "SELECT measure, scenario, factor, quantum FROM run_axis WHERE run = %s "
        "ORDER BY block, ordinal",
        bank.run,
    )
    stored = bank.rows("SELECT cells FROM valuation WHERE run = %s ORDER BY position", bank.run)
    cells = [(measure, scenario, factor) for measure, scenario, factor, _ in axis]
    places = [at for at, (measure, _, _) in enumerate(cells) if measure in REGISTRY]
    found = sorted(tuple(row[0][at] for at in places) for row in stored)
    assert len(found) == len(bank.instruments)
    wanted = []
    for item in bank.instruments:
        values = of_the_library(item, bank.state, [cells[at] for at in places])
        quanta = [axis[at][3] for at in places]
        wanted.append(
            tuple(round(value * 10**quantum) for value, quantum in zip(values, quanta, strict=True))
        )
    for one, other in zip(found, sorted(wanted), strict=True):
        # Rounded once in binary here and exactly there: a unit of the quantum apart at most.
        assert all(abs(a - b) <= 1 for a, b in zip(one, other, strict=True))
    assert all(any(row) for row in found)
    return [cells[at][0] for at in places], found
