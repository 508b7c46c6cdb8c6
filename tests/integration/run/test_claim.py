"""Claims: one task each, in order, of the right engine, from the partial index."""

import threading

import pytest
from psycopg import errors

from apps.run import leases
from foundation.roles import Role
from tests.pipeline import queue


def test_tasks_are_claimed_in_the_order_they_were_made(web, worker_conn):
    queue.make_run(web, 3)
    who = queue.holder()
    claimed = [queue.claim_one(worker_conn, who) for _ in range(4)]
    assert [task and (task.first, task.last) for task in claimed] == [
        (0, 10),
        (10, 20),
        (20, 30),
        None,
    ]


def test_a_claim_starts_the_run_and_charges_an_attempt(web, worker_conn):
    run = queue.make_run(web, 1)
    who = queue.holder(lease_seconds=30)
    task = queue.claim_one(worker_conn, who)
    assert task.attempts == 1
    row = worker_conn.execute(
        "SELECT t.status, lease_owner, leased_until - clock_timestamp() < interval '31 s',"
        " r.status, r.started_at IS NOT NULL FROM run_task t JOIN run r USING (run_id)"
        " WHERE run_id = %s",
        (run,),
    ).fetchone()
    assert row == ("RUNNING", who.owner, True, "RUNNING", True)


@pytest.mark.parametrize(
    ("_case", "changes"),
    [("another engine", {"engine": "other"}), ("another profile", {"profile": "other"})],
)
def test_a_worker_claims_only_tasks_of_its_own_engine_and_profile(web, worker_conn, _case, changes):
    queue.make_run(web, 1)
    assert queue.claim_one(worker_conn, queue.holder(**changes)) is None


def test_a_task_in_back_off_is_not_claimed_before_its_time(web, worker_conn):
    queue.make_run(web, 1)
    worker_conn.execute("UPDATE run_task SET available_at = clock_timestamp() + interval '1 hour'")
    assert queue.claim_one(worker_conn, queue.holder()) is None


def test_sixteen_connections_at_once_never_claim_a_task_twice(database, web):
    queue.make_run(web, 200)
    claimed: list[int] = []

    def work():
        with database.connect(Role.WORKER) as connection:
            who = queue.holder()
            while (task := queue.claim_one(connection, who)) is not None:
                claimed.append(task.task_id)

    threads = [threading.Thread(target=work) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(claimed) == len(set(claimed)) == 200


def test_a_claim_of_n_takes_n_and_no_more(web, worker_conn):
    queue.make_run(web, 50)
    # A join order that would run an inlined candidate list again for every row.
    worker_conn.execute("SET enable_hashjoin = off")
    worker_conn.execute("SET enable_mergejoin = off")
    assert len(leases.claim(worker_conn, queue.holder(), 7)) == 7


def _nodes(plan):
    yield plan
    for child in plan.get("Plans", []):
        yield from _nodes(child)


def test_a_claim_reads_the_partial_index_and_sorts_nothing(web, worker_conn, owner):
    queue.make_run(web, 3000)
    owner.execute("VACUUM (ANALYZE) run_task")
    parameters = {
        "engine": "engine",
        "profile": "profile",
        "owner": "tieout:x",
        "lease_seconds": 30.0,
        "count": 1,
    }
    explained = worker_conn.execute(
        "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) " + leases.SQL["claim"], parameters
    ).fetchone()[0]
    nodes = list(_nodes(explained[0]["Plan"]))
    kinds = [node["Node Type"] for node in nodes]
    assert "Sort" not in kinds
    assert "Seq Scan" not in kinds
    assert "run_task_ready" in [node.get("Index Name") for node in nodes]
    looked = next(node for node in nodes if node.get("Subplan Name") == "CTE candidate")
    assert looked["Shared Hit Blocks"] + looked["Shared Read Blocks"] < 20


def test_the_web_role_cannot_claim(web):
    queue.make_run(web, 1)
    with pytest.raises(errors.InsufficientPrivilege):
        queue.claim_one(web, queue.holder())


def test_a_heartbeat_prolongs_a_lease_and_tells_when_it_is_lost(web, worker_conn):
    queue.make_run(web, 1)
    task = queue.claim_one(worker_conn, queue.holder(lease_seconds=5))
    before = worker_conn.execute("SELECT leased_until FROM run_task").fetchone()
    assert leases.heartbeat(worker_conn, task)
    after = worker_conn.execute("SELECT leased_until FROM run_task").fetchone()
    assert after > before
    worker_conn.execute("UPDATE run_task SET lease_token = gen_random_uuid()")
    assert not leases.heartbeat(worker_conn, task)
