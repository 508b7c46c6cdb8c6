-- What the cube is read by. Sums are listed cell by cell: apps/result/statements.py.

-- name: run
-- With the labels of the dimensions that are asked for, member by member.
SELECT r.run_id, r.status, r.currency, r.tree_id, r.node, r.position_snapshot_id,
       r.marketdata_snapshot_id, r.position_count, r.valuation_date,
       ARRAY(SELECT s.dimensions::jsonb -> asked FROM unnest(%(dimensions)s::text[]) AS asked)
FROM run r
JOIN position_snapshot s ON s.id = r.position_snapshot_id
WHERE r.run_id = %(run)s

-- name: axis_places
SELECT block, ordinal, measure, scenario, factor, unit, currency, quantum, kind
FROM run_axis WHERE run = %(run)s ORDER BY block, ordinal

-- name: shown
-- Nodes to show and the parts of each that the reader may see: the node itself under a granted
-- one, else the granted subtrees inside it. Everything is granted when granted is null.
WITH shown AS (
    SELECT n.node, n.code, n.name, n.node_type
    FROM portfolio_node n
    JOIN portfolio_closure within ON within.tree_id = n.tree_id
        AND within.ancestor = %(run_node)s AND within.descendant = n.node
    WHERE n.tree_id = %(tree)s
      AND CASE WHEN %(children)s THEN n.parent = %(node)s ELSE n.node = %(node)s END
), top AS (
    SELECT DISTINCT g.node
    FROM unnest(%(granted)s::int4[]) AS g (node)
    WHERE NOT EXISTS (
        SELECT FROM portfolio_closure above
        WHERE above.tree_id = %(tree)s AND above.descendant = g.node
          AND above.ancestor = ANY (%(granted)s::int4[]) AND above.ancestor <> g.node
    )
)
SELECT s.node, s.code, s.name, s.node_type, s.node AS part
FROM shown s
WHERE %(granted)s::int4[] IS NULL OR EXISTS (
    SELECT FROM portfolio_closure c
    WHERE c.tree_id = %(tree)s AND c.descendant = s.node
      AND c.ancestor = ANY (%(granted)s::int4[])
)
UNION ALL
SELECT s.node, s.code, s.name, s.node_type, t.node
FROM shown s
JOIN portfolio_closure c ON c.tree_id = %(tree)s AND c.ancestor = s.node AND c.depth > 0
JOIN top t ON t.node = c.descendant
WHERE NOT EXISTS (
    SELECT FROM portfolio_closure up
    WHERE up.tree_id = %(tree)s AND up.descendant = s.node
      AND up.ancestor = ANY (%(granted)s::int4[])
)
ORDER BY 1, 5

-- name: node_by_code
SELECT node FROM portfolio_node WHERE tree_id = %(tree)s AND code = %(code)s

-- name: ranges
-- The contiguous ordinals of the positions under each part: books are numbered depth first.
SELECT s.shown, min(b.first), max(b.first + b.count)
FROM unnest(%(shown)s::int4[], %(part)s::int4[]) AS s (shown, part)
JOIN portfolio_closure c ON c.tree_id = %(tree)s AND c.ancestor = s.part
JOIN position_block b ON b.snapshot_id = %(snapshot)s AND b.book = c.descendant
GROUP BY s.shown, s.part
ORDER BY 2

-- name: position
SELECT v.position, p.position_id, p.instrument, p.product_type, p.currency,
       coalesce(p.counterparty, ''), p.legal_entity, v.book, n.code, v.status, v.error,
       v.block, v.cells, v.input_hash, v.task
FROM position p
JOIN valuation v ON v.run = %(run)s AND v.position = p.ordinal
JOIN portfolio_node n ON n.tree_id = %(tree)s AND n.node = v.book
WHERE p.snapshot_id = %(snapshot)s AND p.position_id = %(position_id)s
  AND (%(granted)s::int4[] IS NULL OR EXISTS (
      SELECT FROM portfolio_closure c
      WHERE c.tree_id = %(tree)s AND c.descendant = v.book
        AND c.ancestor = ANY (%(granted)s::int4[])))
ORDER BY v.block

-- name: market
SELECT document FROM marketdata_snapshot WHERE id = %(market)s
