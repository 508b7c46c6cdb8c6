"""Loading the demo's files: as the desk, through the same imports as anybody's files."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from apps.ingestion import services
from apps.ingestion.demo import processes
from apps.ingestion.outcome import Outcome, Request
from apps.ingestion.readers import source
from fixtures.book.months import AS_OF
from fixtures.write import Files, paths
from foundation.roles import Role

ACTOR = "demo"

Steps = Callable[[str, str, int, int | None], None]
"""Called with the kind, the step in it, the rows done and the rows there are."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """The ids of what a run needs; `created` tells whether the book is new to the database."""

    positions: int
    market: int
    scenarios: int
    created: bool


def load(folder: Path, *, password: bool = False) -> tuple[Loaded, str]:
    """Load a folder in a process of the desk; return the ids, and the user's new password."""
    arguments = ["demo_load", str(folder), *(["--steward"] if password else [])]
    output = processes.run(*arguments, role=Role.DESK)
    answer = json.loads(output.splitlines()[-1])
    return Loaded(**answer["loaded"]), str(answer.get("password", ""))


def load_here(folder: Path, steps: Steps) -> Loaded:
    """Ingest the files of a folder in this process, in the order in which they refer to others."""
    files = paths(folder)
    outcomes = {
        kind: services.ingest(
            Request(kind=kind, source=source.read(path), **options),
            actor=ACTOR,
            progress=partial(steps, kind),
        )
        for kind, path, options in _imports(files)
    }
    book = outcomes["positions"]
    return Loaded(
        positions=book.ids["snapshot_id"],
        market=outcomes["marketdata"].ids["snapshot_id"],
        scenarios=outcomes["scenarios"].ids["scenario_set_id"],
        created=_is_new(book),
    )


def answer(loaded: Loaded, password: str = "") -> str:
    """Return the one line that `demo_load` ends with."""
    found: dict[str, object] = {"loaded": asdict(loaded)}
    return json.dumps(found | ({"password": password} if password else {}))


def _imports(files: Files) -> list[tuple[str, Path, dict[str, Any]]]:
    return [
        ("legal_entities", files.legal_entities, {}),
        ("portfolios", files.portfolios, {}),
        ("counterparties", files.counterparties, {}),
        ("facilities", files.facilities, {}),
        ("instruments", files.instruments, {}),
        ("positions", files.positions, {"as_of": AS_OF, "snapshot": "Demo book"}),
        ("marketdata", files.market, {"as_of": AS_OF}),
        ("scenarios", files.scenarios, {}),
    ]


def _is_new(book: Outcome) -> bool:
    return book.created > 0
