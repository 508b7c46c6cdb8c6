"""Workers stopped past their lease and woken again: what they still write is refused."""

import signal
import time
from pathlib import Path

import pytest

from tests.pipeline.harness import send, until

LEASE = 2.0


@pytest.mark.parametrize("point", ["claimed", "compute", "copy", "commit", "finalise"])
def test_a_worker_woken_after_its_lease_writes_nothing(yard, point, tmp_path, figures):
    phase, position = ("FINALISE", 0) if point == "finalise" else ("VALUE", 300)
    clean = yard.submit(shards=5)
    assert yard.work(1) == 0
    expected = yard.totals(clean)

    run = yard.submit(shards=5, force=True)
    zombie = yard.start(
        supervised=False, lease=LEASE, TIEOUT_TEST_PAUSE=f"{point}:{position}:{tmp_path}"
    )
    mark = Path(tmp_path) / "stopped"
    until(mark.exists, 60, f"a stop at {point}")
    pid = int(mark.read_text())
    stopped = yard.one(
        "SELECT lease_owner FROM run_task WHERE run_id = %s AND phase = %s"
        " AND status = 'RUNNING' AND first <= %s AND last > %s",
        *(run, phase, position, position),
    )
    begun = time.monotonic()
    assert yard.work(1, lease=LEASE) == 0
    figures["seconds"] = round(time.monotonic() - begun, 1)
    assert figures["seconds"] < 2 * LEASE + 25
    assert yard.status(run) == "COMPLETED_WITH_ERRORS"

    send(pid, signal.SIGCONT)
    assert zombie.wait(60) == 0
    fenced = yard.all(
        "SELECT error FROM run_task_attempt WHERE run_id = %s AND outcome = 'FENCED'"
        " AND lease_owner = %s",
        run,
        stopped,
    )
    figures |= {"refused": len(fenced), "attempts": yard.outcomes(run)}
    assert len(fenced) == 1
    assert yard.totals(run) == expected


def test_a_worker_that_stands_still_in_its_copy_holds_nobody_up_for_long(yard, tmp_path, figures):
    """Its row is locked and no timeout reaches it: two leases later its backend is ended."""
    run = yard.submit(shards=2)
    yard.start(supervised=False, lease=LEASE, TIEOUT_TEST_PAUSE=f"copy:0:{tmp_path}")
    until((Path(tmp_path) / "stopped").exists, 60, "a stop in COPY")
    locked = yard.one("SELECT clock_timestamp()")
    assert yard.work(1, lease=LEASE) == 0
    waited = yard.one("SELECT extract(epoch FROM clock_timestamp() - %s)::float", locked)
    figures["seconds"] = round(waited, 1)
    assert yard.status(run) == "COMPLETED_WITH_ERRORS"
    assert waited < 2 * LEASE + 25
