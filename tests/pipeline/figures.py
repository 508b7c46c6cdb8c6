"""How much a test of faults does, and where what it counted goes.

The suite runs a short version of each. TIEOUT_CHAOS=full runs them at the sizes the project
promises; the figures are then in var/chaos.json, under the names of the tests.
"""

import fcntl
import json
import os

import pytest

from tests.databases import ROOT

FULL = os.environ.get("TIEOUT_CHAOS") == "full"
FILE = ROOT / "var" / "chaos.json"


@pytest.fixture
def scale():
    """`scale(short, full)`: a size, by how much time there is."""
    return lambda short, full: full if FULL else short


@pytest.fixture
def figures(request):
    """Where a test writes down what it counted; the full session keeps it in a file."""
    found: dict[str, object] = {}
    yield found
    print(f"\n{request.node.name}: {json.dumps(found, default=str)}")
    if FULL:
        keep(request.node.name, found)


def keep(name, found):
    """Add to the file; several processes of one session may do so at once."""
    FILE.parent.mkdir(exist_ok=True)
    with FILE.open("a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        text = file.read()
        kept = (json.loads(text) if text else {}) | {name: found}
        file.seek(0)
        file.truncate()
        file.write(json.dumps(kept, indent=1, sort_keys=True, default=str))
