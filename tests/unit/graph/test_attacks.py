"""Documents made to hurt are answered or refused within a second of processor time."""

import time

import pytest

from apps.access.models import User
from graph.asked import Asked
from graph.context import Context
from graph.errors import ClientError
from graph.view import execute

HEAD = User(username="head", is_superuser=True)


PAGE = "{ portfolios { nodes { ...F0 } } }"


def _joined(count, text):
    return " ".join(text.replace("#", str(number)) for number in range(count))


def _bomb(levels, spreads=2):
    parts = " ".join(
        f"fragment F{i} on Portfolio {{ {f'...F{i + 1} ' * spreads}}}" for i in range(levels)
    )
    return f"{PAGE} {parts} fragment F{levels} on Portfolio {{ code }}"


def _chain(levels):
    parts = " ".join(
        f"fragment F{i} on Portfolio {{ children {{ ...F{i + 1} }} }}" for i in range(levels)
    )
    return f"{PAGE} {parts} fragment F{levels} on Portfolio {{ code }}"


def _conflicts(count):
    parts = " ".join(f"fragment F{i} on Portfolio {{ a: code b: name }}" for i in range(count))
    spread = " ".join(f"...F{i}" for i in range(count))
    return f'{{ portfolio(code: "A") {{ {spread} }} }} {parts}'


CASES = {
    "breadth in 82 bytes": "{portfolios{nodes{children{parent{children{parent{children{"
    "code}}}}}}}}",
    "breadth with the largest pages": "{portfolios(first:200){nodes{children(first:200){"
    "children(first:200){code}}}}}",
    "fragments spread twice, 18 levels": _bomb(18),
    "fragments spread twice, 22 levels": _bomb(22),
    "fragments spread twice, 90 levels": _bomb(90),
    "fragments spread ten times": _bomb(20, spreads=10),
    "a chain of fragments": _chain(30),
    "a long chain of fragments": _chain(150),
    "a circle of fragments": "{...A} fragment A on Query{...B} fragment B on Query{...A}",
    "many fragments compared with each other": _conflicts(120),
    "200 aliases": "{" + _joined(200, "a#:portfolios{nodes{code}}") + "}",
    "aliases of a grid": '{run(id:"1"){' + _joined(40, "a#:cube{columns{values}}") + "}}",
    "one field 5,000 times": "{portfolios{nodes{" + "code " * 5000 + "}}}",
    "one field 490 times": '{portfolio(code:"A"){' + "code " * 490 + "}}",
    "2,000 directives": "{portfolios{nodes{code " + "name@include(if:true) " * 2000 + "}}}",
    "one field with 900 directives": "{portfolios" + "@skip(if:false)" * 300 + "{nodes{code}}}",
    "brackets without end": "{" * 5000,
    "nested lists": "{portfolios(parent:" + "[" * 3000 + "]" * 3000 + "){nodes{code}}}",
    "nested inline fragments": "{" + "...{" * 900 + "__typename" + "}" * 901,
    "a string of 200 kB": '{portfolio(code:"' + "a" * 200_000 + '"){code}}',
    "200 kB of commas": "{__typename" + "," * 200_000 + "}",
    "200 kB of comment": "#" + "x" * 200_000 + "\n{__typename}",
    "circular introspection": "{__schema{types{fields{type{fields{type{fields{type{name}}}}}}}}}",
    "many unused fragments": "{__typename} " + _joined(300, "fragment F# on Portfolio{code}"),
    "many variables": "query Q(" + _joined(400, "$v#:Int") + "){__typename}",
    "many operations": _joined(300, "query Q#{__typename}"),
    "deep input object": '{run(id:"1"){cube(where:' + "{a:" * 400 + "1" + "}" * 400 + "){counts}}}",
}  # fmt: skip


HARMLESS = {
    "200 kB of commas",
    "200 kB of comment",
    "a string of 200 kB",
    "one field 490 times",
    "many operations",
    "many fragments compared with each other",
}
"""Large, but asking for little: these are answered."""


@pytest.mark.parametrize("case", CASES)
def test_a_hostile_document_costs_less_than_a_second(case):
    started = time.process_time()
    try:
        answer = execute(Asked(CASES[case], {}, None), Context(user=HEAD))
    except ClientError as error:
        answer = {"errors": [error]}
    used = time.process_time() - started
    assert used < 1, f"{used:.2f} s"
    print(f"{case}: {used * 1e3:.0f} ms {answer.get('errors', answer)!s:.120}")


def test_hostile_documents_do_not_reach_the_database():
    # No database is allowed in this test: its refusal would be an INTERNAL error.
    for case in CASES.keys() - HARMLESS:
        query = CASES[case]
        try:
            answer = execute(Asked(query, {}, None), Context(user=HEAD))
        except ClientError:
            continue
        assert "errors" in answer, case
        codes = {error["extensions"]["code"] for error in answer["errors"]}
        assert codes <= {"TOO_EXPENSIVE", "BAD_REQUEST", "FORBIDDEN"}, (case, answer)
