-- name: market_document
SELECT document FROM marketdata_snapshot WHERE id = %(market)s;

-- name: amortised_cost
-- The ledger's figure of the positions that have a value, so that both sides of the ratio cover
-- the same positions.
SELECT p.currency, sum((p.document::jsonb #>> '{state,amortised_cost}')::numeric)
FROM position p
JOIN valuation v ON v.run = %(run)s AND v.position = p.ordinal AND v.block = 0 AND v.status = 0
WHERE p.snapshot_id = %(snapshot)s
  AND p.document::jsonb #>> '{state,amortised_cost}' IS NOT NULL
GROUP BY p.currency
ORDER BY p.currency;

-- name: average_spread
-- A spread is of one position (kind NONE): its average over a book is weighted, and said to be.
SELECT sum(s.cells[%(spread)s]::numeric * b.cells[%(principal)s])
       / nullif(sum(b.cells[%(principal)s]), 0)
FROM position p
JOIN valuation s ON s.run = %(run)s AND s.position = p.ordinal
                AND s.block = %(spread_block)s AND s.status = 0
JOIN valuation b ON b.run = %(run)s AND b.position = p.ordinal
                AND b.block = %(principal_block)s AND b.status = 0
WHERE p.snapshot_id = %(snapshot)s
  AND p.document::jsonb #>> '{state,segment}' = ANY(%(segments)s);
