"""The API over HTTP: who is let in, in what form, and what is said when something breaks."""

import json
import re
from decimal import Decimal

import pytest
from django.test import Client

from apps.result import selectors as results

OK = "{ runs { nodes { id } } }"


@pytest.fixture
def client():
    return Client(enforce_csrf_checks=True)


def _post(client, query=OK, *, token=None, **extra):
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return client.post(
        "/graphql",
        json.dumps({"query": query}),
        content_type="application/json",
        headers=headers | extra,
    )


def test_a_program_enters_by_its_token(world, client):
    response = _post(client, token=world.tokens["trader"])
    assert response.status_code == 200
    assert len(response.json()["data"]["runs"]["nodes"]) == 1


@pytest.mark.parametrize("token", ["tieout_nonsense", "nonsense", ""])
def test_an_unknown_token_is_not_let_in(world, client, token):
    response = _post(client, Authorization=f"Bearer {token}")
    assert response.status_code == 401
    assert response.json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


def test_a_revoked_token_is_not_let_in(world, client, acting_as):
    from apps.access import services
    from apps.access.models import ApiToken

    with acting_as("desk"):
        services.revoke_token(token=ApiToken.objects.get(user__username="head"), actor="test")
    assert _post(client, token=world.tokens["head"]).status_code == 401


def test_a_bad_token_is_not_mended_by_a_session(world, client):
    client.force_login(world.user("head"))
    assert _post(client, Authorization="Bearer tieout_x").status_code == 401


def test_nobody_is_not_let_in(world, client):
    assert _post(client).status_code == 401


def test_a_session_needs_the_csrf_token_of_our_page(world, client):
    client.force_login(world.user("head"))
    assert _post(client).status_code == 403
    client.get("/login/")
    cookie = client.cookies["tieout_web_csrf"].value
    assert _post(client, **{"X-CSRFToken": cookie}).status_code == 200


def test_queries_by_get_are_not_answered(world, client):
    client.force_login(world.user("head"))
    assert client.get("/graphql", {"query": OK}).status_code == 405


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (json.dumps([{"query": OK}] * 10), "application/json"),
        ("query={runs{nodes{id}}}", "application/x-www-form-urlencoded"),
        (json.dumps({"query": OK}), "text/plain"),
        ("[" * 100_000, "application/json"),
        ('{"query": 5}', "application/json"),
        ('{"query": ""}', "application/json"),
        ('{"query": "{a}", "variables": []}', "application/json"),
        ('{"query": "{a}", "variables": {"x": NaN}}', "application/json"),
        ('{"query": "{a}", "variables": {"x": ' + "9" * 5000 + "}}", "application/json"),
        ('{"query": "{a}", "operationName": 1}', "application/json"),
        ('{"query": "query A {__typename}", "operationName": "B"}', "application/json"),
        ('{"query": "subscription { runProgress(run: 1) { total } }"}', "application/json"),
        ("\xff\xfe", "application/json"),
    ],
)
def test_a_body_that_is_no_request_is_refused(world, client, body, content_type):
    response = client.post(
        "/graphql",
        body.encode("latin-1"),
        content_type=content_type,
        headers={"Authorization": f"Bearer {world.tokens['head']}"},
    )
    assert response.status_code == 400
    assert response.json()["errors"][0]["extensions"]["code"] == "BAD_INPUT"


def test_the_text_of_an_unexpected_error_stays_in_the_log(world, client, monkeypatch, caplog):
    def broken(*args, **kwargs):
        raise RuntimeError("secret dsn postgres://u:p@h")

    monkeypatch.setattr(results, "cube", broken)
    query = f"{{ run(id: {world.run}) {{ cube {{ counts }} }} }}"
    (error,) = _post(client, query, token=world.tokens["head"]).json()["errors"]
    assert error["extensions"]["code"] == "INTERNAL"
    assert "secret" not in json.dumps(error)
    assert error["extensions"]["reference"] in error["message"]
    assert error["extensions"]["reference"] in caplog.text


def test_introspection_and_suggestions_are_off(world, client):
    token = world.tokens["head"]
    for query in ("{__schema{types{name}}}", '{__type(name:"Run"){name}}', "{_service{sdl}}"):
        (error,) = _post(client, query, token=token).json()["errors"]
        assert error["extensions"]["code"] == "FORBIDDEN"
    for query in (
        "{ portfolio1 }",
        "{ runs(firts: 1) { nodes { id } } }",
        "{ runs(status: RUNING) { nodes { id } } }",
    ):
        errors = _post(client, query, token=token).json()["errors"]
        assert "Did you mean" not in json.dumps(errors)


def test_a_statement_that_takes_too_long_is_stopped(world, monkeypatch):
    from django.db import connection

    from graph import guard

    def slow(*args, **kwargs):
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(10)")

    monkeypatch.setattr(guard, "STATEMENT_TIMEOUT", "SET LOCAL statement_timeout = '50ms'")
    monkeypatch.setattr(results, "cube", slow)
    code, _ = world.refusal(f"{{ run(id: {world.run}) {{ cube {{ counts }} }} }}")
    assert code == "DEADLINE_EXCEEDED"


def test_a_query_reads_one_state_and_writes_nothing(world, monkeypatch):
    from django.db import connection

    seen = []

    def look(*args, **kwargs):
        with connection.cursor() as cursor:
            for name in ("transaction_isolation", "transaction_read_only", "statement_timeout"):
                cursor.execute(f"SHOW {name}")
                seen.append(cursor.fetchone()[0])
        raise results.UnknownNode("enough")

    monkeypatch.setattr(results, "cube", look)
    world.refusal(f"{{ run(id: {world.run}) {{ cube {{ counts }} }} }}")
    assert seen == ["repeatable read", "on", "5s"]


def test_health_is_asked_without_a_login(world, client):
    assert client.get("/healthz").status_code == 200
    assert client.get("/readyz").json() == {"ready": True}
    assert b"tieout_request_seconds" in client.get("/metrics").content


def test_pages_show_runs_to_those_who_see_them(world, client):
    assert client.get("/").status_code == 302
    client.force_login(world.user("analyst"))
    assert b"COMPLETED_WITH_ERRORS" in client.get("/").content
    page = client.get(f"/runs/{world.run}/").content
    assert b"DESK_A" in page
    assert b"DESK_B" not in page
    client.force_login(world.user("stranger"))
    assert client.get(f"/runs/{world.run}/").status_code == 404


def test_the_page_of_a_run_shows_values_worst_scenarios_and_reasons(world, client):
    client.force_login(world.user("analyst"))
    page = client.get(f"/runs/{world.run}/").content.decode()
    assert ">DV01 USD<" in page
    cells = re.findall(r"<td[^>]*>([^<]*)</td>", page.partition("Scenarios</h2>")[2])
    assert cells[0] == "BASE"
    base, moved, change = (Decimal(cells[at].replace(",", "")) for at in (1, 5, 6))
    assert moved - base == change != 0
    # Of the two positions without a value one is under a desk that the analyst does not see.
    assert cells[8:] == ["P000003", "AMORT_LOAN", "BOOK_A1", "TERMS_INVALID", "no rate"]
