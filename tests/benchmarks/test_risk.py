"""What market risk costs: 500 historical scenarios and every figure, over the run of 100.

The extra CPU of workers and server is read as a multiple of the base run's; then VaR and expected
shortfall of the root are asked over HTTP, as a client asks for them.
"""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Callable
from urllib.parse import urlsplit

import numpy as np

from tests.benchmarks.installation import MEASURES, WORKERS, Installation, Valued
from tests.benchmarks.test_cube_reads import REQUESTS, STEWARD, TARGET_MS, WARM
from tests.integration.graph.serving import served

DAYS = 500
TARGET_RATIO = 6.0
RISK = (
    "HIST_VAR,HIST_ES,HIST_ES_AT,COMPONENT_VAR,COMPONENT_ES,COMPONENT_ES_AT,"
    "DELTA_NORMAL_VAR,DELTA_GAMMA_VAR,CORNISH_FISHER_VAR,CONVEXITY_AMOUNT,CS01"
)
HISTORY = f"""
import datetime as dt
import numpy as np
from apps.scenario import services
TENORS = ("3M", "1Y", "2Y", "5Y", "10Y", "30Y")
drawn = np.random.Generator(np.random.Philox(11)).normal(size=({DAYS}, 8)) * 7e-4
first = dt.date(2021, 1, 4)
made = []
for day, row in enumerate(drawn):
    tenors = [[t, f"{{row[6] + 0.3 * x:.12f}}"] for t, x in zip(TENORS, row)]
    code = f"H{{first + dt.timedelta(days=day):%Y%m%d}}"
    shocks = [{{"risk": "RATE", "curve": "USD-TREASURY", "mode": "ABSOLUTE", "tenors": tenors}},
              {{"risk": "SPREAD", "size": f"{{0.5 * row[7]:.12f}}"}}]
    made.append({{"code": code, "name": code, "shocks": shocks}})
basis = {{"kind": "HISTORICAL", "from": "2021-01-04", "to": "2022-12-30", "horizon_days": 1,
         "missing_days": "SKIP", "overlapping": False, "demeaned": False}}
found = services.create_scenario_set(code="HIST", name="Moves", scenarios=made, basis=basis)
print(found.scenario_set_id)
"""
QUERY = """query($run: ID!) { run(id: $run) { risk { covered
  figures { measure value reason scenario scenarioName } components { nodeCodes values }
  ladders { measure factors values } } } }"""


def test_extra_cpu_of_market_risk_and_figures_of_the_root_over_http(
    installation: Installation,
    valued: Valued,
    record_property: Callable[[str, object], None],
) -> None:
    made = installation.manage("shell", "--verbosity", "0", "-c", HISTORY, TIEOUT_ROLE="desk")
    inputs = [
        *("--positions", str(valued.book.ids["positions"])),
        *("--market", str(valued.book.ids["marketdata"])),
        *("--scenarios", made.output.split()[-1]),
        *("--measures", f"{MEASURES},{RISK}"),
    ]
    submitted = installation.manage("submit_run", *inputs, "--json")
    run = int(json.loads(submitted.output.splitlines()[-1])["run_id"])
    with installation.server.superuser("tieout") as connection:
        connection.execute("CHECKPOINT")
    worked = installation.manage(
        *("worker", "--processes", str(WORKERS), "--drain"),
        DJANGO_SETTINGS_MODULE="tests.benchmarks.measured",
    )
    ((status, error),) = installation.rows("SELECT status, error FROM run WHERE run_id = %s", run)
    assert status == "COMPLETED", f"run {run} is {status} {error}"
    ((seconds, count),) = installation.rows(
        "SELECT (SELECT sum((seconds ->> 'RiskFinaliser')::float8) FROM run_task_attempt"
        " WHERE run_id = %s), (SELECT count(*) FROM node_result WHERE run = %s)",
        run,
        run,
    )
    extra = worked.cores - valued.worked.cores
    figures = {
        "base core_seconds": valued.worked.cores,
        "risk core_seconds": worked.cores,
        "extra over base": extra / valued.worked.cores,
        "figures of nodes": count,
        "RiskFinaliser wall_seconds": seconds,
    }
    print(f"\nmarket risk: {valued.book.positions:,} loans x {DAYS} scenarios, all figures")
    for name, value in figures.items():
        record_property(name, value)
        print(f"  {name:<28} {value:>12,.2f}")
    print(f"  (target of extra over base <= {TARGET_RATIO})")
    p50, p95 = _asked_at_the_root(installation, run)
    record_property("risk at the root, p50 ms", p50)
    record_property("risk at the root, p95 ms", p95)
    print(f"  risk at the root over HTTP: p50 {p50:.1f} ms, p95 {p95:.1f} ms (target {TARGET_MS})")


def _asked_at_the_root(installation: Installation, run: int) -> tuple[float, float]:
    script = STEWARD.replace("reader", "risk-reader")
    used = installation.manage("shell", "--verbosity", "0", "-c", script, TIEOUT_ROLE="desk")
    headers = {
        "Authorization": f"Bearer {used.output.split()[-1]}",
        "Content-Type": "application/json",
    }
    body = json.dumps({"query": QUERY, "variables": {"run": str(run)}})
    seconds = []
    with served({**installation.environment}) as server:
        connection = http.client.HTTPConnection(urlsplit(server.address).netloc)
        for number in range(WARM + REQUESTS):
            begun = time.perf_counter()
            connection.request("POST", "/graphql", body, headers)
            answer = json.loads(connection.getresponse().read())
            if number >= WARM:
                seconds.append(time.perf_counter() - begun)
            assert "errors" not in answer, answer["errors"]
            found = answer["data"]["run"]["risk"]["figures"]
            own = [each for each in found if each["measure"].startswith("HIST")]
            assert all(each["value"] is not None for each in own), found
        connection.close()
    p50, p95 = np.percentile(np.array(seconds) * 1000, [50, 95])
    return float(p50), float(p95)
