"""Whatever valid document is asked, the answer is data or a refusal, never a fault of ours."""

import re

import hypothesis.strategies as st
from django.db import connection, transaction
from graphql import build_schema, print_ast
from hypothesis import HealthCheck, given, settings
from hypothesis_graphql import nodes, queries

from graph import schema
from graph.asked import Asked
from graph.context import Context
from graph.errors import ClientError
from graph.view import execute
from tests.contract.graph.test_schema_file import DIRECTIVES

EXECUTABLE = build_schema(schema.sdl().split("}\n", 1)[1] + DIRECTIVES)
FIELDS = [name for name in EXECUTABLE.query_type.fields if not name.startswith("_")]
SCALARS = {
    "Date": st.dates().map(str).map(nodes.String),
    "DateTime": st.just(nodes.String("2022-12-30T00:00:00Z")),
    "Decimal": st.just(nodes.String("1.5")),
    "JSON": st.just(nodes.Null),
}
ALLOWED = {"BAD_INPUT", "BAD_REQUEST", "TOO_EXPENSIVE", "NOT_AGGREGABLE", "FORBIDDEN"}


def test_no_valid_query_finds_a_fault(world):
    users = {name: world.user(name) for name in ("head", "analyst", "stranger")}
    answered = 0

    @settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
    @given(
        query=queries(EXECUTABLE, fields=FIELDS, custom_scalars=SCALARS, print_ast=print_ast),
        user=st.sampled_from(sorted(users)),
        real=st.booleans(),
    )
    def ask(query, user, real):
        nonlocal answered
        if real:  # an id that exists takes the query further in
            query = re.sub(r'id: "(?:[^"\\]|\\.)*"', f'id: "{world.run}"', query)
        try:
            answer = execute(Asked(query, {}, None), Context(user=users[user]))
        except ClientError:
            return
        codes = {error["extensions"]["code"] for error in answer.get("errors") or ()}
        assert codes <= ALLOWED, (query, answer)
        answered += not codes
        assert not connection.in_atomic_block
        with transaction.atomic():  # the connection is as good as before
            assert connection.is_usable()

    ask()
    assert answered > 0
