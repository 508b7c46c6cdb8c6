"""The flows of a position add up to the value that its run has stored."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from apps.cashflow import selectors
from apps.result import selectors as results
from tests.integration.result import priced

QUANTUM = Decimal("0.000001")


@pytest.fixture(scope="module")
def run(
    databases: Any, template: str, django_db_setup: None, django_db_blocker: Any
) -> Iterator[int]:
    with priced.shared_bank(databases, template, django_db_blocker, 12, 4) as bank:
        yield bank.run


@pytest.mark.parametrize("scenario", ["BASE", "RATES_UP_100", "SPREAD_UP_25"])
def test_the_flows_of_every_position_sum_to_its_stored_value(run: int, scenario: str) -> None:
    page = results.positions(run, measures=["PV"], scenarios=[scenario], first=100)
    assert len(page.rows) == 16
    for row, stored in zip(page.rows, page.columns[0].values, strict=True):
        found = selectors.cashflows(run, row.position_id, scenario=scenario)
        scale = sum(abs(Decimal(flow.value)) for flow in found.flows)
        tolerance = QUANTUM + scale * Decimal("1e-12")
        assert abs(Decimal(found.total or "") - Decimal(stored or "")) <= tolerance
        assert found.same_engine


def test_each_flow_shows_what_its_value_is_made_of(run: int) -> None:
    found = selectors.cashflows(run, "P-BOND0")
    assert [flow.date for flow in found.flows] == sorted(flow.date for flow in found.flows)
    for flow in found.flows:
        value = float(flow.amount) * flow.spread_factor * flow.discount_factor
        assert value == pytest.approx(float(flow.pv), abs=2e-6)
        assert float(flow.value) == pytest.approx(float(flow.pv) * 1.0666, abs=2e-6)
        assert (flow.currency, flow.curve, flow.fx) == ("EUR", "EUR-GOVT", 1.0666)
        assert sum(node.weight for node in flow.nodes) == pytest.approx(1.0, abs=1e-15)


def test_a_position_out_of_sight_is_unknown(run: int) -> None:
    from apps.portfolio.models import PortfolioNode

    desk = PortfolioNode.objects.get(code="SMALL-TREASURY").node
    assert selectors.cashflows(run, "P-BOND0", granted=[desk]).flows
    with pytest.raises(selectors.UnknownPosition):
        selectors.cashflows(run, "P-LOAN0", granted=[desk])
    with pytest.raises(selectors.UnknownPosition):
        selectors.cashflows(run, "NO-SUCH")
    with pytest.raises(selectors.UnknownScenario):
        selectors.cashflows(run, "P-BOND0", scenario="NO-SUCH")
