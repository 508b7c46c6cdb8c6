"""Who sees which part of the portfolio tree: nothing without a grant, everything as superuser.

A grant names a portfolio by its code and covers the subtree under it, in whatever version of the
tree a run is pinned to. None stands for everything in all functions here.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

from django.db import connection
from django.db.models import Exists, OuterRef, Q

from apps.access.models import User
from apps.portfolio.models import PortfolioClosure, PortfolioGrant, PortfolioNode
from foundation import sqlfiles

SQL = sqlfiles.load(Path(__file__).parent / "sql")

Codes = tuple[str, ...] | None
"""The codes of granted portfolios; None is all of them."""


def granted_codes(user: User) -> Codes:
    """Return the codes of the portfolios granted to a user, in order."""
    if not user.is_active:
        return ()
    if user.is_superuser:
        return None
    granted = PortfolioGrant.objects.filter(user=user, is_active=True).order_by("portfolio__code")
    return tuple(granted.values_list("portfolio__code", flat=True))


def granted_nodes(codes: Codes, tree: int) -> tuple[int, ...] | None:
    """Return the numbers that granted portfolios have in a version of the tree."""
    if codes is None:
        return None
    return tuple(_ids("granted_nodes", codes, tree=tree))


def granted_portfolios(codes: Codes) -> tuple[int, ...] | None:
    """Return the ids of the portfolios at or under the granted ones, as the tree is today."""
    if codes is None:
        return None
    return tuple(_ids("granted_portfolios", codes))


def touches_a_grant(codes: Sequence[str], *, tree: str, node: str) -> Exists:
    """Return the condition that a row's node stands in a granted subtree or has one inside.

    `tree` and `node` name the columns of the row that is asked about.
    """
    granted = PortfolioNode.objects.filter(tree_id=OuterRef(OuterRef(tree)), code__in=codes).values(
        "node"
    )
    return Exists(
        PortfolioClosure.objects.filter(tree_id=OuterRef(tree)).filter(
            Q(ancestor__in=granted, descendant=OuterRef(node))
            | Q(ancestor=OuterRef(node), descendant__in=granted)
        )
    )


def covers(codes: Codes, *, tree: int, node: int) -> bool:
    """Return whether everything under a node of a tree is granted."""
    return (tree, node) in covered(codes, [(tree, node)])


def covered(codes: Codes, nodes: Collection[tuple[int, int]]) -> set[tuple[int, int]]:
    """Return those of the nodes, each (tree, node), under which everything is granted."""
    if codes is None:
        return set(nodes)
    granted = PortfolioNode.objects.filter(
        tree_id=OuterRef("tree_id"), node=OuterRef("ancestor"), code__in=codes
    )
    found = PortfolioClosure.objects.filter(
        Exists(granted),
        tree_id__in={tree for tree, _ in nodes},
        descendant__in={node for _, node in nodes},
    ).values_list("tree_id", "descendant")
    return set(found) & set(nodes)


def _ids(statement: str, codes: Sequence[str], **names: int) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(SQL[statement], {"codes": list(codes), **names})
        return [int(row[0]) for row in cursor.fetchall()]
