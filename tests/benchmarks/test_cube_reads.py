"""Cube queries over HTTP: p50 and p95 of 200 requests to `manage.py serve`, on one connection.

A program's bearer token, checked with every request; a user who sees the bank by a grant. What
is timed ends when the whole answer has been read. On a machine that does other things as well the
CPU that web process and database took for a request says more than its time.
"""

from __future__ import annotations

import http.client
import json
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pytest

from tests.benchmarks.installation import Installation, Valued
from tests.benchmarks.processes import children, process_cpu, server_cpu
from tests.integration.graph.serving import served

REQUESTS, WARM = 200, 20
TARGET_MS = 50
PLACES: dict[str, list[str | None]] = {
    "root": [None],
    "desk": [f"D{number:02d}" for number in range(75)],
}

CUBE = """
query Cube($run: ID!, $node: String, $by: [Dimension!], $measures: [String!],
           $scenarios: [String!]) {
  run(id: $run) {
    cube(node: $node, by: $by, measures: $measures, scenarios: $scenarios) {
      nodeCodes counts covered coveredNotional uncoveredNotional
      dimensions { dimension members }
      columns { measure scenario factor unit currency values }
    }
  }
}
"""
STEWARD = """
import datetime as dt
from apps.access import services
from apps.portfolio.models import Portfolio, PortfolioGrant
user = services.create_user(username="reader", password=None, actor="benchmark")
bank = Portfolio.objects.get(code="BANK")
PortfolioGrant.objects.create(user=user, portfolio=bank, reason="benchmark")
print(services.issue_token(user=user, name="reads", life=dt.timedelta(days=1), actor="benchmark"))
"""
SHAPES: dict[str, dict[str, Any]] = {
    "total, all 114 cells": {},
    "children, PV of 100 scenarios": {"by": ["PORTFOLIO"], "measures": ["PV"]},
    "children, 14 cells of BASE": {"by": ["PORTFOLIO"], "scenarios": ["BASE"]},
    "by sector, 14 cells of BASE": {"by": ["SECTOR"], "scenarios": ["BASE"]},
    "by rating, PV of 100 scenarios": {"by": ["RATING"], "measures": ["PV"]},
}


@dataclass(frozen=True, slots=True)
class Web:
    """A web process, and the server behind it."""

    ask: Callable[[dict[str, Any]], dict[str, Any]]
    pid: int
    postmaster: int

    @property
    def cpu(self) -> float:
        """CPU seconds of both so far."""
        return process_cpu(self.pid) + server_cpu(self.postmaster)


@pytest.fixture
def web(installation: Installation, valued: Valued) -> Iterator[Web]:
    """A web process that is asked for cubes of the run over a connection that is kept."""
    used = installation.manage("shell", "--verbosity", "0", "-c", STEWARD, TIEOUT_ROLE="desk")
    headers = {
        "Authorization": f"Bearer {used.output.split()[-1]}",
        "Content-Type": "application/json",
    }
    before = set(children(os.getpid()))
    with served({**installation.environment}) as server:
        (pid,) = set(children(os.getpid())) - before
        connection = http.client.HTTPConnection(urlsplit(server.address).netloc)

        def cube(variables: dict[str, Any]) -> dict[str, Any]:
            body = {"query": CUBE, "variables": {"run": str(valued.run), **variables}}
            connection.request("POST", "/graphql", json.dumps(body), headers)
            answer = json.loads(connection.getresponse().read())
            assert "errors" not in answer, answer["errors"]
            found: dict[str, Any] = answer["data"]["run"]["cube"]
            return found

        yield Web(cube, pid, installation.postmaster)
        connection.close()


def test_cube_reads_over_http(
    web: Web, valued: Valued, record_property: Callable[[str, object], None]
) -> None:
    assert web.ask({})["counts"] == [valued.book.positions]
    print(f"\ncube reads: run of {valued.book.positions:,} positions, {REQUESTS} requests each")
    head = f"{'p50 ms':>8} {'p95 ms':>8} {'cpu ms':>8} {'values':>8}"
    print(f"  {'':<38} {head}  (target p95 {TARGET_MS})")
    for place, nodes in PLACES.items():
        for shape, variables in SHAPES.items():
            for number in range(WARM):
                web.ask({**variables, "node": nodes[number % len(nodes)]})
            seconds, cpu = [], web.cpu
            for number in range(REQUESTS):
                begun = time.perf_counter()
                found = web.ask({**variables, "node": nodes[number % len(nodes)]})
                seconds.append(time.perf_counter() - begun)
            each = (web.cpu - cpu) / REQUESTS * 1000
            p50, p95 = np.percentile(np.array(seconds) * 1000, [50, 95])
            values = sum(len(column["values"]) for column in found["columns"])
            record_property(f"{place}: {shape}, p50 ms", p50)
            record_property(f"{place}: {shape}, p95 ms", p95)
            record_property(f"{place}: {shape}, cpu ms", each)
            name = f"{place}: {shape}"
            print(f"  {name:<38} {p50:>8.1f} {p95:>8.1f} {each:>8.1f} {values:>8,}")
