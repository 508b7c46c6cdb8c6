-- name: position
-- The ordinal of a position of a run, if the reader may see its book.
SELECT r.position_snapshot_id, p.ordinal, p.product_type, p.currency
FROM run r
JOIN position p ON p.snapshot_id = r.position_snapshot_id AND p.position_id = %(position_id)s
JOIN portfolio_closure inside ON inside.tree_id = r.tree_id AND inside.ancestor = r.node
    AND inside.descendant = p.book
WHERE r.run_id = %(run)s
  AND (%(granted)s::int4[] IS NULL OR EXISTS (
      SELECT FROM portfolio_closure c
      WHERE c.tree_id = r.tree_id AND c.descendant = p.book
        AND c.ancestor = ANY (%(granted)s::int4[])))
