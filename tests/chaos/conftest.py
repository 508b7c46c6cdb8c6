"""A book whose runs are disturbed on purpose."""

import pytest

from tests.pipeline import book, harness
from tests.pipeline.figures import figures as figures
from tests.pipeline.figures import scale as scale


@pytest.fixture
def yard(database, desk, settings, monkeypatch, figures):
    """A book of 640 positions and 5 scenarios, and the processes that work on its runs.

    However a test disturbs them, none of its runs is left unfinished.
    """
    with harness.made_up(settings, monkeypatch):
        found = harness.Yard(database, book.store(desk, 640))
        yield found
        found.end()
        figures["runs"], figures["runs_left_unfinished"] = found.all(
            "SELECT count(*), count(*) FILTER (WHERE status NOT LIKE 'COMPLETED%%') FROM run"
        )[0]
        assert figures["runs_left_unfinished"] == 0
