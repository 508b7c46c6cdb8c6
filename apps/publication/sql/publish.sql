-- What a publication states, read from the run it seals; and the act itself.

-- name: run
SELECT r.run_id, r.status, r.request, r.input_hash, r.engine, r.profile, r.currency,
       r.valuation_date, r.cut, r.node, r.position_count, r.valued_count, r.error_count,
       r.cell_count, r.result_hash, r.position_snapshot_id, r.marketdata_snapshot_id,
       r.scenario_set_id, r.tree_id, r.submitted_by, r.submitted_at, r.started_at, r.finished_at
FROM run r WHERE r.run_id = %(run)s

-- name: inputs
SELECT s.content_hash, s.position_count, s.as_of, s.name, s.source,
       sha256(convert_to(s.names, 'UTF8')), sha256(convert_to(s.dimensions, 'UTF8')),
       sha256(convert_to(s.control, 'UTF8')),
       t.content_hash, t.node_count, m.content_hash, m.as_of, m.name, m.source, c.content_hash
FROM run r
JOIN position_snapshot s ON s.id = r.position_snapshot_id
JOIN portfolio_tree t ON t.id = r.tree_id
JOIN marketdata_snapshot m ON m.id = r.marketdata_snapshot_id
JOIN scenario_set c ON c.id = r.scenario_set_id
WHERE r.run_id = %(run)s

-- name: blocks
-- The packed blocks in order, each with its place: what workers read instead of the rows.
SELECT b.block, sha256(int4send(b.block) || int4send(b.first) || int4send(b.count)
           || int4send(b.book) || convert_to(b.product_type, 'UTF8') || int2send(b.format)
           || b.sha256)
FROM position_block b
JOIN run r ON r.position_snapshot_id = b.snapshot_id
WHERE r.run_id = %(run)s
ORDER BY b.block

-- name: scenarios
SELECT s.code, s.content_hash
FROM run r
JOIN scenario_set_member m ON m.scenario_set_id = r.scenario_set_id
JOIN scenario s ON s.id = m.scenario_id
WHERE r.run_id = %(run)s
ORDER BY m.ordinal

-- name: axis
SELECT block, ordinal, measure, scenario, factor, unit, currency, quantum, kind
FROM run_axis WHERE run = %(run)s ORDER BY block, ordinal

-- name: tasks
-- The leaves: SUCCEEDED tasks, and one-position tasks that are DEAD with a CRASHED row.
SELECT task_id, phase, first, last, status, leaf_hash
FROM run_task WHERE run_id = %(run)s AND leaf_hash IS NOT NULL
ORDER BY task_id

-- name: partials
-- The part of each VALUE leaf that is over the task's roll-ups: which half of a leaf has changed.
SELECT p.task, sha256(string_agg(
    sha256(int4send(p.node) || int2send(p.dimension) || int4send(p.member)
        || int2send(p.block) || int4send(p.count) || int4send(p.covered)
        || int8send(p.covered_notional) || int8send(p.uncovered_notional)
        || array_send(p.cells)),
    ''::bytea ORDER BY p.node, p.dimension, p.member, p.block))
FROM rollup_partial p WHERE p.run = %(run)s GROUP BY p.task

-- name: rollup_nodes
-- The roll-ups of each node, so that a change of theirs is a change of that node.
SELECT node, sha256(string_agg(
    sha256(int2send(dimension) || int4send(member) || int2send(block) || int4send(count)
        || int4send(covered) || int8send(covered_notional) || int8send(uncovered_notional)
        || array_send(cells)),
    ''::bytea ORDER BY dimension, member, block))
FROM rollup WHERE run = %(run)s GROUP BY node ORDER BY node

-- name: root
SELECT sha256(coalesce(string_agg(
    int4send(task_id) || convert_to(phase, 'UTF8') || int4send(first) || int4send(last) || leaf_hash,
    ''::bytea ORDER BY task_id), ''::bytea))
FROM run_task WHERE run_id = %(run)s AND leaf_hash IS NOT NULL

-- name: rows
-- Rows of each table of the run. Those of valuation follow from the digests: one each.
SELECT
    (SELECT count(*) FROM run_axis WHERE run = %(run)s),
    (SELECT count(*) FROM run_context WHERE run = %(run)s),
    (SELECT coalesce(sum(length(digests) / 32), 0) FROM valuation_digest WHERE run = %(run)s),
    (SELECT count(*) FROM valuation_digest WHERE run = %(run)s),
    (SELECT count(*) FROM rollup_partial WHERE run = %(run)s),
    (SELECT count(*) FROM rollup WHERE run = %(run)s),
    (SELECT count(*) FROM group_result WHERE run = %(run)s),
    (SELECT count(*) FROM node_result WHERE run = %(run)s)

-- name: now
SELECT clock_timestamp()

-- name: patience
-- Publications of one run wait for each other, and a large one is counted: the limits of a page
-- are too short for either.
SELECT set_config('lock_timeout', '60s', true), set_config('statement_timeout', '60s', true)

-- name: lock_run
SELECT status FROM run WHERE run_id = %(run)s FOR NO KEY UPDATE

-- name: insert
INSERT INTO published_run
    (run_id, manifest, manifest_hash, root_hash, supersedes_id, reason, published_by, published_at)
VALUES (%(run)s, %(manifest)s, %(manifest_hash)s, %(root_hash)s, %(supersedes)s, %(reason)s,
        %(by)s, %(at)s)

-- name: set_published
UPDATE run SET status = 'PUBLISHED' WHERE run_id = %(run)s
