"""What a document costs, and that measuring it is linear."""

import time

import pytest
from graphql import parse

from graph.facts import of
from graph.limits import Excess, Limits, Meter
from graph.view import SCHEMA

FACTS = of(SCHEMA._schema)
LIMITS = Limits()


def _measure(query, **variables):
    document = parse(query)
    meter = Meter(FACTS, document, variables)
    return meter.operation(document.definitions[0])


def _joined(count, text):
    return " ".join(text.replace("#", str(number)) for number in range(count))


def _cost(query, **variables):
    return _measure(query, **variables).cost(50) // 10


@pytest.mark.parametrize(
    ("_case", "query", "cost"),
    [
        ("one object of two fields", '{ portfolio(code: "A") { code name } }', 3),
        ("a page of 50 by default", "{ portfolios { nodes { code } } }", 1 + 1 + 50 * 2),
        ("a page as asked", "{ portfolios(first: 7) { nodes { code } } }", 1 + 1 + 7 * 2),
        ("a page at most", "{ portfolios(first: 9999) { nodes { code } } }", 1 + 1 + 200 * 2),
        ("a negative page", "{ portfolios(first: -5) { nodes { code } } }", 2),
        (
            "breadth times breadth",
            "{ portfolios(first: 10) { nodes { children(first: 20) { code } } } }",
            1 + 1 + 10 * (1 + 1 + 20 * 2),
        ),
        ("a weight", '{ marketDataSnapshot(id: "1") { document } }', 101),
        (
            "columns are cheap: a tenth per value",
            '{ run(id: "1") { positions(first: 100) { ordinals positionIds } } }',
            1 + 200 + 2 * (1 + 10),
        ),
        (
            "a column per cell, each as long as the page",
            '{ run(id: "1") { positions(first: 100) { columns { measure values } } } }',
            1 + 200 + 1 + 100 * (1 + 1 + 1 + 10),
        ),
    ],
)
def test_cost_is_weight_times_length(_case, query, cost):
    assert _cost(query) == cost


def test_a_variable_counts_as_what_it_is():
    query = "query Q($n: Int = 30) { portfolios(first: $n) { nodes { code } } }"
    assert _cost(query) == 2 + 30 * 2
    assert _cost(query, n=3) == 2 + 3 * 2
    assert _cost(query, n="all") == 2 + 200 * 2


@pytest.mark.parametrize(
    "other",
    [
        "query B($n: Int = 1) { portfolios(first: $n) { nodes { code } } }",
        "query B($n: Int = 1) { portfolios(first: $n) { ...F } }",
    ],
)
def test_a_default_of_another_operation_does_not_make_a_page_small(other):
    fragment = """fragment F on PortfolioConnection {
      nodes { children(first: $n) { children(first: $n) { code } } } }"""
    large = "query A($n: Int = 200) { portfolios(first: $n) { ...F } }"
    for operations in ([other, large], [large, other]):
        with pytest.raises(Excess, match="cost"):
            Meter(FACTS, parse(" ".join([*operations, fragment])), {}).check(LIMITS)


def test_a_variable_without_a_default_may_leave_the_default_of_the_field():
    query = """query A($n: Int) { portfolios(first: $n) { nodes { code } } }
      query B($n: Int = 1) { portfolios(first: $n) { nodes { code } } }"""
    assert _cost(query) == 2 + 50 * 2
    assert _cost(query, n=None) == 2 + 200 * 2


def test_many_operations_over_one_fragment_are_measured_once():
    fields = _joined(400, "a#: code")
    operations = _joined(250, "query Q#($n: Int = #) { portfolios(first: $n) { nodes { ...F } } }")
    document = parse(f"{operations} fragment F on Portfolio {{ {fields} }}")
    started = time.process_time()
    meter = Meter(FACTS, document, {})
    for each in document.definitions[:250]:
        assert meter.operation(each).fields == 402
    assert time.process_time() - started < 0.1


def test_references_count_as_many_as_there_are():
    query = "query E($r: [_Any!]!) { _entities(representations: $r) { ... on Run { id status } } }"
    assert _cost(query, r=[{}] * 10) == 1 + 10 * 3


def test_a_fragment_counts_as_often_as_it_is_spread():
    flat = '{ portfolio(code: "A") { code name code name } }'
    spread = '{ portfolio(code: "A") { ...F ...F } } fragment F on Portfolio { code name }'
    assert _cost(flat) == _cost(spread)
    assert _measure(spread).fields == _measure(flat).fields


def test_a_fragment_in_a_page_is_as_long_as_the_page():
    query = """{ portfolios(first: 9) { ...F } }
      fragment F on PortfolioConnection { nodes { code } }"""
    assert _cost(query) == 2 + 9 * 2


def test_measuring_is_linear_in_the_document():
    def seconds(levels):
        spreads = " ".join(
            f"fragment F{i} on Portfolio {{ ...F{i + 1} ...F{i + 1} }}" for i in range(levels)
        )
        last = f"fragment F{levels} on Portfolio {{ code }}"
        query = f'{{ portfolio(code: "A") {{ ...F0 }} }} {spreads} {last}'
        started = time.process_time()
        measure = _measure(query)
        assert measure.fields == 1 + 2**levels
        return time.process_time() - started

    assert seconds(40) < 0.1


@pytest.mark.parametrize(
    ("what", "query"),
    [
        ("cost", "{ portfolios(first: 200) { nodes { children(first: 200) { code } } } }"),
        ("fields", '{ portfolio(code: "A") { ' + "code " * 501 + "} }"),
        (
            "aliases",
            '{ portfolio(code: "A") { ' + _joined(51, "a#: code") + "} }",
        ),
        (
            "root fields",
            "{ " + _joined(11, 'a#: portfolio(code: "A") { code }') + "}",
        ),
        ("directives", '{ portfolio(code: "A") { ' + "code @include(if: true) " * 51 + "} }"),
        ("depth", '{ portfolio(code: "A") { ' + "parent { " * 11 + "code" + "}" * 11 + "} }"),
        ("nesting", "{" + "... {" * 70 + "__typename" + "}" * 70 + "}"),
    ],
)
def test_each_limit_is_kept(what, query):
    with pytest.raises(Excess, match=f"too much: {what}"):
        Meter(FACTS, parse(query), {}).check(LIMITS)


def test_fragments_nobody_spreads_are_measured_too():
    query = "{ __typename } fragment F on Portfolio { " + "code " * 501 + "}"
    with pytest.raises(Excess):
        Meter(FACTS, parse(query), {}).check(LIMITS)


def test_fragments_in_a_circle_are_left_to_validation():
    query = "{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }"
    Meter(FACTS, parse(query), {}).check(LIMITS)
