"""Verification's own sums, listed cell by cell; written apart from what it verifies."""

from __future__ import annotations

from collections.abc import Sequence


def changed_rollups(width: int) -> str:
    """Roll-ups that are not the sums of the partial ones over the node's books.

    Parameters run, tree, block, limit. Returns node, dimension, member and what is wrong.
    """
    cells = ", ".join(f"sum(p.cells[{ordinal}])::int8" for ordinal in range(1, int(width) + 1))
    return f"""
WITH again AS (
    SELECT c.ancestor AS node, p.dimension, p.member, sum(p.count)::int4 AS count,
           sum(p.covered)::int4 AS covered, sum(p.covered_notional)::int8 AS covered_notional,
           sum(p.uncovered_notional)::int8 AS uncovered_notional, ARRAY[{cells}] AS cells
    FROM rollup_partial p
    JOIN portfolio_closure c ON c.tree_id = %(tree)s AND c.descendant = p.node
    WHERE p.run = %(run)s AND p.block = %(block)s
      AND c.ancestor IN (
          SELECT d.descendant FROM portfolio_closure d JOIN run r ON r.run_id = %(run)s
          WHERE d.tree_id = %(tree)s AND d.ancestor = r.node)
    GROUP BY 1, 2, 3
), stored AS (
    SELECT node, dimension, member, count, covered, covered_notional, uncovered_notional, cells
    FROM rollup WHERE run = %(run)s AND block = %(block)s
)
SELECT coalesce(s.node, a.node), coalesce(s.dimension, a.dimension),
       coalesce(s.member, a.member),
       CASE WHEN s.node IS NULL THEN 'is missing'
            WHEN a.node IS NULL THEN 'was added'
            ELSE 'is not the sum of its partial roll-ups' END
FROM stored s
FULL JOIN again a ON a.node = s.node AND a.dimension = s.dimension AND a.member = s.member
WHERE (s.count, s.covered, s.covered_notional, s.uncovered_notional, s.cells)
    IS DISTINCT FROM (a.count, a.covered, a.covered_notional, a.uncovered_notional, a.cells)
ORDER BY 1, 2, 3
LIMIT %(limit)s
"""


def unsupported_books(ordinals: Sequence[int]) -> str:
    """Books whose roll-up is not the sum of their positions' cells.

    Parameters run, block, limit; `ordinals` are the cells that add. Returns the node.
    """
    sums = ", ".join(f"sum(v.cells[{int(ordinal)}])" for ordinal in ordinals) or "0"
    cells = ", ".join(f"r.cells[{int(ordinal)}]::numeric" for ordinal in ordinals) or "0"
    return f"""
SELECT coalesce(again.book, r.node)
FROM (
    SELECT v.book, count(*) FILTER (WHERE v.status = 0), ARRAY[{sums}]::numeric[]
    FROM valuation v
    WHERE v.run = %(run)s AND v.block = %(block)s AND v.status = 0
    GROUP BY v.book
) AS again (book, covered, cells)
FULL JOIN (
    SELECT r.node, r.covered, ARRAY[{cells}]::numeric[] AS cells
    FROM rollup r
    JOIN portfolio_node n ON n.tree_id = %(tree)s AND n.node = r.node AND n.node_type = 'BOOK'
    WHERE r.run = %(run)s AND r.block = %(block)s AND r.dimension = 0 AND r.covered > 0
) r ON r.node = again.book
WHERE (again.covered, again.cells) IS DISTINCT FROM (r.covered::int8, r.cells)
ORDER BY 1
LIMIT %(limit)s
"""
