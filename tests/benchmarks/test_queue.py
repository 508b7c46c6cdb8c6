"""Claim and complete per second with 1,000 and with 100,000 tasks queued: flat within 1.5 times.

One worker, one task at a time, each step its own commit, on the tests' server (without fsync: a
slow disk would hide the work of the queue itself).
"""

import statistics
import time
from contextlib import ExitStack

import psycopg
import pytest

from apps.run import barrier
from foundation.roles import Role
from tests.pipeline import queue

SIZES = (1_000, 100_000)
ROUNDS = 8
TASKS_PER_ROUND = 100
FLAT = 1.5


@pytest.fixture
def queues(databases, template):
    """Two databases that differ in nothing but the length of their queue."""
    names = {size: databases.clone(template, f"queue{size}") for size in SIZES}
    for size, name in names.items():
        with _connect(databases, name, Role.WEB) as web:
            web.execute("SET statement_timeout = '5min'")
            queue.make_run(web, size)
        with _connect(databases, name, Role.OWNER) as owner:
            owner.execute("VACUUM (ANALYZE) run_task")
    with ExitStack() as stack:
        yield {
            size: stack.enter_context(_connect(databases, name, Role.WORKER))
            for size, name in names.items()
        }
    for name in names.values():
        databases.server.drop_database(name)


def _connect(databases, name, role):
    return psycopg.connect(**databases.server.parameters(role, name), autocommit=True)


def _rate(connection, holder):
    """Tasks claimed, completed and looked after per second."""
    begun = time.perf_counter()
    for _ in range(TASKS_PER_ROUND):
        task = queue.claim_one(connection, holder)
        queue.complete(connection, task)
        barrier.advance(connection, task.run_id)
    return TASKS_PER_ROUND / (time.perf_counter() - begun)


def test_claim_and_complete_is_flat_in_the_length_of_the_queue(queues):
    holder = queue.holder()
    for connection in queues.values():
        _rate(connection, holder)  # plans and caches
    # Turn by turn: what else the machine does falls on both.
    rates = {size: [] for size in SIZES}
    for _ in range(ROUNDS):
        for size, connection in queues.items():
            rates[size].append(_rate(connection, holder))
    short, long = (statistics.median(rates[size]) for size in SIZES)
    print(
        f"\nclaim and complete: {short:.0f}/s with {SIZES[0]:,} queued, "
        f"{long:.0f}/s with {SIZES[1]:,}; ratio {short / long:.2f} (at most {FLAT})"
    )
    assert short / long < FLAT


def test_the_rate_does_not_sink_as_a_long_queue_is_worked_off(queues):
    """What was claimed leaves dead entries at the head of the index; they must cost nothing."""
    holder, connection = queue.holder(), queues[SIZES[1]]
    _rate(connection, holder)
    first = statistics.median(_rate(connection, holder) for _ in range(5))
    for _ in range(30):
        _rate(connection, holder)
    last = statistics.median(_rate(connection, holder) for _ in range(5))
    print(f"\nafter 4,000 tasks: {first:.0f}/s, then {last:.0f}/s; ratio {first / last:.2f}")
    assert first / last < FLAT
