"""The size of a shock that exhausts a loss, and a worker that values the book at that size."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from apps.marketdata import services as marketdata
from apps.portfolio import services as portfolio
from apps.portfolio.models import PortfolioNode
from apps.result import selectors as results
from apps.risk.reverse import revaluing, selectors
from apps.risk.reverse.selectors import Moved, ParallelShock, ReverseStress
from apps.scenario import services as scenarios
from tests.integration.ingestion import small_book
from tests.integration.result import priced
from tests.integration.result.shared import shared_database
from tests.integration.risk import two_runs

RATES = (ParallelShock(Moved.RATES),)
EURO = (ParallelShock(Moved.RATES, currency="EUR"),)
SPREADS = (ParallelShock(Moved.SPREADS),)
LOSS = {RATES: Decimal(20_000), EURO: Decimal(5_000), SPREADS: Decimal("12345.678901")}


@dataclass
class Bank:
    """A finished run of a small book, and the inputs to run it again under other scenarios."""

    database: Any
    inputs: priced.Inputs
    run: int

    def found(self, shocks: Any, loss: Any = None, **options: Any) -> ReverseStress:
        """The answer for a loss."""
        wanted = Decimal(loss) if loss is not None else LOSS[shocks]
        return selectors.reverse_stress(self.run, wanted, shocks, **options)


@pytest.fixture(scope="module")
def bank(
    databases: Any, template: str, django_db_setup: None, django_db_blocker: Any
) -> Iterator[Bank]:
    with shared_database(databases, template, django_db_blocker) as database:
        with database.acting_as("desk"):
            small_book.make_reference(8, 3)
            chosen = scenarios.create_scenario_set(code="TEST", name="Test", scenarios=[])
            positions = portfolio.create_position_snapshot(
                as_of=small_book.AS_OF, name="book", positions=two_runs.book()
            )
            market = marketdata.create_market_snapshot(two_runs.MARKET)
        inputs = priced.Inputs(positions.snapshot_id, market.snapshot_id, chosen.scenario_set_id)
        run = priced.submit(inputs, measures=("PV", "DV01", "CS01"))
        priced.work(database)
        yield Bank(database, inputs, run)


def losses_of_a_direct_run(bank: Bank, documents: list[dict[str, Any]], node: str) -> list[Decimal]:
    """What a worker's run has for the loss of a node in each scenario."""
    with bank.database.acting_as("desk"):
        made = scenarios.create_scenario_set(code="DIRECT", name="Direct", scenarios=documents)
    inputs = priced.Inputs(bank.inputs.positions, bank.inputs.market, made.scenario_set_id)
    run = priced.submit(inputs, measures=("PV",))
    priced.work(bank.database)
    columns = {
        column.scenario: Decimal(column.values[0] or "")
        for column in results.cube(run, node=node, measures=["PV"]).columns
    }
    return [columns["BASE"] - columns[document["code"]] for document in documents]


def test_a_run_at_the_size_found_loses_no_more_than_the_budget_and_more_a_tenth_of_a_bp_on(
    bank: Bank,
) -> None:
    documents, expected = [], []
    for kind, (shocks, loss) in enumerate(LOSS.items()):
        found = bank.found(shocks)
        (searched,) = found.searched
        (root,) = searched.roots
        assert searched.monotone
        assert root.reached - root.within == 1
        assert 0 < root.within < 3_000
        for size, amount in (
            (root.within, root.loss_within),
            (root.reached, root.loss_reached),
        ):
            (shock,) = shocks
            narrowed = {"currency": shock.currency} if shock.currency else {}
            documents.append(
                {
                    "code": f"K{kind}_{size}",
                    "shocks": [
                        {"risk": shock.moved.rstrip("S"), "size": f"{size / 1e5:.5f}", **narrowed}
                    ],
                }
            )
            expected.append((loss, Decimal(found.text(amount))))
    direct = losses_of_a_direct_run(bank, documents, "BANK")
    assert direct == [amount for _, amount in expected]
    for (loss, _), within, reached in zip(expected[::2], direct[::2], direct[1::2], strict=True):
        assert within < loss <= reached


def test_the_first_order_is_near_the_size_found(bank: Bank) -> None:
    dv01, cs01 = (
        Decimal(results.cube(bank.run, measures=[code]).columns[0].values[0] or "")
        for code in ("DV01", "CS01")
    )
    for shocks, slope in ((RATES, dv01), (SPREADS, cs01)):
        (root,) = bank.found(shocks, "100").searched[0].roots
        # A hundred is lost within a basis point or so: the curve has hardly bent.
        assert Decimal(root.within) / 10 <= 100 / slope * Decimal("1.001")
        assert Decimal(root.reached) / 10 >= 100 / slope * Decimal("0.999")


def test_what_is_valued_here_is_what_the_run_has(bank: Bank) -> None:
    for node in ("BANK", "LENDING", "BOOK-A", "SMALL-TREASURY"):
        found = bank.found(RATES, "100", node=node)
        (column,) = results.cube(bank.run, node=node, measures=["PV"]).columns
        assert found.node.code == node
        assert found.this_engine
        assert found.text(found.base) == found.text(found.stored) == column.values[0]
        assert found.covered == found.positions


def test_a_loss_that_no_size_in_the_range_brings_has_none(bank: Bank) -> None:
    (searched,) = bank.found(RATES, "900000000").searched
    assert searched.roots == ()
    assert searched.monotone
    # A book of loans and bonds gains where rates fall.
    assert bank.found(RATES, to_bp=Decimal("-0.1")).searched[0].roots == ()
    assert bank.found(EURO, node="LENDING").searched[0].roots == ()


def test_a_loss_that_turns_is_exhausted_on_both_sides(
    bank: Bank, monkeypatch: pytest.MonkeyPatch
) -> None:
    def parabola(self: Any, asked: Any) -> dict[tuple[int, ...], int]:
        return {(size,): size * size for (size,) in asked}

    monkeypatch.setattr(revaluing.Revaluation, "losses", parabola)
    (searched,) = bank.found(RATES, "1").searched
    assert not searched.monotone
    # A unit is 10**6 quanta: the square of a thousand tenths.
    assert [(each.within, each.reached) for each in searched.roots] == [(-999, -1000), (999, 1000)]
    written = io.StringIO()
    call_command("reverse_stress", str(bank.run), "--loss", "1", "--rates", stdout=written)
    assert "the loss turns in the range" in written.getvalue()


def test_of_a_pair_the_second_makes_up_for_the_first(bank: Bank) -> None:
    pair = (ParallelShock(Moved.RATES), ParallelShock(Moved.SPREADS))
    found = bank.found(pair, "20000", from_bp=Decimal(-100), to_bp=Decimal(200))
    by_first = {each.first: each for each in found.searched}
    (alone,) = by_first[0].roots
    (of_spreads,) = bank.found(SPREADS, "20000").searched[0].roots
    assert alone == of_spreads
    reached = [each.roots[0].reached for each in found.searched if each.roots]
    assert len(reached) > 2
    assert reached == sorted(reached, reverse=True)
    # Every position has one spread and one curve: both move its discount rate alike, but for the
    # coupons that are projected and the bond whose mark is met first.
    assert min(reached) < alone.reached < max(reached)


def test_chunks_of_positions_are_the_same_as_all_at_once(
    bank: Bank, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = bank.found(RATES)
    monkeypatch.setattr(revaluing, "CHUNK", 3)
    assert bank.found(RATES) == whole


def test_a_position_that_a_size_leaves_without_a_value_is_in_no_loss(
    bank: Bank, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = bank.found(RATES)
    value = revaluing._Valuer.value
    calls = 0

    def failing(self: Any, groups: Any, count: int) -> Any:
        nonlocal calls
        calls += 1
        cells, known = value(self, groups, count)
        if calls == 2:
            known[0] = False
        return cells, known

    monkeypatch.setattr(revaluing._Valuer, "value", failing)
    found = bank.found(RATES)
    assert found.covered == whole.covered - 1
    assert found.positions == whole.positions
    assert found.base == found.stored < whole.base
    assert found.searched[0].roots[0].reached > whole.searched[0].roots[0].reached


def test_questions_without_an_answer_name_the_place(bank: Bank) -> None:
    refused = selectors.NotStressed
    with pytest.raises(refused, match="loss: 0 is no amount above 0"):
        bank.found(RATES, "0")
    with pytest.raises(refused, match="loss: -5 is no amount above 0"):
        bank.found(RATES, "-5")
    with pytest.raises(refused, match="from, to: the range from 10 to 10 bp is empty"):
        bank.found(RATES, from_bp=Decimal(10), to_bp=Decimal(10))
    with pytest.raises(refused, match=r"from: 0\.05 is no whole number of tenths"):
        bank.found(RATES, from_bp=Decimal("0.05"))
    with pytest.raises(refused, match="to: 20001 bp is not within"):
        bank.found(RATES, to_bp=Decimal(20_001))
    with pytest.raises(refused, match=r"RATES_JPY_-300.*the market has no JPY curve"):
        bank.found((ParallelShock(Moved.RATES, currency="JPY"),), "100")
    with pytest.raises(refused, match="the market has no rating 'ZZ'"):
        bank.found((ParallelShock(Moved.SPREADS, ratings=("ZZ",)),), "100")
    with pytest.raises(results.UnknownNode, match="NO-SUCH"):
        bank.found(RATES, node="NO-SUCH")
    with pytest.raises(results.UnknownRun):
        selectors.reverse_stress(999, Decimal(1), RATES)
    waiting = priced.submit(bank.inputs, measures=("PV", "ACCRUED"))
    with pytest.raises(results.RunNotComplete, match=f"run {waiting} is QUEUED"):
        selectors.reverse_stress(waiting, Decimal(1), RATES)
    with pytest.raises(results.TooMuchDetail, match="11 positions"):
        bank.found(RATES, most=10)


def test_a_reader_is_answered_about_what_is_granted(bank: Bank) -> None:
    treasury = PortfolioNode.objects.get(code="SMALL-TREASURY").node
    seen = bank.found(RATES, "100", granted=[treasury])
    assert seen.searched == bank.found(RATES, "100", node="SMALL-TREASURY").searched
    with pytest.raises(results.UnknownNode):
        bank.found(RATES, "100", node="LENDING", granted=[treasury])


def test_the_command_says_what_was_found(bank: Bank) -> None:
    found = bank.found(RATES)
    (root,) = found.searched[0].roots
    written = io.StringIO()
    asked = ["reverse_stress", str(bank.run), "--loss", "20000"]
    call_command(*asked, "--rates", "--json", stdout=written)
    facts = json.loads(written.getvalue())
    assert facts["covered"] == facts["positions"] == 11
    assert facts["searched"][0]["roots"] == [
        {
            "reached_bp": f"{root.reached / 10:.1f}",
            "loss_reached": found.text(root.loss_reached),
            "within_bp": f"{root.within / 10:.1f}",
            "loss_within": found.text(root.loss_within),
        }
    ]
    written = io.StringIO()
    call_command(*asked, "--spreads", "BBB", "--to", "500", stdout=written)
    assert "SPREADS_BBB for a loss of 20000.000000 USD, 11 of 11 positions" in written.getvalue()
    written = io.StringIO()
    call_command(*asked, "--pair", "rates,spreads", "--node", "SMALL-TREASURY", stdout=written)
    assert "RATES -300.0 bp, from -300.0 to 300.0 bp" in written.getvalue()
    with pytest.raises(CommandError, match="pair: 'rates,fx' is not"):
        call_command(*asked, "--pair", "rates,fx")
    with pytest.raises(CommandError, match="no node NO-SUCH"):
        call_command(*asked, "--rates", "--node", "NO-SUCH")
    with pytest.raises(CommandError, match="is no amount above 0"):
        call_command("reverse_stress", str(bank.run), "--loss", "-1", "--rates")
