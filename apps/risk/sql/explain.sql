-- What two runs are compared by: positions by position_id, each end at most once.

-- name: pairs
-- The positions in the ranges of either run, with their other end wherever it is in that run.
-- A position without a valuation is not held; status 0 is valued.
WITH held AS (
    SELECT p.position_id
    FROM unnest(%(opening_firsts)s::int4[], %(opening_lasts)s::int4[]) AS part (first, last)
    JOIN position p ON p.snapshot_id = %(opening_snapshot)s
        AND p.ordinal >= part.first AND p.ordinal < part.last
    UNION
    SELECT p.position_id
    FROM unnest(%(closing_firsts)s::int4[], %(closing_lasts)s::int4[]) AS part (first, last)
    JOIN position p ON p.snapshot_id = %(closing_snapshot)s
        AND p.ordinal >= part.first AND p.ordinal < part.last
)
SELECT held.position_id, o.ordinal, o.status, o.row_hash, c.ordinal, c.status, c.row_hash
FROM held
LEFT JOIN LATERAL (
    SELECT p.ordinal, v.status, p.row_hash
    FROM position p
    JOIN valuation v ON v.run = %(opening)s AND v.position = p.ordinal AND v.block = 0
    WHERE p.snapshot_id = %(opening_snapshot)s AND p.position_id = held.position_id
) o ON true
LEFT JOIN LATERAL (
    SELECT p.ordinal, v.status, p.row_hash
    FROM position p
    JOIN valuation v ON v.run = %(closing)s AND v.position = p.ordinal AND v.block = 0
    WHERE p.snapshot_id = %(closing_snapshot)s AND p.position_id = held.position_id
) c ON true
WHERE o.ordinal IS NOT NULL OR c.ordinal IS NOT NULL
ORDER BY coalesce(c.ordinal, o.ordinal), held.position_id COLLATE "C"
LIMIT %(limit)s

-- name: cells
-- One stored cell of positions; those without a value have none.
SELECT v.position, v.cells[%(ordinal)s::int4]
FROM valuation v
WHERE v.run = %(run)s AND v.block = %(block)s AND v.status = 0
  AND v.position = ANY (%(positions)s::int4[])

-- name: header
SELECT r.run_id, r.engine, r.profile, r.cut, r.position_snapshot_id, r.marketdata_snapshot_id,
       encode(r.result_hash, 'hex')
FROM run r WHERE r.run_id = %(run)s
