"""A node of a run's version of the portfolio tree."""

from __future__ import annotations

from apps.portfolio.models import PortfolioNode
from graph.batch import Batch
from graph.context import Context
from graph.declare import object_type
from graph.enums import NodeType


@object_type()
class TreeNode:
    """A portfolio as it stood in one version of the tree."""

    code: str
    name: str
    node_type: NodeType
    depth: int


def by_number(context: Context) -> Batch[tuple[int, int], TreeNode]:
    """Return the request's nodes by (tree, number)."""

    def load(keys: list[tuple[int, int]]) -> dict[tuple[int, int], TreeNode]:
        rows = PortfolioNode.objects.filter(
            tree_id__in={tree for tree, _ in keys}, node__in={number for _, number in keys}
        )
        return {
            (row.tree_id, row.node): TreeNode(
                code=row.code,
                name=row.name,
                node_type=NodeType(row.node_type),
                depth=row.depth,
            )
            for row in rows
        }

    return context.batches.of("tree node", load)
