"""A fixed set of threads for requests, each of which keeps its database connection.

Django gives every request under ASGI a thread of its own, and a connection belongs to a thread:
each request would open one, which costs more than most queries. A stream keeps its request open
for an hour and needs no thread, and health must be told when all threads are busy: both stay on
Django's own way.
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from asgiref.sync import ThreadSensitiveContext

from config.bodies import Application, Receive, Scope, Send

THREADS = 8
"""Requests that are answered at once by a process, and connections it keeps at most."""

MOST_WAITING = 200
"""Requests that wait for a thread; further ones are told to come back."""

APART = frozenset({"/graphql/stream", "/healthz", "/readyz", "/metrics"})
"""Paths that are answered without a thread of the set."""

_TEXT = b"Too many requests are waiting; ask again in a moment.\n"


def threaded(application: Application, threads: int = THREADS) -> Application:
    """Return the application with its requests answered by `threads` threads that are kept."""
    # A thread that has ended its last request is the first to get the next: the fewer threads
    # are in use, the fewer connections are open.
    free: asyncio.LifoQueue[ThreadPoolExecutor] = asyncio.LifoQueue()
    for number in range(threads):
        free.put_nowait(ThreadPoolExecutor(max_workers=1, thread_name_prefix=f"request-{number}"))
    waiting = 0

    async def answered(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal waiting
        if scope["type"] != "http" or scope["path"] in APART:
            await application(scope, receive, send)
            return
        if waiting >= MOST_WAITING:
            await _busy(send)
            return
        waiting += 1
        try:
            executor = await free.get()
        finally:
            waiting -= 1
        try:
            async with ThreadSensitiveContext(executor=executor):
                await application(scope, receive, send)
        finally:
            free.put_nowait(executor)

    return answered


async def _busy(send: Send) -> None:
    headers = [(b"content-type", b"text/plain"), (b"retry-after", b"1")]
    await send({"type": "http.response.start", "status": 503, "headers": headers})
    await send({"type": "http.response.body", "body": _TEXT})
