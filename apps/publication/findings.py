"""What verification says: each finding names the table and the place to look at."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Finding:
    """One difference between what was sealed and what is stored."""

    table: str
    what: str
    task: int | None = None
    position: str | None = None
    ordinal: int | None = None
    node: int | None = None
    dimension: str | None = None
    member: int | None = None
    cell: str | None = None

    def __str__(self) -> str:
        places = [
            f"{name} {value}"
            for name, value in (
                ("task", self.task),
                ("position", self.position),
                ("ordinal", self.ordinal),
                ("node", self.node),
                ("dimension", self.dimension),
                ("member", self.member),
                ("cell", self.cell),
            )
            if value is not None
        ]
        where = f" [{', '.join(places)}]" if places else ""
        return f"{self.table}{where}: {self.what}"

    def as_dict(self) -> dict[str, Any]:
        """Return the fields that are given."""
        return {name: value for name, value in asdict(self).items() if value is not None}


@dataclass(slots=True)
class Verification:
    """The outcome of verifying a run: intact, or what differs; at most `limit` of each kind."""

    run: int
    manifest_hash: str = ""
    root: str = ""
    checked: dict[str, int] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def intact(self) -> bool:
        """Whether everything is as it was sealed."""
        return not self.findings

    def add(self, table: str, what: str, **place: Any) -> None:
        """Note a difference."""
        self.findings.append(Finding(table, what, **place))
