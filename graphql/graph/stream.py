"""POST /graphql/stream: subscriptions as server-sent events (protocol graphql-sse, distinct)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

from asgiref.sync import sync_to_async
from django.db import connection
from django.http import HttpRequest, HttpResponseNotAllowed, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.csrf import csrf_exempt
from graphql import GraphQLError
from strawberry.http import process_result
from strawberry.types.graphql import OperationType

from graph.asked import read
from graph.authentication import authenticate
from graph.context import Context
from graph.errors import ClientError
from graph.masking import masked, said
from graph.poller import Poller
from graph.view import SCHEMA, refusal

LONGEST_SECONDS = 3600
"""A client that still listens after this subscribes again, and is authenticated again."""

PING_SECONDS = 15
"""Proxies close a connection on which nothing comes."""

_pollers: dict[int, Poller] = {}


@csrf_exempt  # sessions are checked in authenticate(), tokens need no check
async def stream(request: HttpRequest) -> HttpResponseBase:
    """Answer a subscription with an event per result, and one when it is complete."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    try:
        context = await sync_to_async(_enter)(request)
        asked = read(request)
        context.poller = _poller()
        results = await SCHEMA.stream(
            asked.query,
            variable_values=asked.variables,
            context_value=context,
            operation_name=asked.operation_name,
            allowed_operation_types={OperationType.SUBSCRIPTION},
        )
    except ClientError as error:
        return refusal(error)
    return StreamingHttpResponse(
        _events(results),
        content_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


def _enter(request: HttpRequest) -> Context:
    """Find the user, his grants and permissions once, and give the thread's connection back.

    They are read here, while the ORM may be used: a document can name a mutation beside the
    subscription, and all that it names is checked.
    """
    try:
        context = Context(user=authenticate(request))
        context.sight.codes  # noqa: B018
        context.user.get_all_permissions()
        return context
    finally:
        if not connection.in_atomic_block:
            connection.close()


async def _events(results: Any) -> AsyncIterator[bytes]:
    iterator = aiter(results)
    end = asyncio.get_running_loop().time() + LONGEST_SECONDS
    waiting = asyncio.ensure_future(anext(iterator))
    try:
        while asyncio.get_running_loop().time() < end:
            done, _ = await asyncio.wait({waiting}, timeout=PING_SECONDS)
            if not done:
                yield b":\n\n"
                continue
            try:
                result = waiting.result()
            except StopAsyncIteration:
                break
            except Exception as error:
                yield _event("next", {"data": None, "errors": [_unexpected(error)]})
                break
            result.errors = masked(result.errors)
            yield _event("next", process_result(result))
            waiting = asyncio.ensure_future(anext(iterator))
        yield _event("complete", None)
    finally:
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        await iterator.aclose()


def _unexpected(error: Exception) -> Any:
    return said(GraphQLError("", original_error=error)).formatted


def _event(name: str, data: Any) -> bytes:
    text = "" if data is None else json.dumps(data, separators=(",", ":"))
    return f"event: {name}\ndata: {text}\n\n".encode()


def _poller() -> Poller:
    """The poller of the running event loop; there is one loop in a process."""
    loop = id(asyncio.get_running_loop())
    return _pollers.setdefault(loop, Poller())
