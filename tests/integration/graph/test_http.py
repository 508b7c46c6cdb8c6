"""The API over HTTP: who is let in, in what form, and what is said when something breaks."""

import json
import re
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client

from apps.access.models import User
from apps.result import selectors as results
from graph import guard, schema
from graph.context import Context
from graph.paging import encode

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
    def slow(*args, **kwargs):
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(10)")

    monkeypatch.setattr(guard, "STATEMENT_TIMEOUT", "SET LOCAL statement_timeout = '50ms'")
    monkeypatch.setattr(results, "cube", slow)
    code, _ = world.refusal(f"{{ run(id: {world.run}) {{ cube {{ counts }} }} }}")
    assert code == "DEADLINE_EXCEEDED"


def test_fields_after_one_that_failed_in_the_database_are_not_faults(world, monkeypatch, caplog):
    def slow(*args, **kwargs):
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(10)")

    monkeypatch.setattr(guard, "STATEMENT_TIMEOUT", "SET LOCAL statement_timeout = '50ms'")
    monkeypatch.setattr(results, "cube", slow)
    query = f'{{ run(id: {world.run}) {{ cube {{ counts }} }} instrument(code: "I1") {{ code }} }}'
    answer = world.ask(query)
    codes = [error["extensions"]["code"] for error in answer["errors"]]
    assert codes == ["DEADLINE_EXCEEDED", "NOT_ANSWERED"]
    assert "graphql_error" not in caplog.text
    assert world.data('{ instrument(code: "I1") { code } }') == {"instrument": {"code": "I1"}}


def test_many_statements_each_in_time_are_stopped_together(world, monkeypatch):
    query = "{ portfolios { nodes { code } } instruments { nodes { code issuer { code } } } }"
    assert "errors" not in world.ask(query)
    monkeypatch.setattr(guard, "REQUEST_SECONDS", -1.0)
    codes = {error["extensions"]["code"] for error in world.ask(query)["errors"]}
    assert codes == {"DEADLINE_EXCEEDED"}


@pytest.mark.parametrize("text", ["a\x00b", "\x00", "a\ud800", "\udfff"])
def test_a_character_that_is_never_stored_is_bad_input(world, text):
    cursor = encode(text)
    for query, variables in (
        ("query Q($t: String!) { instrument(code: $t) { code } }", {"t": text}),
        ("query Q($t: String!) { portfolio(code: $t) { code } }", {"t": text}),
        ("query Q($t: String!) { counterparties(connectedGroup: $t) { nodes { code } } }",
         {"t": text}),
        ("query Q($t: String!) { instruments(after: $t) { nodes { code } } }", {"t": cursor}),
        ("query Q($r: ID!, $t: String!) { run(id: $r) { position(id: $t) { book } } }",
         {"r": world.run, "t": text}),
        ("query Q($r: ID!, $t: String!) { run(id: $r) { cube(node: $t) { counts } } }",
         {"r": world.run, "t": text}),
        ("query Q($r: ID!, $t: String!) { run(id: $r) { positions(where: {instruments: [$t]}) "
         "{ ordinals } } }", {"r": world.run, "t": text}),
        ("query Q($r: [_Any!]!) { _entities(representations: $r) { __typename } }",
         {"r": [{"__typename": "Instrument", "code": text}]}),
        ("mutation P($r: ID!, $t: String!) { publishRun(input: {run: $r, reason: $t}) "
         "{ problems { code } } }", {"r": world.run, "t": text}),
        ("query Q($t: String!) { __typename }", {"t": {"deep": [{text: 1}]}}),
    ):  # fmt: skip
        code, message = world.refusal(query, **variables)
        assert code == "BAD_INPUT", query
        assert text not in message


@pytest.mark.parametrize("written", ["a\\u0000", "\\u{0}", "\\u{000000}"])
def test_a_document_that_writes_such_a_character_is_bad_input(world, written):
    code, _ = world.refusal(f'{{ instrument(code: "{written}") {{ code }} }}')
    assert code == "BAD_INPUT"
    assert world.data('{ instrument(code: "a\\u00e4") { code } }') == {"instrument": None}


def test_an_inactive_user_is_not_let_in_by_token_or_session(world, client, acting_as):
    client.force_login(world.user("analyst"))
    with acting_as("desk"):
        User.objects.filter(username__in=["head", "analyst"]).update(is_active=False)
    assert _post(client).status_code == 401
    assert _post(Client(), token=world.tokens["head"]).status_code == 401


def test_a_document_of_too_many_tokens_is_not_parsed(world):
    fits = '{ portfolio(code: "FUND") { ' + "code " * 490 + "} }"
    assert "errors" not in world.ask(fits)
    code, message = world.refusal("{ __typename " + "@skip(if: true) " * 400 + "}")
    assert (code, "tokens" in message) == ("BAD_REQUEST", True)


def test_a_developer_may_introspect_and_explore(world, client, settings):
    settings.TIEOUT_DEV = True
    assert b"graphiql" in client.get("/graphql").content.lower()
    settings.TIEOUT_DEV = False
    assert client.get("/graphql").status_code == 405
    open_schema = schema.build(introspection=True)
    query = '{ __type(name: "Run") { name } _service { sdl } }'
    found = open_schema.execute_sync(query, context_value=Context(user=world.user("head")))
    assert found.data["__type"] == {"name": "Run"}


@pytest.mark.parametrize("method", ["get", "put", "patch", "delete", "head", "options"])
@pytest.mark.parametrize("path", ["/graphql", "/graphql/stream"])
def test_only_posts_are_answered(world, client, method, path):
    client.force_login(world.user("head"))
    assert getattr(client, method)(path).status_code == 405


def test_a_query_reads_one_state_and_writes_nothing(world, monkeypatch):
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
