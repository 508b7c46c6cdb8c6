"""Workers killed at random, and a position that kills every worker that touches it."""

import random
import signal
import time
from pathlib import Path

from tests.pipeline.harness import children, send


def holders(yard, run):
    return {
        owner.removeprefix("tieout:")
        for (owner,) in yard.all(
            "SELECT lease_owner FROM run_task WHERE run_id = %s AND status = 'RUNNING'", run
        )
    }


def kill_one(yard, run, supervisor, rng) -> bool:
    """Kill a worker that holds a task of the run, if there is one."""
    holding = holders(yard, run)
    victims = []
    for pid in children(supervisor.pid):
        try:
            words = Path(f"/proc/{pid}/cmdline").read_text().split("\0")
        except FileNotFoundError:
            continue
        if holding & set(words):
            victims.append(pid)
    return bool(victims) and send(rng.choice(sorted(victims)), signal.SIGKILL)


def test_random_kills_lose_nothing_and_double_nothing(yard, scale, figures):
    wanted = scale(8, 50)
    clean = yard.submit(shards=64)
    assert yard.work(2) == 0
    expected = yard.totals(clean)

    run = yard.submit(shards=64, force=True, max_attempts=50)
    rng = random.Random(20221230)
    kills, begun = 0, time.monotonic()
    supervisor = yard.start(3, lease=4, TIEOUT_TEST_SECONDS=scale(0.3, 1.0))
    while kills < wanted and supervisor.poll() is None:
        time.sleep(rng.random() * 0.6)
        kills += kill_one(yard, run, supervisor, rng)
    assert supervisor.wait(400) == 0

    figures |= {
        "kills": kills,
        "seconds": round(time.monotonic() - begun, 1),
        "tasks": yard.tasks(run),
        "attempts": yard.outcomes(run),
    }
    assert kills == wanted
    assert yard.totals(run) == expected
    doubles = yard.one(
        "SELECT count(*) FROM (SELECT task_id FROM run_task_attempt WHERE outcome = 'SUCCEEDED'"
        " GROUP BY task_id HAVING count(*) > 1) twice"
    )
    assert doubles == 0


def test_a_position_that_kills_every_worker_stands_alone_as_one_error_row(yard, scale, figures):
    culprit = 137
    clean = yard.submit(shards=4)
    assert yard.work(2) == 0

    run = yard.submit(shards=scale(16, 4), force=True, max_attempts=2)
    begun = time.monotonic()
    assert yard.work(2, seconds=400, lease=30, TIEOUT_TEST_CULPRITS=culprit) == 0
    figures |= {
        "seconds": round(time.monotonic() - begun, 1),
        "tasks": yard.tasks(run),
        "attempts": yard.outcomes(run),
    }

    def rows(of):
        return yard.all(
            "SELECT position, book, block, status, error_code, input_hash, error, cells"
            " FROM valuation WHERE run = %s AND position <> %s ORDER BY position, block",
            of,
            culprit,
        )

    assert yard.status(run) == "COMPLETED_WITH_ERRORS"
    assert rows(run) == rows(clean)
    found = yard.all(
        "SELECT status, cells, error::json ->> 'code' FROM valuation"
        " WHERE run = %s AND position = %s",
        run,
        culprit,
    )
    assert found == [(1, [], "CRASHED")]
    dead = yard.all("SELECT first, last FROM run_task WHERE run_id = %s AND status = 'DEAD'", run)
    assert dead == [(culprit, culprit + 1)]
    valued = "SELECT valued_count FROM run WHERE run_id = %s"
    assert yard.one(valued, run) == yard.one(valued, clean) - 1
