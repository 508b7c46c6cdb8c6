"""The shape of a manifest: what a file must hold before anything is measured against it."""

from __future__ import annotations

from typing import Annotated, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from apps.publication.manifest import FINAL_TABLES, FORMAT, TABLES

Hash = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class _Part(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")


class _Sealed(NamedTuple):
    """The number of a row, and its hash."""

    number: int
    hash: Hash


class _Cell(NamedTuple):
    """A cell of the axis as it stands in run_axis."""

    block: int
    ordinal: int
    measure: str
    scenario: str
    factor: str
    unit: str
    currency: str
    quantum: int
    kind: str


class _Counts(_Part):
    cells: int
    errors: int
    positions: int
    rows: dict[Literal[TABLES], int]  # type: ignore[valid-type]
    valued: int


class _Market(_Part):
    as_of: str
    hash: Hash
    id: int
    name: str
    source: str


class _Positions(_Part):
    as_of: str
    blocks: list[_Sealed]
    control: Hash
    count: int
    dimensions: Hash
    hash: Hash
    id: int
    name: str
    names: Hash
    source: str


class _ScenarioSet(_Part):
    hash: Hash
    id: int


class _Scenario(_Part):
    code: str
    hash: Hash


class _Tree(_Part):
    hash: Hash
    id: int
    nodes: int


class _Inputs(_Part):
    market: _Market
    positions: _Positions
    scenario_set: _ScenarioSet
    scenarios: list[_Scenario]
    tree: _Tree


class _Parameters(_Part):
    currency: str
    cut: str
    node: int
    valuation_date: str


class _Task(_Part):
    first: int
    last: int
    leaf: Hash
    phase: str
    status: str
    task: int


class _ValueTask(_Task):
    partials: Hash
    phase: Literal["VALUE"]


class _OtherTask(_Task):
    phase: Literal["CONTEXT", "GROUP", "FINALISE"]


class _Manifest(_Part):
    axis: list[_Cell]
    counts: _Counts
    engine: str
    finished_at: str
    format: Literal[FORMAT]  # type: ignore[valid-type]
    input_hash: Hash
    inputs: _Inputs
    libraries: dict[str, str] | None = None
    parameters: _Parameters
    profile: str
    published_at: str
    published_by: str
    reason: str | None = None
    request: str
    result_hash: Hash
    rollups: list[_Sealed]
    root: Hash
    run: int
    started_at: str | None = None
    submitted_at: str
    submitted_by: str
    supersedes: Hash | None = None
    tables: dict[Literal[FINAL_TABLES], Hash]  # type: ignore[valid-type]
    tasks: list[_ValueTask | _OtherTask]


def check(text: str) -> None:
    """Raise ValueError naming the first place where a text is not like a manifest."""
    try:
        found = _Manifest.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "the document"
        raise ValueError(f"{place}: {first['msg']}") from None
    for name, given, wanted in (
        ("counts.rows", found.counts.rows, TABLES),
        ("tables", found.tables, FINAL_TABLES),
    ):
        if missing := sorted(set(wanted) - set(given)):
            raise ValueError(f"{name}: lacks {', '.join(missing)}")
