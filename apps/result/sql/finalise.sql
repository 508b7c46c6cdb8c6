-- What a run must satisfy before it is complete, and the hashes over what it wrote.

-- name: axis
SELECT measure, scenario, factor, unit, currency, quantum, kind
FROM run_axis WHERE run = %(run)s ORDER BY block, ordinal

-- name: counts
-- A position is whole in every block or an error in block 0.
SELECT block, status, count(*) FROM valuation WHERE run = %(run)s GROUP BY block, status

-- name: expected
-- The blocks hold each position of a sealed snapshot once. They are few: the rows themselves are
-- read by nobody between import and run, and a first reader rewrites their pages.
SELECT coalesce(sum(b.count), 0)::int8
FROM position_block b
JOIN portfolio_closure c ON c.tree_id = %(tree)s AND c.ancestor = %(node)s
    AND c.descendant = b.book
WHERE b.snapshot_id = %(snapshot)s

-- name: unvalued
-- Positions that have neither a value nor an error, or stand in another book. A book is one range
-- of ordinals: its rows are as many and lie inside it, or those of it that miss are looked for.
-- Each table is added up by itself: the leaf is too young for the planner to know it.
WITH held AS MATERIALIZED (
    SELECT b.book, min(b.first) AS first, max(b.first + b.count) AS last, sum(b.count) AS count
    FROM position_block b
    JOIN portfolio_closure c ON c.tree_id = %(tree)s AND c.ancestor = %(node)s
        AND c.descendant = b.book
    WHERE b.snapshot_id = %(snapshot)s
    GROUP BY b.book
), found AS MATERIALIZED (
    SELECT v.book, min(v.position) AS first, max(v.position) AS last, count(*) AS count
    FROM valuation v
    WHERE v.run = %(run)s AND v.block = 0
    GROUP BY v.book
), short AS MATERIALIZED (
    SELECT h.first, h.last
    FROM held h
    LEFT JOIN found f ON f.book = h.book
    WHERE f.count IS DISTINCT FROM h.count OR f.first < h.first OR f.last >= h.last
    ORDER BY h.first
    LIMIT 5
)
SELECT p.ordinal, p.position_id
FROM short s
JOIN position p ON p.snapshot_id = %(snapshot)s AND p.ordinal >= s.first AND p.ordinal < s.last
WHERE NOT EXISTS (
    SELECT FROM valuation v
    WHERE v.run = %(run)s AND v.position = p.ordinal AND v.block = 0 AND v.book = p.book
)
ORDER BY p.ordinal
LIMIT 5

-- name: ancestors
-- Every node at or below the run's own, with each node between them.
SELECT c.descendant, c.ancestor
FROM portfolio_closure c
JOIN portfolio_closure inside ON inside.tree_id = c.tree_id
    AND inside.ancestor = %(node)s AND inside.descendant = c.ancestor
WHERE c.tree_id = %(tree)s
ORDER BY c.descendant, c.ancestor

-- name: members
SELECT dimension, member, count(*) FROM rollup_partial
WHERE run = %(run)s AND block = %(block)s
GROUP BY dimension, member ORDER BY dimension, member

-- name: partials
SELECT node, dimension, member, count, covered, covered_notional, uncovered_notional, cells
FROM rollup_partial
WHERE run = %(run)s AND block = %(block)s
  AND (dimension, member) >= (%(first_dimension)s::int2, %(first_member)s::int4)
  AND (dimension, member) <= (%(last_dimension)s::int2, %(last_member)s::int4)

-- name: root
SELECT count, covered FROM rollup
WHERE run = %(run)s AND node = %(node)s AND dimension = 0 AND block = 0

-- name: result_hash
-- Digests name neither task nor run: the same under any sharding.
SELECT sha256(coalesce(string_agg(digests, ''::bytea ORDER BY first), ''::bytea))
FROM valuation_digest WHERE run = %(run)s

-- name: table_hashes
-- Each table's rows in key order, each row by its own hash: the parts of the FINALISE leaf, but
-- for the roll-ups, whose rows are hashed as they are written.
SELECT
    (SELECT sha256(coalesce(string_agg(sha256(
        int2send(block) || int2send(ordinal) || convert_to(
            concat_ws(E'\x1f', measure, scenario, factor, unit, currency, quantum, kind), 'UTF8')
        ), ''::bytea ORDER BY block, ordinal), ''::bytea))
     FROM run_axis WHERE run = %(run)s) AS run_axis,
    (SELECT sha256(coalesce(string_agg(sha256(
        int4send(position) || int4send(task) || context_hash || array_send(facts)
        ), ''::bytea ORDER BY position), ''::bytea))
     FROM run_context WHERE run = %(run)s) AS run_context,
    (SELECT sha256(coalesce(string_agg(sha256(
        int4send(task) || convert_to(concat_ws(E'\x1f', kind, "group"), 'UTF8')
        || array_send(cells)
        ), ''::bytea ORDER BY convert_to(kind, 'UTF8'), convert_to("group", 'UTF8')), ''::bytea))
     FROM group_result WHERE run = %(run)s) AS group_result,
    (SELECT sha256(coalesce(string_agg(sha256(
        int4send(node) || int8send(value) || convert_to(
            concat_ws(E'\x1f', measure, scenario, factor, method), 'UTF8')
        ), ''::bytea ORDER BY node, convert_to(measure, 'UTF8'), convert_to(scenario, 'UTF8'),
           convert_to(factor, 'UTF8')), ''::bytea))
     FROM node_result WHERE run = %(run)s) AS node_result
