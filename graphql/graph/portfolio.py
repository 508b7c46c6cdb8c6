"""The portfolio tree as stewards know it today. A run's own tree is in its cube."""

from __future__ import annotations

from collections import defaultdict
from typing import Self, cast

import strawberry
from django.db.models import QuerySet
from strawberry import auto

from apps.portfolio.models import Portfolio
from graph.batch import Batch
from graph.context import Context, Info
from graph.declare import DEFAULT_PAGE, graph_field, model_type, root_field, root_type, sized
from graph.enums import NodeType
from graph.federation import Representation
from graph.paging import CONNECTION, After, Connection, First, check_first, page


@model_type(Portfolio, name="Portfolio", keys=["code"])
class PortfolioType:
    """A fund, sub-fund, desk or book. Only granted subtrees are seen."""

    code: auto
    name: auto
    node_type: NodeType

    @strawberry.field
    def parent(self, info: Info, row: strawberry.Parent[Portfolio]) -> PortfolioType | None:
        """The portfolio above, when the user may see it."""
        return None if row.parent_id is None else by_pk(info.context).get(row.parent_id)

    @graph_field(sized())
    def children(
        self, info: Info, row: strawberry.Parent[Portfolio], first: First = DEFAULT_PAGE
    ) -> list[PortfolioType]:
        """The portfolios below, in order of their codes."""
        check_first(first)
        found = _children(info.context).get(row.pk) or []
        return found[:first]

    @classmethod
    def of(cls, row: Portfolio, context: Context) -> Self:
        """Return a row as its type, and announce what its fields may ask for."""
        _children(context).announce([row.pk])
        if row.parent_id is not None:
            by_pk(context).announce([row.parent_id])
        return cast("Self", row)

    @classmethod
    def references(cls, info: Info, representations: list[Representation]) -> list[Self | None]:
        """Return the entities a gateway names, in one statement."""
        codes = [str(each.get("code")) for each in representations]
        rows = visible(info.context).filter(code__in=codes)
        found = {row.code: cls.of(row, info.context) for row in rows}
        return [found.get(code) for code in codes]


def visible(context: Context) -> QuerySet[Portfolio]:
    """Return the portfolios that the user may see."""
    ids = context.sight.portfolios
    return Portfolio.objects.all() if ids is None else Portfolio.objects.filter(pk__in=ids)


def by_pk(context: Context) -> Batch[int, PortfolioType]:
    """Return the request's portfolios by primary key."""

    def load(keys: list[int]) -> dict[int, PortfolioType]:
        rows = visible(context).filter(pk__in=keys)
        return {row.pk: PortfolioType.of(row, context) for row in rows}

    return context.batches.of("portfolio", load)


def _children(context: Context) -> Batch[int, list[PortfolioType]]:
    def load(keys: list[int]) -> dict[int, list[PortfolioType]]:
        found: dict[int, list[PortfolioType]] = defaultdict(list)
        for row in visible(context).filter(parent_id__in=keys).order_by("code"):
            found[row.parent_id or 0].append(PortfolioType.of(row, context))
        return found

    return context.batches.of("portfolio children", load)


@root_type
class PortfolioQuery:
    """Portfolios of the reference data."""

    @root_field()
    def portfolio(self, info: Info, code: str) -> PortfolioType | None:
        """The portfolio of this code; null when there is none or it is not granted."""
        row = visible(info.context).filter(code=code).first()
        return PortfolioType.of(row, info.context) if row else None

    @root_field(CONNECTION)
    def portfolios(
        self,
        info: Info,
        first: First = DEFAULT_PAGE,
        after: After = None,
        node_type: NodeType | None = None,
        parent: str | None = None,
    ) -> Connection[PortfolioType]:
        """The granted portfolios in order of their codes."""
        rows = visible(info.context)
        if node_type is not None:
            rows = rows.filter(node_type=node_type)
        if parent is not None:
            rows = rows.filter(parent__code=parent)
        return page(
            rows,
            lambda row: PortfolioType.of(row, info.context),
            key="code",
            first=first,
            after=after,
        )
