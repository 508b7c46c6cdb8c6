"""The axis of a run: which cells there are and how they read."""

from __future__ import annotations

from typing import Self

from apps.result import selectors as results
from graph.declare import object_type
from graph.errors import BadInput
from graph.paging import check_first


@object_type()
class AxisCell:
    """One cell: a measure under a scenario for a factor. Its counts are value x 10^quantum."""

    measure: str
    scenario: str
    factor: str
    unit: str
    currency: str
    quantum: int
    kind: str

    @classmethod
    def page(cls, run: int, first: int, offset: int) -> list[Self]:
        """Return the cells [offset, offset + first) of a run."""
        check_first(first)
        if offset < 0:
            raise BadInput("offset is not negative")
        return [
            cls(
                measure=cell.spec.measure,
                scenario=cell.spec.scenario,
                factor=cell.spec.factor,
                unit=cell.spec.unit,
                currency=cell.spec.currency,
                quantum=cell.spec.quantum,
                kind=cell.spec.kind,
            )
            for cell in results.axis(run)[offset : offset + first]
        ]
