-- What a run must satisfy before it is complete, and the hashes over what it wrote.

-- name: axis
SELECT measure, scenario, factor, unit, currency, quantum, kind
FROM run_axis WHERE run = %(run)s ORDER BY block, ordinal

-- name: counts
-- A position is whole in every block or an error in block 0.
SELECT block, status, count(*) FROM valuation WHERE run = %(run)s GROUP BY block, status

-- name: hash_joins
-- A snapshot that was imported a moment ago has no statistics yet: the planner takes its positions
-- for a few and joins them to the tree row by row, 14 s at 100,000 positions instead of 0.2.
SET LOCAL enable_nestloop = off

-- name: any_joins
SET LOCAL enable_nestloop TO DEFAULT

-- name: expected
SELECT count(*)
FROM position p
JOIN portfolio_closure c ON c.tree_id = %(tree)s AND c.ancestor = %(node)s
    AND c.descendant = p.book
WHERE p.snapshot_id = %(snapshot)s

-- name: unvalued
-- Positions that have neither a value nor an error, or stand in another book.
SELECT p.ordinal, p.position_id
FROM position p
JOIN portfolio_closure c ON c.tree_id = %(tree)s AND c.ancestor = %(node)s
    AND c.descendant = p.book
WHERE p.snapshot_id = %(snapshot)s
  AND NOT EXISTS (
    SELECT FROM valuation v
    WHERE v.run = %(run)s AND v.position = p.ordinal AND v.block = 0 AND v.book = p.book
)
ORDER BY p.ordinal
LIMIT 5

-- name: root
SELECT count, covered FROM rollup
WHERE run = %(run)s AND node = %(node)s AND dimension = 0 AND block = 0

-- name: result_hash
-- Digests name neither task nor run: the same under any sharding.
SELECT sha256(coalesce(string_agg(digests, ''::bytea ORDER BY first), ''::bytea))
FROM valuation_digest WHERE run = %(run)s

-- name: table_hashes
-- Each table's rows in key order, each row by its own hash: the parts of the FINALISE leaf.
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
        int4send(node) || int2send(dimension) || int4send(member) || int2send(block)
        || int4send(count) || int4send(covered) || int8send(covered_notional)
        || int8send(uncovered_notional) || array_send(cells)
        ), ''::bytea ORDER BY node, dimension, member, block), ''::bytea))
     FROM rollup WHERE run = %(run)s) AS rollup,
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
