"""What a run calls, by dotted path from the settings, without knowing who implements it.

`TIEOUT_STAGES` lists stages per phase in pipeline order, `TIEOUT_SINK` names the one sink and
`TIEOUT_FINALISERS` the finalisers in order, as Django does with MIDDLEWARE: the pipeline stands
in one place and there is no import cycle.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from psycopg import Connection, Cursor

    IntArray = npt.NDArray[np.int64]
    FloatArray = npt.NDArray[np.float64]

Kind = str
"""SUM, RATIO, WEIGHTED, GROUP, NODE or NONE (DESIGN: how a measure aggregates)."""


class RetryUseless(Exception):
    """Raised by a stage, sink or finaliser where every further attempt would end the same way.

    The task ends FAILED at once. Any other exception is tried again after a wait, until the
    attempts are used up.
    """


@dataclass(frozen=True, slots=True)
class CellSpec:
    """One stored cell: what it means and how its integer reads (value = q x 10**-quantum)."""

    measure: str
    scenario: str
    factor: str
    unit: str
    currency: str
    quantum: int
    kind: Kind


@dataclass(frozen=True, slots=True)
class RunRequest:
    """Everything that can change a number of a run, with the pinned documents resolved.

    `document` is the canonical request text whose sha256 is the run's input hash, `basis` says
    how the scenarios were made, empty where they were given.
    """

    document: str
    valuation_date: dt.date
    cut: str
    currency: str
    measures: tuple[str, ...]
    position_snapshot_id: int
    marketdata_snapshot_id: int
    scenario_set_id: int
    tree_id: int
    node: int
    engine: str
    profile: str
    market: Mapping[str, Any]
    scenarios: tuple[Mapping[str, Any], ...]
    names: tuple[str, ...]
    dimensions: Mapping[str, tuple[str, ...]]
    currencies: tuple[str, ...]
    options: Mapping[str, Any] = field(default_factory=dict)
    basis: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PositionError:
    """Why a position has no cells: code, message, and the first cell that failed."""

    code: str
    message: str
    cell: str = ""


@dataclass(slots=True)
class Shard:
    """The positions [first, last) of a task and the columns that stages have added so far.

    Arrays are in ordinal order. `groups` holds (product type, row indices, packed terms batch) of
    one product each; `dimensions` one int column per roll-up dimension (member numbers of the
    snapshot) plus `book`; `row_hash` is uint8 (n, 32). `cells` gains float columns in axis order
    of the stage, `errors[i]` the reason a row has none. `columns` begins with "maturity" (int64,
    days since 1970-01-01, -1 for none) and "notional" (float64, outstanding, in the position's
    currency), `errors` with the rows whose terms could not be packed.
    """

    run_id: int
    task_id: int
    first: int
    last: int
    request: RunRequest
    book: IntArray
    dimensions: Mapping[str, IntArray]
    row_hash: npt.NDArray[np.uint8]
    groups: Sequence[tuple[str, IntArray, Any]]
    context: IntArray | None = None
    cells: dict[str, FloatArray] = field(default_factory=dict)
    columns: dict[str, Any] = field(default_factory=dict)
    errors: dict[int, PositionError] = field(default_factory=dict)
    input_hash: npt.NDArray[np.uint8] | None = None

    @property
    def count(self) -> int:
        """Return the number of positions."""
        return self.last - self.first


class Stage(Protocol):
    """A step of the pipeline of one phase.

    `name` keys its columns in `Shard.cells`; `cells` declares, in order, the axis cells it fills
    for a request; `compute` adds them for a shard, reading what earlier stages added. A position
    it cannot value goes to `shard.errors`; an exception is a bug and fails the task.
    """

    name: str

    def cells(self, request: RunRequest) -> Sequence[CellSpec]:
        """Return the cells the stage fills, in order."""
        ...

    def compute(self, shard: Shard) -> None:
        """Add the stage's columns to the shard: float64 (n_positions, n_cells) in cell units."""
        ...


class ContextStage(Protocol):
    """A stage of the CONTEXT phase: facts of positions that need other positions."""

    name: str
    facts: tuple[str, ...]

    def compute(self, shard: Shard) -> IntArray:
        """Return int64 (n_positions, n_facts)."""
        ...


class GroupStage(Protocol):
    """A stage of the GROUP phase: results of sets of positions, once all are valued."""

    name: str

    def compute(self, connection: Connection[Any], request: RunRequest, run_id: int) -> GroupRows:
        """Return the group results; allocations inside them sum exactly."""
        ...


@dataclass(frozen=True, slots=True)
class GroupRows:
    """Rows of group_result: kind, group key and integer cells each."""

    rows: Sequence[tuple[str, str, Sequence[int]]]


@dataclass(frozen=True, slots=True)
class Encoded:
    """A task's result as bytes, ready to be copied, and the hash of its leaf."""

    copies: Sequence[tuple[str, bytes | memoryview]]
    leaf_hash: bytes


class Sink(Protocol):
    """Where results go: opens and closes the run's leaves, encodes before, copies inside."""

    def open(self, cursor: Cursor[Any], run_id: int, axis: Sequence[CellSpec]) -> None:
        """Create the leaves of a run and write its axis, in the submitting transaction."""
        ...

    def encode(self, shard: Shard, axis: Sequence[CellSpec]) -> Encoded:
        """Return the shard's rows as bytes; called outside any transaction."""
        ...

    def encode_crashed(self, shard: Shard, axis: Sequence[CellSpec], message: str) -> Encoded:
        """Return error rows CRASHED for a shard of one position that kills its workers."""
        ...

    def encode_context(self, shard: Shard, facts: IntArray) -> Encoded:
        """Return the context rows of a shard as bytes."""
        ...

    def context(self, cursor: Cursor[Any], run_id: int, first: int, last: int) -> IntArray:
        """Return the facts that CONTEXT left for positions [first, last), int64 (n, n_facts)."""
        ...

    def encode_groups(self, run_id: int, task_id: int, groups: GroupRows) -> Encoded:
        """Return the group rows of a run as bytes."""
        ...

    def copy(self, cursor: Cursor[Any], encoded: Encoded) -> None:
        """Copy encoded rows, inside the completing transaction."""
        ...

    def close(self, cursor: Cursor[Any], run_id: int) -> None:
        """Refuse any further row in the run's leaves."""
        ...


@dataclass(frozen=True, slots=True)
class Final:
    """What a finished run states of itself."""

    valued: int
    errors: int
    result_hash: bytes
    leaf_hash: bytes


@dataclass(slots=True)
class Found:
    """What the finalisers of a run have found so far, for those that come after them.

    `table_hashes` holds the hashes of tables whose rows were hashed as they were written.
    """

    valued: int = 0
    errors: int = 0
    table_hashes: dict[str, bytes] = field(default_factory=dict)


class Finaliser(Protocol):
    """A step of FINALISE, inside its transaction: roll-ups, node results, counts and hashes."""

    def finalise(
        self, cursor: Cursor[Any], run_id: int, request: RunRequest, found: Found
    ) -> Final | None:
        """Write final rows; the last finaliser that returns a Final states the counts."""
        ...


@runtime_checkable
class Refusing(Protocol):
    """A finaliser that can tell from a request that it will not be able to do its part."""

    def refuse(self, request: RunRequest) -> None:
        """Raise apps.run.request.SubmitError where the run must not be submitted."""
        ...
