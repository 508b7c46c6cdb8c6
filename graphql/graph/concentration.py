"""How much of a node stands with few names."""

from __future__ import annotations

from typing import Self

import strawberry

from apps.risk import selectors as risks
from apps.risk.selectors import ConcentrationBy
from graph.context import Info
from graph.declare import input_type, object_type
from graph.paging import check_first
from graph.refusals import reading
from graph.scalars import DecimalText

strawberry.enum(ConcentrationBy, description="What exposures are summed by.")


@input_type
class ObligorAssumption:
    """Names that are alike but for their size: fractions of exposure, PD of one year.

    `capital` is the requirement for unexpected loss without maturity adjustment.
    """

    pd: float
    lgd: float
    capital: float


@object_type()
class Concentration:
    """Exposures by key, the largest first, as columns of the first of `names`.

    `hhi` is the sum of squared shares over all names, 1 / names to 1; positions without a key are
    one name, UNKNOWN.
    """

    node_code: str
    node_name: str
    by: ConcentrationBy
    measure: str
    currency: str
    names: int
    total: DecimalText
    hhi: float
    effective_names: float
    top_exposure: DecimalText
    top_share: float
    keys: list[str]
    exposures: list[DecimalText]
    shares: list[float]
    granularity_adjustment: float | None

    @classmethod
    def of(cls, found: risks.NodeConcentration) -> Self:
        """Return the type of a node's concentration."""
        return cls(
            node_code=found.node.code,
            node_name=found.node.name,
            by=ConcentrationBy(found.by),
            measure=found.measure,
            currency=found.currency,
            names=found.names,
            total=DecimalText(found.total),
            hhi=found.hhi,
            effective_names=found.effective_names,
            top_exposure=DecimalText(found.top_exposure),
            top_share=found.top_share,
            keys=found.keys,
            exposures=[DecimalText(each) for each in found.exposures],
            shares=found.shares,
            granularity_adjustment=found.granularity_adjustment,
        )


def resolve(
    info: Info,
    run: int,
    tree: int,
    *,
    by: ConcentrationBy,
    node: str | None,
    measure: str,
    first: int,
    obligors: ObligorAssumption | None,
) -> Concentration:
    """Return the concentration of what the user sees of a node."""
    check_first(first)
    with reading():
        return Concentration.of(
            risks.concentration(
                run,
                by,
                node=node,
                measure=measure,
                top=first,
                obligors=None
                if obligors is None
                else risks.Assumption(obligors.pd, obligors.lgd, obligors.capital),
                granted=info.context.sight.nodes(tree),
            )
        )
