"""Live progress over a real server: server-sent events, read as they come."""

import asyncio
import json
import urllib.error

import pytest

from graph import stream
from tests.contract.graph.test_query_counts import COPY_RUN
from tests.integration.graph.serving import served

FOLLOW = {"query": "subscription F($run: ID!) { runProgress(run: $run) { status queued total } }"}


@pytest.fixture
def server(world):
    with served(world.database.environment) as found:
        yield found


def _follow(server, run, token):
    return server.open("/graphql/stream", FOLLOW | {"variables": {"run": str(run)}}, token)


def _events(response):
    name = ""
    for line in response:
        text = line.decode().rstrip("\n")
        if text.startswith("event: "):
            name = text[7:]
        elif text.startswith("data: "):
            yield name, json.loads(text[6:]) if text[6:] else None


def test_the_api_over_a_real_server(world, server):
    head, stranger = world.tokens["head"], world.tokens["stranger"]
    with world.database.connect("web") as web:
        web.execute(COPY_RUN, {"run": world.done.run})
        (run,) = web.execute("SELECT max(run_id) FROM run").fetchone()

        with _follow(server, run, head) as response:
            assert response.headers["Content-Type"] == "text/event-stream"
            events = _events(response)
            name, data = next(events)
            first = {"status": "QUEUED", "queued": 0, "total": 0}
            assert (name, data) == ("next", {"data": {"runProgress": first}})
            web.execute("UPDATE run SET status = 'CANCELLED' WHERE run_id = %s", (run,))
            name, data = next(events)
            assert data["data"]["runProgress"]["status"] == "CANCELLED"
            assert next(events) == ("complete", None)

    with _follow(server, world.run, stranger) as response:
        (name, data), end = _events(response)
        assert data["errors"][0]["message"] == f"there is no run {world.run}"
        assert data["errors"][0]["extensions"]["code"] == "BAD_INPUT"
        assert end == ("complete", None)

    # Permissions of a user who is no superuser are read: not on the event loop.
    both = (
        FOLLOW["query"] + " mutation M($run: ID!) { cancelRun(input: {run: $run}) { run { id } } }"
    )
    asked = {"query": both, "operationName": "F", "variables": {"run": world.run}}
    with server.open("/graphql/stream", asked, world.tokens["analyst"]) as response:
        (name, data), end = _events(response)
        assert data["data"]["runProgress"]["status"] == "COMPLETED_WITH_ERRORS"
    with server.open("/graphql/stream", asked, stranger) as response:
        (name, data), end = _events(response)
        assert data["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    with server.open("/graphql/stream", asked | {"operationName": "M"}, head) as response:
        (name, data), end = _events(response)
        assert data["errors"][0]["extensions"]["code"] == "BAD_INPUT"

    with pytest.raises(urllib.error.HTTPError, match="401"):
        _follow(server, world.run, "tieout_nobody")
    query = {"query": "{ runs { nodes { id } } }"}
    with server.open("/graphql/stream", query, head) as response:
        (name, data), end = _events(response)
        assert data["errors"][0]["extensions"]["code"] == "BAD_INPUT"
    assert server.status("/graphql", b"x" * 300_000, head) == 413
    assert server.status("/graphql", query, head) == 200
    assert server.status("/graphql", query) == 401
    assert server.status("/") == 200  # the login page it leads to


def test_a_fault_ends_the_stream_with_an_id_not_with_its_text():
    async def broken():
        raise RuntimeError("secret dsn postgres://u:p@h")
        yield

    async def read():
        return [event.decode() async for event in stream._events(broken())]

    event, end = asyncio.run(read())
    assert event.startswith("event: next\ndata: ")
    (error,) = json.loads(event.split("data: ")[1])["errors"]
    assert error["extensions"]["code"] == "INTERNAL"
    assert "secret" not in event
    assert end == "event: complete\ndata: \n\n"


def test_the_desk_serves_the_admin_and_no_api(world):
    with served(world.database.environment, "desk") as desk:
        assert desk.status("/login/") == 200
        assert desk.status("/graphql", {"query": "{ __typename }"}) == 403
