"""Faults on purpose: how many, and where the figures of a session go.

The suite runs a short version of each. TIEOUT_CHAOS=full runs them at the sizes the project
promises; the figures are then in var/chaos.json.
"""

import json
import os
from pathlib import Path

import pytest

from tests.pipeline import book, harness

FULL = os.environ.get("TIEOUT_CHAOS") == "full"


@pytest.fixture
def yard(database, desk, settings, monkeypatch):
    """A book of 640 positions and 5 scenarios, and the processes that work on its runs."""
    with harness.made_up(settings, monkeypatch):
        found = harness.Yard(database, book.store(desk, 640))
        yield found
        found.end()


@pytest.fixture
def scale():
    """`scale(short, full)`: a size, by how much time there is."""
    return lambda short, full: full if FULL else short


@pytest.fixture
def figures(request, repository):
    """Where a test writes down what it counted; the full session keeps it in a file."""
    found: dict[str, object] = {}
    yield found
    print(f"\n{request.node.name}: {json.dumps(found, default=str)}")
    if FULL:
        path = Path(repository) / "var" / "chaos.json"
        kept = json.loads(path.read_text()) if path.exists() else {}
        path.write_text(json.dumps(kept | {request.node.name: found}, indent=1, default=str))
