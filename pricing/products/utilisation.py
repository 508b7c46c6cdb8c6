"""What terms assume of how much of a commitment is drawn, period by period."""

from __future__ import annotations

from dataclasses import dataclass

from pricing.failure import Refused
from pricing.products.fields import declared
from pricing.products.rows import Row

KINDS = ("TODAY", "CONSTANT", "VECTOR", "CREDIT")
"""The codes of a packed batch: a new kind goes to the end."""

COLUMNS = {
    "path": "i1",
    "path_level": "f8",
    "path_known": "i1",
    "path_levels": "ragged f8",
    "path_leq": "f8",
    "path_widening": "f8",
}


@dataclass(frozen=True, slots=True)
class Utilisation:
    """Shares of the commitment drawn in the periods after the current one."""

    kind: str = declared(
        "choice",
        "TODAY: tonight's share goes on; CONSTANT: one level; VECTOR: a level a period; CREDIT: a "
        "level that moves with the obligor's spread",
        choices=KINDS,
    )
    level: float | None = declared(
        "rate", "share drawn, of CONSTANT and before any widening of CREDIT; absent: tonight's",
        None, low=0.0, high=1.0,
    )  # fmt: skip
    levels: tuple[float, ...] | None = declared(
        "numbers", "shares drawn period by period from the next one on, the last one goes on", None,
        low=0.0, high=1.0, code="RATE_OUT_OF_RANGE",
    )  # fmt: skip
    leq: float | None = declared(
        "rate", "loan equivalent: share of the undrawn that is drawn under stress", None,
        low=0.0, high=1.0,
    )  # fmt: skip
    widening: float | None = declared(
        "rate", "widening of the spread over the base market at which all of leq is drawn",
        None, low=1e-4, high=1.0,
    )  # fmt: skip


def row(path: Utilisation | None, place: str = "terms.utilisation") -> Row:
    """Return the columns of a utilisation path; refuse fields that its kind does not have."""
    if path is None:
        return {}
    wanted = {
        "level": path.kind == "CONSTANT",
        "levels": path.kind == "VECTOR",
        "leq": path.kind == "CREDIT",
        "widening": path.kind == "CREDIT",
    }
    for name, needed in wanted.items():
        given = getattr(path, name) is not None
        if needed and not given:
            raise Refused("TERMS_INVALID", f"{place}.{name}: is missing, {path.kind} needs it")
        if given and not needed and not (name == "level" and path.kind == "CREDIT"):
            raise Refused("TERMS_INVALID", f"{place}.{name}: {path.kind} has none")
    return {
        "path": KINDS.index(path.kind),
        "path_level": path.level or 0.0,
        "path_known": path.level is not None,
        "path_levels": path.levels or (),
        "path_leq": path.leq or 0.0,
        "path_widening": path.widening or 0.0,
    }
