"""Any order of claims, endings, lapses, sweeps, cancellations and retries keeps the promises.

A model knows who holds which lease; the database must agree after every step. The same machine
with a completion that does not look at the token must be found out.
"""

import itertools

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from psycopg import IntegrityError

from apps.run import barrier, expiry, leases
from apps.run.expiry import Limits
from apps.run.leases import Attempt, Fenced
from foundation.roles import Role
from tests.chaos.storm_worker import UNFENCED
from tests.pipeline import queue

LIMITS = Limits(crashes_before_split=2, splits=6, burials=2)
POSITIONS = 6
HOLDERS = 3
_engines = itertools.count(1)


def machine(database, *, fenced=True):
    """A machine class on connections to this database."""
    worker = database.connect(Role.WORKER)
    web = database.connect(Role.WEB)

    class Leases(RuleBasedStateMachine):
        @initialize(attempts=st.integers(1, 4))
        def submit(self, attempts):
            engine = f"engine {next(_engines)}"
            self.run = queue.make_run(
                web, [(0, 4), (4, POSITIONS)], max_attempts=attempts, engine=engine
            )
            self.holders = [queue.holder(engine=engine) for _ in range(HOLDERS)]
            self.believed = [[] for _ in range(HOLDERS)]  # leases each thinks it has
            self.current = {}  # task -> token that is in force
            self.lapsed = set()
            self.written = []  # positions acknowledged as written

        def holds(self, task):
            return self.current.get(task.task_id) == task.lease_token

        def ends(self, task):
            self.current.pop(task.task_id, None)
            self.lapsed.discard(task.task_id)

        def pick(self, who, which):
            held = self.believed[who]
            return held[which % len(held)] if held else None

        @rule(who=st.integers(0, HOLDERS - 1))
        def claim(self, who):
            task = queue.claim_one(worker, self.holders[who])
            if task is not None and task.phase == "VALUE":
                assert task.task_id not in self.current
                self.current[task.task_id] = task.lease_token
                self.believed[who].append(task)

        @rule(who=st.integers(0, HOLDERS - 1), which=st.integers(0, 9))
        def complete(self, who, which):
            task = self.pick(who, which)
            if task is None:
                return
            expected = self.holds(task)
            crashed = "crashed" if task.count == 1 and task.attempts == task.max_attempts else ""
            try:
                if fenced:
                    queue.complete(worker, task, crashed=crashed)
                else:
                    worker.execute(UNFENCED, {"task": task.task_id})
            except (Fenced, IntegrityError):
                done = False
            else:
                done = True
                self.written += range(task.first, task.last)
            assert done == expected
            if done:
                self.ends(task)

        @rule(who=st.integers(0, HOLDERS - 1), which=st.integers(0, 9), useless=st.booleans())
        def fail(self, who, which, useless):
            task = self.pick(who, which)
            if task is None:
                return
            expected = self.holds(task)
            try:
                attempt = Attempt(task, task.lease_owner)
                leases.fail(worker, attempt, "x", useless=useless, backoff_seconds=0)
            except Fenced:
                assert not expected
            else:
                assert expected
                self.ends(task)

        @rule(who=st.integers(0, HOLDERS - 1), which=st.integers(0, 9))
        def give_back(self, who, which):
            task = self.pick(who, which)
            if task is None:
                return
            expected = self.holds(task)
            try:
                leases.give_back(worker, Attempt(task, task.lease_owner))
            except Fenced:
                assert not expected
            else:
                assert expected
                self.ends(task)

        @rule(who=st.integers(0, HOLDERS - 1), which=st.integers(0, 9))
        def heartbeat(self, who, which):
            task = self.pick(who, which)
            if task is not None:
                assert leases.heartbeat(worker, task) == self.holds(task)
                if self.holds(task):
                    self.lapsed.discard(task.task_id)

        @rule(which=st.integers(0, 9))
        def lapse(self, which):
            running = sorted(self.current)
            if running:
                task = running[which % len(running)]
                worker.execute(
                    "UPDATE run_task SET leased_until = clock_timestamp() - interval '1 s'"
                    " WHERE task_id = %s",
                    (task,),
                )
                self.lapsed.add(task)

        @rule(who=st.integers(0, HOLDERS - 1))
        def sweep(self, who):
            swept = expiry.sweep(worker, self.holders[who], LIMITS)
            assert swept.settled <= len(self.lapsed)
            if swept.culprit is None:
                assert swept.settled == len(self.lapsed)
            rows = worker.execute(
                "SELECT task_id, lease_token FROM run_task"
                " WHERE run_id = %s AND phase = 'VALUE' AND status = 'RUNNING'",
                (self.run,),
            ).fetchall()
            self.current = dict(rows)
            self.lapsed &= self.current.keys()
            if swept.culprit is not None:
                self.lapsed.discard(swept.culprit.task_id)
                self.believed[who].append(swept.culprit)

        @rule(who=st.integers(0, HOLDERS - 1))
        def work(self, who):
            before = len(self.believed[who])
            self.claim(who)
            if len(self.believed[who]) > before:
                self.complete(who, before)

        @rule(who=st.integers(0, HOLDERS - 1), times=st.integers(1, 4))
        def crash(self, who, times):
            for _ in range(times):
                self.claim(who)
                for which in range(len(self.current)):
                    self.lapse(which)
                self.sweep((who + 1) % HOLDERS)

        @rule()
        def advance(self):
            barrier.advance(worker, self.run)

        @rule()
        def retry(self):
            with web.transaction():
                web.execute(leases.SQL["lock_run_to_change"], {"run": self.run})
                web.execute(leases.SQL["reopen_run"], {"run": self.run})
                web.execute(leases.SQL["reopen_finalising"], {"run": self.run})
                if self.status() in ("RUNNING", "FINALISING"):
                    web.execute(leases.SQL["retry_tasks"], {"run": self.run, "task": None})

        @precondition(lambda self: len(self.written) > 1)
        @rule(really=st.integers(0, 9))
        def cancel(self, really):
            if really:
                return
            with web.transaction():
                done = web.execute(leases.SQL["cancel_run"], {"run": self.run}).rowcount
                if done:
                    web.execute(leases.SQL["cancel_tasks"], {"run": self.run})
            if done:
                self.current.clear()
                self.lapsed.clear()

        def status(self):
            return web.execute("SELECT status FROM run WHERE run_id = %s", (self.run,)).fetchone()[
                0
            ]

        @invariant()
        def no_position_is_written_twice(self):
            assert len(self.written) == len(set(self.written))

        @invariant()
        def every_position_belongs_to_one_task(self):
            rows = worker.execute(
                "SELECT first, last FROM run_task"
                " WHERE run_id = %s AND phase = 'VALUE' AND status <> 'SPLIT' ORDER BY first",
                (self.run,),
            ).fetchall()
            assert [n for first, last in rows for n in range(first, last)] == list(range(POSITIONS))

        @invariant()
        def the_database_knows_the_same_leases(self):
            rows = worker.execute(
                "SELECT task_id, lease_token FROM run_task"
                " WHERE run_id = %s AND phase = 'VALUE' AND status = 'RUNNING'",
                (self.run,),
            ).fetchall()
            assert dict(rows) == self.current

        @invariant()
        def a_phase_ends_with_all_its_positions_written(self):
            if self.status() in ("FINALISING", "COMPLETED"):
                assert sorted(self.written) == list(range(POSITIONS))

        @invariant()
        def what_succeeded_was_attempted_once_with_success(self):
            rows = worker.execute(
                "SELECT t.status IN ('SUCCEEDED') OR t.leaf_hash IS NOT NULL,"
                " count(a.id) FILTER (WHERE a.outcome = 'SUCCEEDED'"
                " OR (a.outcome = 'FAILED' AND a.error = 'crashed'))"
                " FROM run_task t LEFT JOIN run_task_attempt a USING (task_id)"
                " WHERE t.run_id = %s AND t.phase = 'VALUE' GROUP BY t.task_id",
                (self.run,),
            ).fetchall()
            assert all(count == int(done) for done, count in rows)

        def teardown(self):
            with web.transaction():
                web.execute(leases.SQL["cancel_run"], {"run": self.run})
                web.execute(leases.SQL["cancel_tasks"], {"run": self.run})

    return Leases


def test_any_order_of_events_keeps_the_promises(database, scale):
    size = settings(max_examples=scale(30, 1000), stateful_step_count=50)
    run_state_machine_as_test(machine(database), settings=size)


def test_the_machine_finds_a_completion_that_ignores_the_token(database):
    unshrunk = settings(max_examples=200, database=None, phases=[Phase.generate])
    with pytest.raises(AssertionError):
        run_state_machine_as_test(machine(database, fenced=False), settings=unshrunk)
