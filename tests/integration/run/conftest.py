"""A made-up book in a database of the test's own."""

import pytest

from tests.pipeline import book, harness


@pytest.fixture
def yard(database, desk, settings, monkeypatch):
    """A book of 400 positions and 5 scenarios, and the processes that work on its runs."""
    with harness.made_up(settings, monkeypatch):
        found = harness.Yard(database, book.store(desk, 400))
        yield found
        found.end()
