"""Which runs the user sees as a whole: what names any of their positions is shown only then."""

from __future__ import annotations

from apps.portfolio import grants
from graph.batch import Batch
from graph.context import Context


def by_node(context: Context) -> Batch[tuple[int, int], bool]:
    """Return, by (tree, node), whether everything under the node is granted."""

    def load(keys: list[tuple[int, int]]) -> dict[tuple[int, int], bool]:
        covered = grants.covered(context.sight.codes, keys)
        return {key: key in covered for key in keys}

    return context.batches.of("whole", load)
