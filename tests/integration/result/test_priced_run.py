"""A run through the real pipeline: what is stored is what the pricing library says."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from django.db import connection

from apps.portfolio import selectors as portfolio
from apps.portfolio.dimensions import Dimension
from apps.result import adapters, selectors
from apps.result.stages import PricingStage
from apps.run import selectors as runs
from apps.run.contracts import Shard
from foundation.exact import quantise
from tests.integration.result import priced


@pytest.fixture(scope="module")
def bank(
    databases: Any, template: str, django_db_setup: None, django_db_blocker: Any
) -> Iterator[priced.Bank]:
    with priced.shared_bank(databases, template, django_db_blocker, shards=5) as made:
        yield made


@pytest.fixture
def inputs(bank: priced.Bank) -> priced.Inputs:
    return bank.inputs


@pytest.fixture
def run(bank: priced.Bank) -> int:
    return bank.run


def _shard(inputs: priced.Inputs, run: int, first: int, last: int) -> Shard:
    with connection.cursor() as cursor:
        request = runs.load_request(cursor, run)
        loaded = portfolio.load_shard(cursor, inputs.positions, first, last)
    return Shard(
        run_id=run,
        task_id=1,
        first=first,
        last=last,
        request=request,
        book=loaded.book,
        dimensions={dimension.name: column for dimension, column in loaded.dimensions.items()},
        row_hash=loaded.row_hash,
        groups=loaded.groups,
        columns={"maturity": loaded.maturity, "notional": loaded.notional},
    )


def test_stored_cells_are_the_rounded_values_of_the_library(
    bank: priced.Bank, inputs: priced.Inputs, run: int
) -> None:
    shard = _shard(inputs, run, 0, 50)
    PricingStage().compute(shard)
    axis = PricingStage().cells(shard.request)
    expected, misfits = quantise(shard.cells["pricing"], [cell.quantum for cell in axis])
    assert not misfits.any()
    with bank.connect("auditor") as auditor:
        stored = auditor.execute(
            "SELECT cells, input_hash FROM valuation WHERE run = %s ORDER BY position", (run,)
        ).fetchall()
    assert np.array_equal(np.array([row[0] for row in stored]), expected)
    assert shard.input_hash is not None
    assert [row[1] for row in stored] == [row.tobytes() for row in shard.input_hash]


def test_a_position_valued_alone_has_the_same_bits_and_input_hash(
    inputs: priced.Inputs, run: int
) -> None:
    whole = _shard(inputs, run, 0, 50)
    PricingStage().compute(whole)
    for row in (0, 17, 31, 49):
        alone = _shard(inputs, run, row, row + 1)
        PricingStage().compute(alone)
        assert alone.cells["pricing"].tobytes() == whole.cells["pricing"][row].tobytes()
        assert alone.input_hash is not None
        assert whole.input_hash is not None
        assert alone.input_hash[0].tobytes() == whole.input_hash[row].tobytes()


def test_the_input_hash_covers_only_the_market_objects_used(
    bank: priced.Bank, inputs: priced.Inputs, run: int
) -> None:
    changed = priced.MARKET | {
        "curves": [
            curve
            if curve["name"] != "EUR-GOVT"
            else curve | {"nodes": [["2023-12-30", "0.030"], ["2052-12-30", "0.024"]]}
            for curve in priced.MARKET["curves"]
        ]
    }
    with bank.acting_as("desk"):
        market = priced.marketdata.create_market_snapshot(changed).snapshot_id
    other = priced.submit(priced.Inputs(inputs.positions, market, inputs.scenarios))
    priced.work(bank)
    before, after = (_shard(inputs, number, 0, 50) for number in (run, other))
    for shard in (before, after):
        PricingStage().compute(shard)
    assert before.input_hash is not None
    assert after.input_hash is not None
    same = (before.input_hash == after.input_hash).all(axis=1)
    labels = before.request.dimensions["CURRENCY"]
    euro = before.dimensions["CURRENCY"] == labels.index("EUR")
    assert same[~euro].all()
    assert not same[euro].any()


def test_notionals_are_in_the_run_currency_at_base_spot(inputs: priced.Inputs, run: int) -> None:
    shard = _shard(inputs, run, 0, 50)
    labels = shard.request.dimensions["CURRENCY"]
    rate = np.where(shard.dimensions["CURRENCY"] == labels.index("EUR"), 1.0666, 1.0)
    assert np.allclose(adapters.base_notional(shard), shard.columns["notional"] * rate)
    cube = selectors.cube(run, by=[Dimension.CURRENCY], measures=["PV"])
    euro = cube.members.index(("EUR",))
    assert cube.covered_notional[euro] == "533300.00"


def _by(cube: selectors.Cube, *places: int) -> dict[tuple[str, ...], tuple[Any, ...]]:
    found: dict[tuple[str, ...], list[Any]] = defaultdict(lambda: [0, 0, Decimal(0), Decimal(0)])
    for index, members in enumerate(cube.members):
        row = found[tuple(members[place] for place in places)]
        row[0] += cube.count[index]
        row[1] += cube.covered[index]
        row[2] += Decimal(cube.covered_notional[index])
        row[3] += sum(Decimal(column.values[index] or "") for column in cube.columns)
    return {key: tuple(row) for key, row in found.items()}


def test_a_combination_adds_up_to_each_of_its_dimensions(run: int) -> None:
    by = [Dimension.SECTOR, Dimension.RATING, Dimension.MATURITY_BUCKET]
    combined = selectors.cube(run, by=by, measures=["PV", "CS01"])
    for place, dimension in enumerate(by):
        single = selectors.cube(run, by=[dimension], measures=["PV", "CS01"])
        assert _by(combined, place) == _by(single, 0)


def test_a_filter_on_another_dimension_is_summed_from_the_detail(run: int) -> None:
    combined = selectors.cube(run, by=[Dimension.RATING, Dimension.SECTOR], measures=["PV"])
    filtered = selectors.cube(
        run, by=[Dimension.RATING], where={Dimension.SECTOR: ["ENERGY"]}, measures=["PV"]
    )
    chosen = {
        members[:1]: value
        for members, value in zip(combined.members, combined.columns[0].values, strict=True)
        if members[1] == "ENERGY"
    }
    assert dict(zip(filtered.members, filtered.columns[0].values, strict=True)) == chosen
    total = selectors.cube(run, where={Dimension.SECTOR: ["ENERGY"]}, measures=["PV"])
    assert Decimal(total.columns[0].values[0] or "") == sum(map(Decimal, chosen.values()))


def test_a_combination_respects_what_the_reader_may_see(run: int) -> None:
    by = [Dimension.PORTFOLIO, Dimension.SECTOR, Dimension.RATING]
    everything = selectors.cube(run, node="LENDING", by=by, measures=["PV"])
    book = next(node.node for node in everything.nodes if node.code == "BOOK-A")
    seen = selectors.cube(run, by=by, measures=["PV"], granted=[book])
    assert {node.code for node in seen.nodes} == {"LENDING"}
    expected = [
        value
        for node, value in zip(everything.nodes, everything.columns[0].values, strict=True)
        if node.code == "BOOK-A"
    ]
    assert seen.columns[0].values == expected


def test_too_much_detail_is_refused_with_its_size(run: int, monkeypatch: Any) -> None:
    from apps.result import detail

    monkeypatch.setattr(detail, "MAX_READ", 299)
    with pytest.raises(selectors.TooMuchDetail, match="50 positions x 1 cells are too many"):
        selectors.cube(
            run, by=[Dimension.SECTOR, Dimension.RATING], measures=["PV"], scenarios=["BASE"]
        )


def test_a_price_reads_null_where_it_means_nothing(run: int) -> None:
    page = selectors.positions(run, measures=["DIRTY_PRICE"], scenarios=["BASE"], first=5)
    assert all(value is not None for value in page.columns[0].values)


@pytest.mark.parametrize("shards", [1, 13])
def test_the_same_request_in_other_shards_is_the_same_result(
    bank: priced.Bank, inputs: priced.Inputs, run: int, shards: int
) -> None:
    other = priced.submit(inputs, shards=shards, force=True)
    priced.work(bank)
    with bank.connect("auditor") as auditor:
        hashes = auditor.execute(
            "SELECT result_hash FROM run WHERE run_id IN (%s, %s)", (run, other)
        ).fetchall()
    assert len(hashes) == 2
    assert len(set(hashes)) == 1


def test_any_subset_of_scenarios_gives_the_same_common_cells(
    bank: priced.Bank, inputs: priced.Inputs, run: int
) -> None:
    with bank.acting_as("desk"):
        chosen = priced.scenarios.create_scenario_set(
            code="FEW", name="Few", scenarios=priced.SCENARIOS[1:2]
        )
    other = priced.submit(
        priced.Inputs(inputs.positions, inputs.market, chosen.scenario_set_id), measures=["PV"]
    )
    priced.work(bank)
    with bank.connect("auditor") as auditor:
        rows = auditor.execute(
            "SELECT count(*), count(*) FILTER (WHERE a.cell = b.cell) FROM"
            " (SELECT v.position, x.scenario, v.cells[x.ordinal] AS cell FROM valuation v"
            "  JOIN run_axis x ON x.run = v.run WHERE v.run = %s AND x.measure = 'PV') a"
            " JOIN (SELECT v.position, x.scenario, v.cells[x.ordinal] AS cell FROM valuation v"
            "  JOIN run_axis x ON x.run = v.run WHERE v.run = %s AND x.measure = 'PV') b"
            " USING (position, scenario)",
            (run, other),
        ).fetchone()
    assert rows == (100, 100)


def test_the_classical_view_shows_the_same_values(bank: priced.Bank, run: int) -> None:
    shown = selectors.position(run, "P-LOAN3")
    expected = {
        (value.scenario, value.measure + (f"/{value.factor}" if value.factor else "")): Decimal(
            value.value or ""
        )
        for value in shown.values
        if value.kind in ("SUM", "NONE")
    }
    with bank.connect("auditor") as auditor:
        rows = auditor.execute(
            "SELECT scenario_id, measures_json, is_error FROM valuation_result"
            " WHERE run_id = %s AND position_id = 'P-LOAN3'",
            (run,),
        ).fetchall()
    assert not any(row[2] for row in rows)
    found = {
        (scenario, name): Decimal(str(value))
        for scenario, measures, _ in rows
        for name, value in measures.items()
    }
    assert found.keys() == expected.keys()
    assert all(abs(found[key] - expected[key]) <= Decimal("1e-6") for key in expected)


LABELS = {
    Dimension.PRODUCT_TYPE: "p.product_type",
    Dimension.CURRENCY: "p.currency",
    Dimension.SECTOR: "c.document::jsonb ->> 'sector'",
    Dimension.RATING: "c.document::jsonb ->> 'rating'",
    Dimension.COUNTRY: "c.document::jsonb ->> 'country_of_risk'",
    Dimension.COUNTERPARTY_GROUP: "p.document::jsonb ->> 'group'",
    Dimension.TAG: "p.document::jsonb ->> 'tag'",
}


@pytest.mark.parametrize("dimension", LABELS)
def test_members_are_those_that_the_pinned_documents_name(
    bank: priced.Bank, run: int, dimension: Dimension
) -> None:
    """Summed again from positions and the versions they pin, without packed blocks or partials."""
    with bank.connect("auditor") as auditor:
        expected = auditor.execute(
            f"SELECT coalesce({LABELS[dimension]}, ''), count(*), sum(v.cells[1])"
            " FROM valuation v JOIN run r ON r.run_id = v.run"
            " JOIN position p ON p.snapshot_id = r.position_snapshot_id"
            "  AND p.ordinal = v.position"
            " LEFT JOIN counterparty_version c ON c.id = p.counterparty_version_id"
            " WHERE v.run = %s AND v.block = 0 GROUP BY 1",
            (run,),
        ).fetchall()
    cube = selectors.cube(run, by=[dimension], measures=["PV"], scenarios=["BASE"])
    found = {
        member: (count, Decimal(value or ""))
        for (member,), count, value in zip(
            cube.members, cube.count, cube.columns[0].values, strict=True
        )
    }
    assert found == {label: (count, q / Decimal(10**6)) for label, count, q in expected}
