"""One poller per process that follows runs for all who subscribed, on a connection of its own.

It never touches the ORM: hundreds of open streams would each hold a thread and a connection.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import psycopg
from django.db import connection

from apps.run.leases import SQL
from apps.run.selectors import Progress, progress_in
from foundation import telemetry
from graph.errors import BadInput, ClientError

LOG = telemetry.logger(__name__)

INTERVAL_SECONDS = 0.5
MAX_FOLLOWERS = 500
"""Streams that one process keeps open."""

_LATEST = 1

Codes = tuple[str, ...] | None


class Poller:
    """Follows runs while somebody listens; idle otherwise, without a connection."""

    def __init__(self) -> None:
        self._followers: dict[int, set[asyncio.Queue[Progress | None]]] = defaultdict(set)
        self._task: asyncio.Task[None] | None = None
        self._connection: psycopg.AsyncConnection[Any] | None = None
        self._opening = asyncio.Lock()

    async def follow(self, run: int, codes: Codes) -> AsyncIterator[Progress]:
        """Yield a run's progress now and whenever it changes, until the run is over.

        `codes` are the reader's granted portfolios, None all of them.
        """
        if not await self._may_follow(run, codes):
            raise BadInput(f"there is no run {run}")
        async with self._subscribed(run) as queue:
            while (progress := await queue.get()) is not None:
                yield progress
                if progress.is_final:
                    return

    @asynccontextmanager
    async def _subscribed(self, run: int) -> AsyncIterator[asyncio.Queue[Progress | None]]:
        if sum(len(each) for each in self._followers.values()) >= MAX_FOLLOWERS:
            raise ClientError("too many streams are open; ask again later")
        # A slow reader gets the latest state, not every state.
        queue: asyncio.Queue[Progress | None] = asyncio.Queue(maxsize=_LATEST)
        self._followers[run].add(queue)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._poll())
        try:
            yield queue
        finally:
            self._followers[run].discard(queue)
            if not self._followers[run]:
                del self._followers[run]

    async def _poll(self) -> None:
        while self._followers:
            await self._report()
            # Somebody may subscribe while the connection is being closed: the loop sees it.
            await self._close()

    async def _report(self) -> None:
        seen: dict[asyncio.Queue[Progress | None], Progress | None] = {}
        while self._followers:
            try:
                rows = await self._rows(SQL["progress"], {"runs": list(self._followers)})
            except psycopg.Error as error:
                LOG.warning("progress_poll_failed", error=str(error))
                await asyncio.sleep(2 * INTERVAL_SECONDS)
                continue
            found = progress_in(rows)
            for run, queues in self._followers.items():
                for queue in queues:
                    if seen.get(queue) != found.get(run):
                        _put(queue, found.get(run))
                        seen[queue] = found.get(run)
            open_queues = {queue for queues in self._followers.values() for queue in queues}
            seen = {queue: progress for queue, progress in seen.items() if queue in open_queues}
            await asyncio.sleep(INTERVAL_SECONDS)

    async def _may_follow(self, run: int, codes: Codes) -> bool:
        asked = {"run": run, "codes": None if codes is None else list(codes)}
        rows = await self._rows(SQL["may_follow"], asked)
        return bool(rows[0][0])

    async def _rows(self, statement: Any, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
        async with self._opening:
            if self._connection is None or self._connection.closed:
                self._connection = await _connect()
            try:
                cursor = await self._connection.execute(statement, parameters)
                return await cursor.fetchall()
            except psycopg.OperationalError:
                await self._connection.close()
                raise

    async def _close(self) -> None:
        async with self._opening:
            if self._connection is not None and not self._followers:
                await self._connection.close()
                self._connection = None


def _put(queue: asyncio.Queue[Progress | None], progress: Progress | None) -> None:
    if queue.full():
        queue.get_nowait()
    queue.put_nowait(progress)


async def _connect() -> psycopg.AsyncConnection[Any]:
    # Finding the server may start it, which takes a moment: not on the event loop.
    parameters = await asyncio.to_thread(_parameters)
    return await psycopg.AsyncConnection.connect(**parameters, autocommit=True)


def _parameters() -> dict[str, Any]:
    parameters = dict(connection.get_connection_params())
    for name in ("context", "cursor_factory", "server_side_binding"):
        parameters.pop(name, None)
    return parameters
