"""Live progress over a real server: server-sent events, read as they come."""

import json
import urllib.error

import pytest

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


def test_the_desk_serves_the_admin_and_no_api(world):
    with served(world.database.environment, "desk") as desk:
        assert desk.status("/login/") == 200
        assert desk.status("/graphql", {"query": "{ __typename }"}) == 403
