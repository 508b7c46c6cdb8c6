"""Shards: ranges that cover a subtree, cut at books where that costs no balance."""

from __future__ import annotations

import itertools

import pytest

from apps.portfolio import sharding


def books(*sizes):
    ends = list(itertools.accumulate(sizes, initial=0))
    return list(itertools.pairwise(ends))


@pytest.mark.parametrize(
    ("total", "pieces"),
    [(1, 1), (100, 1), (1999, 15), (2000, 16), (20_000, 16), (320_000, 16), (1_000_000, 50)],
)
def test_the_number_of_shards_follows_the_size(total, pieces):
    found = sharding.cut(books(total))
    assert len(found) == pieces
    assert max(last - first for first, last in found) <= sharding.LARGEST


def test_shards_end_at_books_where_books_are_near():
    found = sharding.cut(books(*[125] * 16))
    assert found == books(*[125] * 16)
    assert sharding.cut(books(110, 90, 100), 3) == [(0, 110), (110, 200), (200, 300)]


def test_a_large_book_is_cut_inside():
    assert sharding.cut(books(1000), 4) == [(0, 250), (250, 500), (500, 750), (750, 1000)]


def test_a_subtree_that_begins_later_keeps_its_numbers():
    assert sharding.cut([(500, 520), (520, 560)], 2) == [(500, 530), (530, 560)]


def test_more_shards_than_positions_are_one_each():
    assert sharding.cut(books(3), 64) == [(0, 1), (1, 2), (2, 3)]


def test_no_positions_have_no_shards():
    assert sharding.cut([]) == []


def test_a_count_of_none_is_a_mistake():
    with pytest.raises(ValueError, match="at least one"):
        sharding.cut(books(5), 0)
