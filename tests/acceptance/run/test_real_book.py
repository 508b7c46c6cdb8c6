"""Runs of a real book through the commands, with the real pricing: files in, one hash out."""

import json
import random
import signal
import time

import psycopg
import pytest

from tests.acceptance.run.site import Site
from tests.benchmarks import loan_book
from tests.pipeline.figures import figures as figures
from tests.pipeline.figures import scale as scale
from tests.pipeline.harness import children, send

POSITIONS, SCENARIOS = 1200, 12


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    return loan_book.write(tmp_path_factory.mktemp("book"), POSITIONS, SCENARIOS)


@pytest.fixture
def site(database):
    return Site(database.connect, database.environment)


def test_a_book_goes_from_files_to_a_completed_run_by_commands_alone(site, files):
    inputs = site.ingest(files, loan_book.AS_OF)
    first = site.json("submit_run", *inputs)
    assert (first["created"], first["status"]) == (True, "QUEUED")
    assert site.json("submit_run", *inputs)["created"] is False

    site.run("worker", "--processes", "2", "--drain")
    standing = site.json("run_status", str(first["run_id"]))
    assert standing["status"] == "COMPLETED"
    assert standing["positions_done"] == POSITIONS
    assert site.json("submit_run", *inputs, "--wait") == {
        **standing,
        "created": False,
    }

    _, errors = site.run("submit_run", *inputs, "--measures", "WISDOM", code=1)
    assert "MEASURE_UNKNOWN" in errors
    _, errors = site.run("cancel_run", str(first["run_id"]), code=1)
    assert "ended already" in errors
    _, errors = site.run("retry_run", str(first["run_id"]), code=1)
    assert "only a failed run" in errors

    # Its workers have ended, so this one waits until somebody cancels it.
    waiting = site.start("submit_run", *inputs, "--force", "--wait", "--json")
    while not site.rows("SELECT 1 FROM run WHERE forced"):
        time.sleep(0.1)
    ((forced,),) = site.rows("SELECT run_id FROM run WHERE forced")
    site.run("cancel_run", str(forced))
    output, _ = waiting.communicate(timeout=60)
    assert waiting.returncode == 1
    assert json.loads(output.splitlines()[-1])["status"] == "CANCELLED"


def _shuffled(files, folder):
    """The same files with their lines in another order."""
    found = {}
    for kind, path in files.items():
        lines = path.read_text().splitlines(keepends=True)
        if path.suffix == ".jsonl" and kind != "portfolios":
            random.Random(3).shuffle(lines)
        found[kind] = folder / path.name
        found[kind].write_text("".join(lines))
    return found


def _kill_now_and_then(supervisor, wanted, rng):
    kills = 0
    while supervisor.poll() is None:
        time.sleep(rng.random())
        workers = children(supervisor.pid)
        if kills < wanted and workers:
            kills += send(rng.choice(workers), signal.SIGKILL)
    return kills


def test_workers_shards_order_of_lines_and_kills_change_no_number(
    site, files, tmp_path, databases, template, database, scale, figures
):
    inputs = site.ingest(files, loan_book.AS_OF)
    runs = [site.submit(inputs, "--shards", "1", "--force")]
    site.run("worker", "--drain")
    expected = site.totals(runs[0])
    assert expected[0][0][0] == "COMPLETED"

    workers = scale((2,), (1, 2, 4))
    for processes in workers:
        runs = [site.submit(inputs, "--shards", str(n), "--force") for n in (1, 7, 64)]
        site.run("worker", "--processes", str(processes), "--drain")
        assert [site.totals(run) for run in runs] == [expected] * 3
    figures |= {"workers": workers, "shards": (1, 7, 64), "positions": POSITIONS}

    wanted, rng = scale(3, 50), random.Random(5)
    kills = disturbed = 0
    while kills < wanted:
        run = site.submit(inputs, "--shards", "64", "--force", "--max-attempts", "50")
        supervisor = site.start("worker", "--processes", "2", "--drain", "--lease-seconds", "4")
        landed = _kill_now_and_then(supervisor, wanted - kills, rng)
        supervisor.communicate(timeout=60)
        assert supervisor.returncode == 0
        assert landed > 0
        assert site.totals(run) == expected
        kills, disturbed = kills + landed, disturbed + 1
    figures |= {"kills": kills, "runs_of_64_shards_killed_in": disturbed}

    name = databases.clone(template, "shuffled")
    try:
        other = Site(
            lambda role: _connect(databases, name, role),
            database.environment | {"TIEOUT_DATABASE": name},
        )
        run = other.submit(other.ingest(_shuffled(files, tmp_path), loan_book.AS_OF))
        other.run("worker", "--drain")
        assert other.totals(run) == expected
        figures["shuffled"] = "equal"
    finally:
        databases.server.drop_database(name)

    hashes = site.rows("SELECT DISTINCT status, result_hash FROM run")
    unfinished = [status for status, _ in hashes if status != "COMPLETED"]
    figures |= {"result_hashes": len(hashes), "runs_left_unfinished": len(unfinished)}
    assert (len(hashes), unfinished) == (1, [])


def test_fewer_scenarios_give_the_same_cells(site, files, tmp_path, scale, figures):
    """Any subset: drawn at random, in an order of its own."""
    inputs = site.ingest(files, loan_book.AS_OF)
    whole = site.submit(inputs)
    document = json.loads(files["scenarios"].read_text())
    codes = [scenario["code"] for scenario in document["scenarios"] if scenario["code"] != "BASE"]
    rng, parts = random.Random(11), []
    for number in range(scale(2, 8)):
        members = ["BASE", *rng.sample(codes, rng.randrange(1, len(codes)))]
        chosen = [{"code": f"PART{number}", "name": "Some of them", "members": members}]
        path = tmp_path / f"part{number}.json"
        path.write_text(json.dumps(document | {"sets": chosen}))
        found = site.json("ingest", "scenarios", str(path))
        parts.append(site.submit([*inputs[:-1], str(found["scenario_set_id"])]))
    site.run("worker", "--processes", "2", "--drain")
    cells = (
        "SELECT count(*), count(*) FILTER (WHERE a.cell <> b.cell) FROM ("
        "  SELECT v.position, x.measure, x.scenario, x.factor, v.cells[x.ordinal] AS cell"
        "  FROM valuation v JOIN run_axis x USING (run, block) WHERE v.run = %s) a"
        " JOIN ("
        "  SELECT v.position, x.measure, x.scenario, x.factor, v.cells[x.ordinal] AS cell"
        "  FROM valuation v JOIN run_axis x USING (run, block) WHERE v.run = %s) b"
        " USING (position, measure, scenario, factor)"
    )
    compared = 0
    for part in parts:
        ((width,),) = site.rows("SELECT count(*) FROM run_axis WHERE run = %s", part)
        assert site.rows(cells, whole, part) == [(POSITIONS * width, 0)]
        compared += POSITIONS * width
    figures |= {"subsets": len(parts), "cells_compared": compared, "cells_different": 0}


def _connect(databases, name, role):
    return psycopg.connect(**databases.server.parameters(role, name), autocommit=True)
