"""One worker process: claims a task, does it, claims the next; stops when it is told to."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

import psycopg

from apps.run import barrier, expiry, leases, pipeline
from apps.run.connections import Connection, Session
from apps.run.contracts import RetryUseless
from apps.run.execution import Execution
from apps.run.expiry import Limits
from apps.run.heartbeat import Heartbeat, LeaseLost
from apps.run.leases import SQL, Attempt, Fenced, Holder, Task
from foundation import telemetry

LOG = telemetry.logger(__name__)

OUT_OF_MEMORY = 70
"""Exit code of a process that ran out of memory: nothing it holds can be relied on."""

_LONGEST_ERROR = 2000


class Stop(KeyboardInterrupt):
    """The process has been told to stop.

    A KeyboardInterrupt, because psycopg cancels a running statement for that one only, and
    because no stage will take it for an error of its own.
    """


@dataclass(frozen=True, slots=True)
class Terms:
    """How a worker works: its waits in seconds, its limits, and whether it ends with the work.

    `supervisor` is the process without which it does not go on; its parent when not given.
    """

    poll_seconds: float
    task_seconds: float
    backoff_seconds: float
    limits: Limits
    drain: bool = False
    supervisor: int | None = None


class Worker:
    """Does tasks of one engine and profile, one after the other, under one lease owner's name."""

    def __init__(self, holder: Holder, terms: Terms) -> None:
        self._holder = holder
        self._terms = terms
        self._session = Session(holder.owner, _listen)
        self._beat = Heartbeat(holder.owner, holder.lease_seconds, terms.task_seconds)
        self._execution = Execution(pipeline.configured(), self._beat, self._interruptible)
        self._parent = os.getppid() if terms.supervisor is None else terms.supervisor
        self._stopping = False
        self._may_interrupt = False
        self._next_sweep = 0.0

    def work(self) -> None:
        """Work until told to stop, or with `drain` until no run is left to work on."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        self._beat.start()
        try:
            while not self._is_over():
                self._step()
        except Stop:
            LOG.info("stopped")
        finally:
            self._beat.end()
            self._session.close()

    def _is_over(self) -> bool:
        # A worker outlives its supervisor by one task: nobody would stop it any more.
        return self._stopping or os.getppid() != self._parent

    def _step(self) -> None:
        try:
            connection = self._session.open
            found = self._next(connection)
            if found is not None:
                self._do(*found)
            elif self._terms.drain and not leases.work_remains(connection, self._holder):
                self._say_what_is_left(connection)
                self._stopping = True
            else:
                self._idle(connection)
        except psycopg.Error as error:
            if not self._session.lost(error):
                LOG.warning("database refused", error=str(error).strip())
            with self._interruptible():
                self._session.wait()

    def _say_what_is_left(self, connection: Connection) -> None:
        others = leases.left_behind(connection, self._holder)
        if others:
            LOG.warning("runs of another engine or profile are left", runs=others)

    def _next(self, connection: Connection) -> tuple[Task, str] | None:
        """Return a task to do, and why it is only to be written off if it is."""
        if time.monotonic() >= self._next_sweep:
            culprit = self._sweep(connection)
            if culprit is not None:
                return culprit, _crash_message(culprit)
            # Not only when there is nothing else to do: a run whose last worker died before it
            # looked would wait for the end of every other run.
            barrier.advance_all(connection)
        claimed = leases.claim(connection, self._holder)
        if claimed:
            return claimed[0], ""
        barrier.advance_all(connection)
        claimed = leases.claim(connection, self._holder)
        return (claimed[0], "") if claimed else None

    def _sweep(self, connection: Connection) -> Task | None:
        swept = expiry.sweep(connection, self._holder, self._terms.limits)
        if swept.settled:
            LOG.info("leases ran out", tasks=swept.settled)
        pause = min(self._holder.lease_seconds / 4, self._terms.poll_seconds)
        self._next_sweep = time.monotonic() + pause
        return swept.culprit

    def _idle(self, connection: Connection) -> None:
        """Wait for a hint that there is work, and not for longer than until the next poll."""
        with self._interruptible():
            for _ in connection.notifies(timeout=self._terms.poll_seconds, stop_after=1):
                pass

    def _do(self, task: Task, crashed: str) -> None:
        attempt = Attempt(task, self._holder.owner)
        self._beat.hold(task)
        try:
            self._execution.run(self._session.open, attempt, crashed=crashed)
        except Stop:
            self._give_back(attempt)
            raise
        except MemoryError:
            LOG.error("out of memory", task=task.task_id, positions=task.count)
            os._exit(OUT_OF_MEMORY)
        except (Fenced, LeaseLost) as error:
            self._fenced(attempt, str(error) or "the lease was lost")
        except psycopg.OperationalError as error:
            self._settle_unanswered(attempt, error, crashed)
        except Exception as error:
            LOG.exception("task failed", task=task.task_id)
            useless = isinstance(error, RetryUseless | psycopg.IntegrityError)
            self._fail(attempt, error, crashed, useless=useless)
        finally:
            self._beat.release()
        barrier.advance(self._session.open, task.run_id)

    def _fail(self, attempt: Attempt, error: Exception, crashed: str, *, useless: bool) -> None:
        try:
            if crashed and not useless:
                # Its attempts are used up: to fail it would fail the run for a fault of ours.
                leases.let_go(self._session.open, attempt.task)
                return
            leases.fail(
                self._session.open,
                attempt,
                _text(error),
                useless=useless,
                backoff_seconds=self._terms.backoff_seconds,
            )
        except Fenced as fenced:
            self._fenced(attempt, str(fenced))

    def _settle_unanswered(self, attempt: Attempt, error: psycopg.Error, crashed: str) -> None:
        """The database broke off: find out whether the attempt was committed, then go on."""
        LOG.warning("database broke off", task=attempt.task.task_id, error=str(error).strip())
        self._session.lost(error)
        while True:
            try:
                if not leases.was_committed(self._session.open, attempt.task):
                    self._fail(attempt, error, crashed, useless=False)
                return
            except psycopg.Error as again:
                self._session.lost(again)
                with self._interruptible():
                    self._session.wait()

    def _fenced(self, attempt: Attempt, reason: str) -> None:
        LOG.warning("attempt refused", task=attempt.task.task_id, reason=reason)
        leases.record_fenced(self._session.open, attempt, reason)

    def _give_back(self, attempt: Attempt) -> None:
        # The statement in hand was cut off: nothing more can be said on this connection.
        self._session.close()
        try:
            leases.give_back(self._session.open, attempt)
        except Fenced:
            LOG.info("nothing to give back", task=attempt.task.task_id)
        except psycopg.Error as error:
            LOG.warning("not given back; its lease will run out", error=str(error).strip())

    def _stop(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        self._stopping = True
        if self._may_interrupt:
            self._may_interrupt = False
            raise Stop

    @contextmanager
    def _interruptible(self) -> Iterator[None]:
        """Let a signal to stop end what is inside at any point."""
        self._may_interrupt = True
        try:
            if self._stopping:
                raise Stop
            yield
        finally:
            self._may_interrupt = False


def _listen(connection: Connection) -> None:
    connection.execute(SQL["listen"])


def _crash_message(task: Task) -> str:
    return f"the process ended without an answer in each of {task.attempts} attempts"


def _text(error: BaseException) -> str:
    text = f"{type(error).__name__}: {error}".replace("\0", "\\0").strip()
    return text[:_LONGEST_ERROR]
