"""A run that asks for the maturity ladder stores it in the cube, exact at every node."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.access.models import User
from apps.portfolio.dimensions import Dimension
from apps.portfolio.models import PortfolioNode
from apps.result import selectors as results
from graph.asked import Asked
from graph.context import Context
from graph.view import execute
from pricing.cashflow.defaults import DEFAULT_BUCKETS
from tests.integration.result import priced

SCENARIOS = ("BASE", "RATES_UP_100")
HEAD = User(username="head", is_superuser=True)
QUERY = """query L($run: ID!, $node: String, $scenario: String!) { run(id: $run) {
  ladder(node: $node, scenario: $scenario) { scenario currency count covered buckets contractual
    principal interest draws inflows outflows gap cumulativeGap contractualNotProjected
    principalNotProjected outstanding value nodeYield nodeYieldReason }
  durationBridge(node: $node, scenario: $scenario) { steps values times durations names effects
    opening closing reason } } }"""
BEHIND = """query B($run: ID!, $bucket: String!, $first: Int!, $after: String) { run(id: $run) {
  ladder { positions(bucket: $bucket, first: $first, after: $after) {
    positionIds columns { factor values } pageInfo { hasNextPage endCursor } } } } }"""
FLOWS = """query F($run: ID!, $id: String!) { run(id: $run) { position(id: $id) {
  cashflows { buckets kinds amounts currencies fx } } } }"""


@pytest.fixture(scope="module")
def run(
    databases: Any, template: str, django_db_setup: None, django_db_blocker: Any
) -> Iterator[int]:
    with priced.shared_bank(
        databases, template, django_db_blocker, 20, 6,
        cashflows=SCENARIOS, horizon="6M", shards=3,
    ) as bank:  # fmt: skip
        yield bank.run


def ask(query: str, **variables: Any) -> Any:
    answer = execute(Asked(query, variables, None), Context(user=HEAD))
    assert "errors" not in answer, answer["errors"]
    return answer["data"]["run"]


def codes(run: int) -> list[str]:
    return list(PortfolioNode.objects.order_by("node").values_list("code", flat=True))


def total(texts: list[str]) -> Decimal:
    return sum((Decimal(text) for text in texts), Decimal(0))


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_ladders_sum_to_what_is_outstanding_at_every_node(run: int, scenario: str) -> None:
    for code in codes(run):
        found = ask(QUERY, run=run, node=code, scenario=scenario)["ladder"]
        assert found["buckets"] == [*DEFAULT_BUCKETS, "BEYOND"]
        outstanding = Decimal(found["outstanding"])
        for name in ("principal", "contractual"):
            rest = Decimal(found[f"{name}NotProjected"])
            assert total(found[name]) + rest == outstanding, (code, name)
        assert total(found["gap"]) == total(found["principal"]) + total(found["interest"])
        assert total(found["inflows"]) - total(found["outflows"]) == total(found["gap"])
        assert Decimal(found["cumulativeGap"][-1]) == total(found["gap"])


def test_each_bucket_of_a_parent_is_the_sum_of_its_children(run: int) -> None:
    measures = ["LADDER_PRINCIPAL", "LADDER_INTEREST", "LADDER_TIME", "BRIDGE_VALUE", "BRIDGE_TIME"]
    parents = 0
    for code in codes(run):
        children = results.cube(run, node=code, by=[Dimension.PORTFOLIO], measures=measures)
        if not children.nodes:
            continue
        parents += 1
        whole = results.cube(run, node=code, measures=measures)
        for part, column in zip(children.columns, whole.columns, strict=True):
            assert total([v or "0" for v in part.values]) == Decimal(column.values[0] or "0")
    assert parents >= 2


def test_a_bridge_sums_at_every_node_and_opens_with_the_value(run: int) -> None:
    for code in codes(run):
        found = ask(QUERY, run=run, node=code, scenario="BASE")
        bridge = found["durationBridge"]
        assert bridge["steps"][0] == "OPENING"
        assert bridge["names"][-1] == "RESIDUAL"
        opening = Decimal(bridge["opening"])
        assert opening + total(bridge["effects"]) == Decimal(bridge["closing"])
        assert abs(Decimal(bridge["effects"][-1])) <= Decimal("1e-6")
        value = Decimal(found["ladder"]["value"])
        assert abs(Decimal(bridge["values"][0]) - value) <= abs(value) * Decimal("1e-9")


def test_the_yield_of_the_node_is_near_that_of_its_single_flows(run: int) -> None:
    found = ask(QUERY, run=run, node=None, scenario="BASE")["ladder"]
    page = ask(
        "query P($run: ID!) { run(id: $run) { positions(first: 50) { positionIds } } }", run=run
    )["positions"]["positionIds"]
    flows: list[tuple[float, float]] = []
    for each in page:
        single = ask(
            "query F($run: ID!, $id: String!) { run(id: $run) { position(id: $id) {"
            " cashflows { years amounts fx } } } }",
            run=run, id=each,
        )["position"]["cashflows"]  # fmt: skip
        flows += [
            (t, float(a) * fx)
            for t, a, fx in zip(single["years"], single["amounts"], single["fx"], strict=True)
        ]
    low, high, value = -0.5, 1.0, float(found["value"])
    for _ in range(80):
        middle = (low + high) / 2.0
        worth = sum(a * 2.718281828459045 ** (-middle * t) for t, a in flows)
        low, high = (middle, high) if worth > value else (low, middle)
    assert float(found["nodeYield"]) == pytest.approx(low, abs=3e-4)


def test_a_bucket_leads_to_its_positions_and_these_to_its_flows(run: int) -> None:
    ladder = ask(QUERY, run=run, node=None, scenario="BASE")["ladder"]
    seen: list[str] = []
    amounts: list[Decimal] = []
    after = None
    while True:
        page = ask(BEHIND, run=run, bucket="3Y", first=7, after=after)["ladder"]["positions"]
        (column,) = [each for each in page["columns"] if each["factor"] == "3Y"]
        seen += page["positionIds"]
        amounts += [Decimal(each) for each in column["values"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert len(seen) == len(set(seen)) == 26
    assert amounts == sorted(amounts, reverse=True)
    assert total([str(each) for each in amounts]) == Decimal(
        ladder["principal"][ladder["buckets"].index("3Y")]
    )
    flows = ask(FLOWS, run=run, id=seen[0])["position"]["cashflows"]
    inside = sum(
        float(amount) * fx
        for bucket, kind, amount, fx in zip(
            flows["buckets"], flows["kinds"], flows["amounts"], flows["fx"], strict=True
        )
        if bucket == "3Y" and kind != "INTEREST"
    )
    assert inside == pytest.approx(float(amounts[0]), abs=1e-4)


def test_the_statements_of_a_ladder_do_not_grow_with_the_node(run: int) -> None:
    counts = {}
    for code in codes(run):
        with CaptureQueriesContext(connection) as captured:
            ask(QUERY, run=run, node=code, scenario="BASE")
        counts[code] = len(captured)
    assert set(counts.values()) == {14}, counts


def test_a_reader_without_a_grant_sees_no_ladder(run: int) -> None:
    assert ask(QUERY, run=run, node=None, scenario="BASE")["ladder"]["outstanding"]
    nobody = execute(
        Asked(QUERY, {"run": run, "node": None, "scenario": "BASE"}, None),
        Context(user=User(id=10**6, username="nobody")),
    )
    assert (nobody.get("data") or {}).get("run") is None


def test_a_scenario_without_a_ladder_is_refused_by_name(run: int) -> None:
    query = "query L($run: ID!) { run(id: $run) { ladder(scenario: %s) { buckets } } }"
    for scenario in ("SPREAD_UP_25", "MOON"):
        answer = execute(Asked(query % f'"{scenario}"', {"run": run}, None), Context(user=HEAD))
        (error,) = answer["errors"]
        assert error["extensions"]["code"] == "BAD_INPUT"
        assert scenario in error["message"]
