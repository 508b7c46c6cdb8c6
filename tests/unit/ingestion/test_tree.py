"""The tree: its rules, its numbering, its hash."""

from __future__ import annotations

import pytest

from apps.portfolio import tree
from apps.portfolio.tree import Place


def places(*rows):
    return {code: Place(code, code, kind, parent) for code, kind, parent in rows}


BANK = [
    ("BANK", "FUND", None),
    ("B", "DESK", "BANK"),
    ("A", "SUB_FUND", "BANK"),
    ("B1", "BOOK", "B"),
    ("A1", "BOOK", "A"),
    ("A0", "DESK", "A"),
]


def test_nodes_are_numbered_depth_first_by_code_whatever_their_order():
    nodes = tree.numbered(places(*BANK).values())
    again = tree.numbered(places(*reversed(BANK)).values())
    assert [(n.node, n.code, n.parent, n.depth) for n in nodes] == [
        (1, "BANK", None, 0),
        (2, "A", 1, 1),
        (3, "A0", 2, 2),
        (4, "A1", 2, 2),
        (5, "B", 1, 1),
        (6, "B1", 5, 2),
    ]
    assert tree.content_hash(nodes) == tree.content_hash(again)


def test_the_closure_has_every_ancestor_once():
    nodes = tree.numbered(places(*BANK).values())
    pairs = sorted(tree.closure(nodes))
    assert len(pairs) == len(set(pairs)) == sum(n.depth + 1 for n in nodes)
    assert (1, 6, 2) in pairs
    assert (6, 6, 0) in pairs


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([("X", "BOOK", "NONE")], [("X", "REFERENCE")]),
        ([("F", "FUND", None), ("G", "FUND", "F")], [("G", "LEVEL")]),
        ([("F", "FUND", None), ("B", "BOOK", "F"), ("D", "DESK", "B")], [("D", "LEVEL")]),
        ([("F", "FUND", None), ("B", "BOOK", "F"), ("C", "BOOK", "B")], [("C", "LEVEL")]),
        ([("A", "DESK", "B"), ("B", "SUB_FUND", "A")], [("A", "CYCLE"), ("B", "CYCLE")]),
        ([("A", "DESK", "A")], [("A", "CYCLE")]),
        ([("F", "FUND", None), ("B", "BOOK", "F")], []),
        ([("D", "DESK", None)], []),
    ],
)
def test_what_is_no_tree_is_said_node_by_node(rows, expected):
    assert [(f.code, f.kind) for f in tree.faults(places(*rows))] == expected


def test_a_circle_is_found_and_what_hangs_on_it_is_not_in_it():
    assert tree.cyclic({"A": "B", "B": "C", "C": "A", "D": "A", "E": "D"}) == ["A", "B", "C"]
    assert tree.cyclic({f"N{i}": f"N{i + 1}" for i in range(50_000)}) == []
