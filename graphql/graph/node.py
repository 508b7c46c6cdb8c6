"""A node of a run's version of the portfolio tree."""

from __future__ import annotations

from typing import Self, cast

from strawberry import auto

from apps.portfolio.models import PortfolioNode
from graph.batch import Batch
from graph.context import Context
from graph.declare import model_type
from graph.enums import NodeType


@model_type(PortfolioNode, name="TreeNode")
class TreeNode:
    """A portfolio as it stood in one version of the tree."""

    code: auto
    name: auto
    node_type: NodeType
    depth: auto

    @classmethod
    def of(cls, row: PortfolioNode) -> Self:
        """Return a row as its type."""
        return cast("Self", row)


def by_number(context: Context) -> Batch[tuple[int, int], TreeNode]:
    """Return the request's nodes by (tree, number)."""

    def load(keys: list[tuple[int, int]]) -> dict[tuple[int, int], TreeNode]:
        rows = PortfolioNode.objects.filter(
            tree_id__in={tree for tree, _ in keys}, node__in={number for _, number in keys}
        )
        return {(row.tree_id, row.node): TreeNode.of(row) for row in rows}

    return context.batches.of("tree node", load)
