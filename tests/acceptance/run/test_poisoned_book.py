"""500 bad positions among 10,000: 500 error rows with codes, and no neighbour changed by a bit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from apps.instrument import services as instruments
from apps.instrument.services import InstrumentContent
from apps.marketdata import services as marketdata
from apps.portfolio import services as portfolio
from apps.portfolio.services import PositionContent
from apps.scenario import services as scenarios
from tests.integration.ingestion import small_book
from tests.integration.result import priced
from tests.integration.result.shared import SharedDatabase, shared_database

LOANS, POISONED = 10_000, 500

STATES: list[tuple[dict[str, Any], str]] = [
    ({"spread": None}, "SPREAD_MISSING"),
    ({"spread": None, "spread_source": "MATRIX"}, "SPREAD_MISSING"),
    ({"spread": None, "spread_source": "MARK"}, "MARK_MISSING"),
    ({"status": "CLOSED"}, "CLOSED"),
    ({"status": "DEFAULTED"}, "RECOVERY_MISSING"),
    ({"current_rate": "6"}, "RATE_OUT_OF_RANGE"),
]
TERMS: list[tuple[str, dict[str, Any], str]] = [
    ("USD", {"discount_curve": "NO-SUCH-CURVE"}, "UNKNOWN_CURVE"),
    ("USD", {"discount_curve": "EUR-GOVT"}, "CURVE_CURRENCY"),
    ("USD", {"payments": 40_000}, "TERM_TOO_LONG"),
    ("USD", {"interest_only_payments": 361}, "SCHEDULE_INVALID"),
]
KINDS = len(STATES) + len(TERMS)


def poisoned(number: int, sound: PositionContent) -> PositionContent:
    """Return a position bad in the way of its number; ids keep it among its neighbours."""
    kind = number % KINDS
    if kind >= len(STATES):
        return replace(sound, instrument=f"BAD{kind - len(STATES)}")
    state = {k: v for k, v in (sound.state | STATES[kind][0]).items() if v is not None}
    return replace(sound, state=state)


@pytest.fixture(scope="module")
def runs(
    databases: Any, template: str, django_db_setup: None, django_db_blocker: Any
) -> Iterator[tuple[SharedDatabase, int, int]]:
    """The run of the poisoned book, and that of the sound positions alone."""
    with shared_database(databases, template, django_db_blocker) as database:
        with database.acting_as("desk"):
            small_book.make_reference(LOANS, 0)
            instruments.write_instruments(
                [
                    InstrumentContent(f"BAD{i}", "AMORT_LOAN", currency, small_book.LOAN | terms)
                    for i, (currency, terms, _) in enumerate(TERMS)
                ]
            )
            sound = small_book.positions(LOANS, 0)
            every = LOANS // POISONED
            book = [
                poisoned(i // every, position) if i % every == 0 else position
                for i, position in enumerate(sound)
            ]
            alone = [position for i, position in enumerate(sound) if i % every]
            made = [
                portfolio.create_position_snapshot(
                    as_of=small_book.AS_OF, name=name, positions=positions
                )
                for name, positions in (("poisoned", book), ("sound", alone))
            ]
            market = marketdata.create_market_snapshot(priced.MARKET)
            chosen = scenarios.create_scenario_set(
                code="TEST", name="Test", scenarios=priced.SCENARIOS
            )
        ids = [
            priced.submit(
                priced.Inputs(snapshot.snapshot_id, market.snapshot_id, chosen.scenario_set_id)
            )
            for snapshot in made
        ]
        priced.work(database)
        yield database, ids[0], ids[1]


def test_every_poisoned_position_is_one_error_row_with_its_code(
    runs: tuple[SharedDatabase, int, int],
) -> None:
    database, run, _ = runs
    expected: dict[str, int] = {}
    for number in range(POISONED):
        kind = number % KINDS
        code = STATES[kind][1] if kind < len(STATES) else TERMS[kind - len(STATES)][2]
        expected[code] = expected.get(code, 0) + 1
    with database.connect("auditor") as auditor:
        found = auditor.execute(
            "SELECT error::jsonb ->> 'code', count(*) FROM valuation"
            " WHERE run = %s AND status = 1 GROUP BY 1",
            [run],
        ).fetchall()
        standing = auditor.execute(
            "SELECT status, position_count, valued_count, error_count FROM run WHERE run_id = %s",
            [run],
        ).fetchone()
    assert dict(found) == expected
    assert standing == ("COMPLETED_WITH_ERRORS", LOANS, LOANS - POISONED, POISONED)


def test_the_neighbours_have_the_bits_of_a_run_without_the_poison(
    runs: tuple[SharedDatabase, int, int],
) -> None:
    database, poisoned_run, sound_run = runs
    with database.connect("auditor") as auditor:
        row = auditor.execute(
            """
            WITH named AS (
                SELECT v.run, p.position_id, v.block, v.cells
                FROM valuation v
                JOIN run r ON r.run_id = v.run
                JOIN position p
                  ON p.snapshot_id = r.position_snapshot_id AND p.ordinal = v.position
                WHERE v.status = 0
            )
            SELECT count(*), count(*) FILTER (WHERE a.cells = b.cells)
            FROM named a JOIN named b USING (position_id, block)
            WHERE a.run = %s AND b.run = %s
            """,
            [poisoned_run, sound_run],
        ).fetchone()
    assert row == (LOANS - POISONED, LOANS - POISONED)
