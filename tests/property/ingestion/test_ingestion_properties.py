"""What holds for any input: files never crash a reader, ranges are covered, texts are canonical."""

from __future__ import annotations

import itertools
import json
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from apps.ingestion import rows
from apps.ingestion.contracts.positions import PositionRow
from apps.ingestion.problems import ImportRefused, Problems, shown
from apps.ingestion.readers import records, source
from apps.portfolio import sharding, tree
from apps.portfolio.documents import Pins, PositionContent, document, plain_state
from apps.portfolio.tree import Place
from foundation import hashing

HEADER = ",".join(
    ["position_id", "book", "instrument", "side", "quantity", "outstanding_principal", "status",
     "accounting_class", "legal_entity", "obligor", "next_due_date", "tag"]
)  # fmt: skip
ROW = "P{0},BOOK,LOAN-{0},ASSET,{0}00.25,{0}00.25,PERFORMING,HFI,LE1,CP1,2023-02-01,CORE"
CSV = "\n".join([HEADER, *(ROW.format(i) for i in range(1, 6))]).encode() + b"\n"
JSON = json.dumps(
    [dict(zip(HEADER.split(","), ROW.format(i).split(","), strict=True)) for i in range(1, 6)]
).encode()

hostile = st.sampled_from(
    [b'"', b"\n", b",", b"\0", b"\r", b"\xff", b"\xef\xbb\xbf", b"1e999", b"NaN", b"=cmd()", b"{",
     b"[", b"\\u0000", b"\\ud800", "٣".encode(), b"1_000", b"-", b"99999999999999999999999999"]
)  # fmt: skip


def mutated(data: bytes, changes: list[tuple[int, int, bytes]]) -> bytes:
    """Return data with slices replaced."""
    for at, length, piece in changes:
        start = at % (len(data) + 1)
        data = data[:start] + piece + data[start + length :]
    return data


@given(
    st.sampled_from([("a.csv", CSV), ("a.json", JSON), ("a.csv.gz", CSV)]),
    st.lists(
        st.tuples(st.integers(0, 2000), st.integers(0, 40), hostile | st.binary(max_size=8)),
        min_size=1,
        max_size=6,
    ),
)
def test_a_mutated_file_is_read_or_refused_and_nothing_else(file, changes):
    name, data = file
    problems = Problems()
    known, required = rows.columns(PositionRow)
    try:
        found = source.from_bytes(name, mutated(data, changes))
        read = list(
            rows.typed(
                records.read(found, problems, known=known, required=required),
                PositionRow,
                problems,
            )
        )
        problems.refuse()
    except ImportRefused:
        return
    for _, row in read:
        text = hashing.canonical(row.present())
        assert "\0" not in text
        assert Decimal(row.quantity).is_finite()


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**17), max_value=10**17,
                   places=10))  # fmt: skip
def test_a_number_keeps_its_value_and_has_one_text(number):
    fields = dict(zip(HEADER.split(","), ROW.format(1).split(","), strict=True))
    row = PositionRow.model_validate(fields | {"quantity": f"{number:f}"})
    assert Decimal(row.quantity) == number
    assert row.quantity == hashing.decimal_text(number)


texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
states = st.dictionaries(
    st.text("abcdefgh_", min_size=1, max_size=8),
    texts | st.booleans() | st.integers() | st.none() | st.dates()
    | st.decimals(allow_nan=False, allow_infinity=False, places=4),
    max_size=8,
)  # fmt: skip


@given(states, st.booleans())
def test_a_position_document_is_the_canonical_text(state, owed):
    content = PositionContent("P1", "B", "I", "LE", state, "CP1" if owed else None, "T")
    pins = Pins("AMORT_LOAN", "USD", b"1" * 32, content.obligor, b"2" * 32 if owed else None, "")
    text = document(content, pins, plain_state(state))
    expected = {
        "book": "B", "currency": "USD", "instrument": "I", "legal_entity": "LE", "tag": "T",
        "position_id": "P1", "product_type": "AMORT_LOAN", "terms": (b"1" * 32).hex(),
        "obligor": content.obligor, "obligor_version": (b"2" * 32).hex() if owed else None,
        "state": plain_state(state),
    }  # fmt: skip
    assert text == hashing.canonical(expected)


@given(
    st.lists(st.integers(1, 5000), min_size=1, max_size=60),
    st.integers(0, 10_000),
    st.none() | st.integers(1, 300),
)
def test_shards_cover_a_subtree_once_in_order(sizes, start, count):
    ends = list(itertools.accumulate(sizes, initial=start))
    found = sharding.cut(list(itertools.pairwise(ends)), count)
    assert found[0][0] == start
    assert found[-1][1] == ends[-1]
    assert all(a[1] == b[0] for a, b in itertools.pairwise(found))
    assert all(first < last for first, last in found)
    if count is not None:
        assert len(found) == min(count, sum(sizes))


@given(st.lists(st.tuples(st.integers(0, 30), st.sampled_from([*tree.LEVEL])), max_size=30))
def test_a_tree_without_faults_numbers_every_subtree_as_an_interval(rows_):
    places = {
        f"N{i}": Place(f"N{i}", f"N{i}", kind, f"N{parent}" if parent < i else None)
        for i, (parent, kind) in enumerate(rows_)
    }
    if tree.faults(places):
        return
    nodes = tree.numbered(places.values())
    assert [n.node for n in nodes] == list(range(1, len(places) + 1))
    below: dict[int, list[int]] = {}
    for ancestor, descendant, _ in tree.closure(nodes):
        below.setdefault(ancestor, []).append(descendant)
    for node, members in below.items():
        assert sorted(members) == list(range(node, node + len(members)))


@given(st.text(max_size=300))
def test_what_is_shown_is_one_short_printable_line(text):
    found = shown(text)
    assert found.isprintable()
    assert len(found) <= 81
    assert not found.startswith(("=", "+", "-", "@"))
