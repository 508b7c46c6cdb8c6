"""The allowance from opening to closing: by events for disclosure, by cause for explanation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from pricing.credit.errors import CreditError

MOVEMENTS = ("PCD", "PSL", "PROVISION", "CHARGE_OFF", "RECOVERY", "FX")
"""What moves an allowance, in the order of the table; a charge-off is a positive amount."""

CAUSES = ("NEW", "RUN_OFF", "MIGRATION", "MACRO", "PARAMETERS", "MODEL", "Q_FACTORS")
"""The order in which the provision is attributed: other orders give other parts."""

RESIDUAL = "RESIDUAL"


@dataclass(frozen=True, slots=True)
class Movement:
    """An event of a segment, amount in counts of a quantum; `ref` names what it came from."""

    segment: str
    kind: str
    amount: int
    ref: str


@dataclass(frozen=True, slots=True)
class Row:
    """A row: opening + PCD + PSL + provision - charge-offs + recoveries + FX = closing."""

    segment: str
    opening: int
    pcd: int
    psl: int
    provision: int
    charge_offs: int
    recoveries: int
    fx: int
    closing: int

    @property
    def difference(self) -> int:
        """Return closing less everything before it: 0 in a table that closes."""
        before = self.opening + self.pcd + self.psl + self.provision + self.recoveries + self.fx
        return self.closing - (before - self.charge_offs)


def provision(
    opening: Mapping[str, int], movements: Iterable[Movement], closing: Mapping[str, int]
) -> dict[str, int]:
    """Return the provision each segment needs to come to its closing allowance.

    `movements` are those that are no provision.
    """
    return {row.segment: row.difference for row in _rows(opening, movements, closing)}


def roll_forward(
    opening: Mapping[str, int], movements: Iterable[Movement], closing: Mapping[str, int]
) -> tuple[Row, ...]:
    """Return a row a segment and a last one, TOTAL; DOES_NOT_CLOSE names segment and difference.

    Every figure is a sum of events: nothing is a balancing item.
    """
    rows = _rows(opening, movements, closing)
    for row in rows:
        if row.difference:
            raise CreditError(
                "DOES_NOT_CLOSE",
                f"segment {row.segment}",
                f"closing is {row.closing}, {row.difference} more than its movements give",
            )
    names = ("opening", "pcd", "psl", "provision", "charge_offs", "recoveries", "fx", "closing")
    sums = {name: sum(getattr(row, name) for row in rows) for name in names}
    return (*rows, Row(segment="TOTAL", **sums))


def _rows(
    opening: Mapping[str, int], movements: Iterable[Movement], closing: Mapping[str, int]
) -> list[Row]:
    sums: dict[str, dict[str, int]] = {}
    for i, one in enumerate(movements):
        if one.kind not in MOVEMENTS:
            raise CreditError(
                "UNKNOWN_NAME", f"movements[{i}].kind", f"{one.kind!r} is no movement of {one.ref}"
            )
        if one.kind in ("CHARGE_OFF", "RECOVERY", "PCD", "PSL") and one.amount < 0:
            raise CreditError(
                "OUT_OF_RANGE", f"movements[{i}].amount", f"{one.kind} of {one.ref} is negative"
            )
        part = sums.setdefault(one.segment, dict.fromkeys(MOVEMENTS, 0))
        part[one.kind] += one.amount
    found = []
    for segment in sorted({*opening, *closing, *sums}):
        part = sums.get(segment, dict.fromkeys(MOVEMENTS, 0))
        found.append(
            Row(
                segment,
                opening=opening.get(segment, 0),
                pcd=part["PCD"],
                psl=part["PSL"],
                provision=part["PROVISION"],
                charge_offs=part["CHARGE_OFF"],
                recoveries=part["RECOVERY"],
                fx=part["FX"],
                closing=closing.get(segment, 0),
            )
        )
    return found


def attribution(
    after: Sequence[tuple[str, int]], opening: int, provision_of_period: int, other: int
) -> dict[str, int]:
    """Return the provision by cause, and RESIDUAL, which make it up exactly.

    `after` are the allowances recomputed once each of CAUSES is let in, in their order, from the
    opening one; `other` what moved the allowance without provision (charge-offs negative). What
    recomputing does not explain is the residual, shown and never spread.
    """
    if tuple(name for name, _ in after) != CAUSES:
        raise CreditError("UNKNOWN_NAME", "after", f"the causes are {', '.join(CAUSES)} in order")
    parts: dict[str, int] = {}
    before = opening
    for name, value in after:
        parts[name] = value - before
        before = value
    # Charge-offs and recoveries pass through run-off: what they moved was no provision.
    parts["RUN_OFF"] -= other
    parts[RESIDUAL] = provision_of_period - sum(parts.values())
    return parts
