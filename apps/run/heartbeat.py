"""The side thread that keeps a worker's lease alive, and tells when it has been lost."""

from __future__ import annotations

import os
import threading
import time

import psycopg

from apps.run import leases
from apps.run.connections import Connection, Session
from apps.run.leases import Task
from foundation import telemetry

LOG = telemetry.logger(__name__)

OVERTIME = 71
"""Exit code of a process whose task took longer than any may."""


class LeaseLost(Exception):
    """The task in hand is no longer ours: what was computed of it is dropped."""


class Heartbeat(threading.Thread):
    """Prolongs the lease of the task in hand every quarter of it, on a connection of its own.

    A task that takes longer than `task_seconds` ends the process: a computation that never ends
    would otherwise keep its lease for ever.
    """

    def __init__(self, owner: str, lease_seconds: float, task_seconds: float) -> None:
        super().__init__(name="heartbeat", daemon=True)
        self._lease_seconds = lease_seconds
        self._task_seconds = task_seconds
        self._session = Session(owner, self._prepare)
        self._changed = threading.Condition()
        self._task: Task | None = None
        self._since = 0.0
        self._last_good = 0.0
        self._next_beat = 0.0
        self._lost = threading.Event()
        self._ended = False

    def hold(self, task: Task) -> None:
        """Keep the lease of a task that has just been claimed."""
        with self._changed:
            self._task = task
            self._since = self._last_good = time.monotonic()
            self._next_beat = self._since + self._lease_seconds / 4
            self._lost.clear()
            self._changed.notify()

    def release(self) -> None:
        """The task in hand is over, one way or another."""
        with self._changed:
            self._task = None

    def check(self) -> None:
        """Raise LeaseLost if the task in hand is no longer ours."""
        if self._lost.is_set():
            raise LeaseLost

    def end(self) -> None:
        """Let the thread end."""
        with self._changed:
            self._ended = True
            self._changed.notify()

    def run(self) -> None:
        """Beat until the end; no error of the database ends the thread."""
        while (task := self._due()) is not None:
            self._beat(task)
        self._session.close()

    def _due(self) -> Task | None:
        """Wait until the task in hand needs a beat and return it; None at the end."""
        with self._changed:
            while not self._ended:
                if self._task is None:
                    self._changed.wait()
                    continue
                pause = self._next_beat - time.monotonic()
                if pause <= 0:
                    self._next_beat = time.monotonic() + self._lease_seconds / 4
                    return self._task
                self._changed.wait(pause)
            return None

    def _prepare(self, connection: Connection) -> None:
        # The completing transaction of our own process holds the task's row.
        wait = max(100, int(self._lease_seconds * 1000 / 8))
        connection.execute(
            "SELECT set_config('lock_timeout', %(wait)s, false)", {"wait": f"{wait}ms"}
        )

    def _beat(self, task: Task) -> None:
        if time.monotonic() - self._since > self._task_seconds:
            LOG.error("task takes too long", task=task.task_id, seconds=self._task_seconds)
            os._exit(OVERTIME)
        kept = self._prolong(task)
        with self._changed:
            if self._task is not task:
                return
            if kept:
                self._last_good = time.monotonic()
            elif kept is False or self._is_overdue():
                self._lost.set()

    def _is_overdue(self) -> bool:
        """Whether nothing was heard for a whole lease: others may have taken the task."""
        return time.monotonic() - self._last_good > self._lease_seconds

    def _prolong(self, task: Task) -> bool | None:
        """Return True or False as the database says, None when it says nothing."""
        try:
            return leases.heartbeat(self._session.open, task)
        except psycopg.errors.LockNotAvailable:
            return None
        except (psycopg.Error, OSError) as error:
            self._session.lost(error)
            LOG.warning("heartbeat failed", task=task.task_id, error=str(error).strip())
            return None
