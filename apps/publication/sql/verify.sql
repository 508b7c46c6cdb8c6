-- Everything a published run states, computed again from the stored rows alone. Each statement
-- returns what differs and nothing when all is as sealed; apps/publication/verification.py only
-- asks and words the answers.

-- name: publication
SELECT p.manifest, p.manifest_hash, sha256(convert_to(p.manifest, 'UTF8')), p.root_hash,
       r.status, p.published_by, p.published_at, p.reason, s.manifest_hash
FROM run r
LEFT JOIN published_run p ON p.run_id = r.run_id
LEFT JOIN published_run s ON s.id = p.supersedes_id
WHERE r.run_id = %(run)s

-- name: request_hash
SELECT sha256(convert_to(request, 'UTF8')) = input_hash FROM run WHERE run_id = %(run)s

-- name: task_digests
-- Per VALUE task the digests of its rows in order against those it wrote, and its leaf hash.
-- The rows of a task are compared as a whole first; only tasks that differ are looked into.
WITH rows AS MATERIALIZED (
    SELECT v.task, v.position, v.block,
           sha256(int4send(v.position) || int2send(v.block) || int2send(v.status)
               || int2send(v.error_code) || array_send(v.cells)) AS digest,
           int4send(v.book) || v.input_hash || convert_to(v.error, 'UTF8') AS rest
    FROM valuation v WHERE v.run = %(run)s
), tasks AS (
    SELECT task, string_agg(digest, ''::bytea ORDER BY position, block) AS digests,
           sha256(string_agg(digest || rest, ''::bytea ORDER BY position, block)) AS rows_hash
    FROM rows GROUP BY task
), partials AS (
    SELECT p.task, sha256(string_agg(
        sha256(int4send(p.node) || int2send(p.dimension) || int4send(p.member)
            || int2send(p.block) || int4send(p.count) || int4send(p.covered)
            || int8send(p.covered_notional) || int8send(p.uncovered_notional)
            || array_send(p.cells)),
        ''::bytea ORDER BY p.node, p.dimension, p.member, p.block)) AS hash
    FROM rollup_partial p WHERE p.run = %(run)s GROUP BY p.task
)
SELECT coalesce(t.task, p.task, d.task),
       coalesce(t.digests, ''::bytea) = coalesce(d.digests, ''::bytea),
       coalesce(t.rows_hash, sha256(''::bytea)), coalesce(p.hash, sha256(''::bytea)),
       d.first, d.count
FROM tasks t
FULL JOIN partials p ON p.task = t.task
FULL JOIN (SELECT * FROM valuation_digest WHERE run = %(run)s) d
    ON d.task = coalesce(t.task, p.task)
ORDER BY 1

-- name: changed_positions
-- Inside a task that differs: rows whose digest the task did not write.
SELECT v.position, p.position_id, v.block
FROM valuation v
JOIN run r ON r.run_id = v.run
LEFT JOIN position p ON p.snapshot_id = r.position_snapshot_id AND p.ordinal = v.position
WHERE v.run = %(run)s AND v.task = %(task)s
  AND sha256(int4send(v.position) || int2send(v.block) || int2send(v.status)
      || int2send(v.error_code) || array_send(v.cells)) NOT IN (
    SELECT substring(d.digests FROM 32 * n + 1 FOR 32)
    FROM valuation_digest d, generate_series(0, length(d.digests) / 32 - 1) AS n
    WHERE d.run = %(run)s AND d.task = %(task)s
)
ORDER BY v.position, v.block
LIMIT %(limit)s

-- name: computed_differently
-- Rows of a task whose digest is not among those computed now.
SELECT DISTINCT v.position, p.position_id
FROM valuation v
JOIN run r ON r.run_id = v.run
JOIN position p ON p.snapshot_id = r.position_snapshot_id AND p.ordinal = v.position
WHERE v.run = %(run)s AND v.task = %(task)s
  AND NOT sha256(int4send(v.position) || int2send(v.block) || int2send(v.status)
      || int2send(v.error_code) || array_send(v.cells)) = ANY (%(digests)s::bytea[])
ORDER BY v.position
LIMIT %(limit)s

-- name: lost_positions
-- Positions of a task's range that have no row.
SELECT p.ordinal, p.position_id
FROM run_task t
JOIN run r ON r.run_id = t.run_id
JOIN position p ON p.snapshot_id = r.position_snapshot_id
    AND p.ordinal >= t.first AND p.ordinal < t.last
WHERE t.task_id = %(task)s
  AND NOT EXISTS (
    SELECT FROM valuation v
    WHERE v.run = %(run)s AND v.task = t.task_id AND v.position = p.ordinal
)
ORDER BY p.ordinal
LIMIT %(limit)s

-- name: result_hash
SELECT sha256(coalesce(string_agg(digests, ''::bytea ORDER BY first), ''::bytea))
FROM valuation_digest WHERE run = %(run)s

-- name: misplaced_positions
-- Rows that stand in another book than their position, or for a position that is none.
SELECT v.task, v.position, p.position_id, v.book, p.book
FROM valuation v
JOIN run r ON r.run_id = v.run
LEFT JOIN position p ON p.snapshot_id = r.position_snapshot_id AND p.ordinal = v.position
WHERE v.run = %(run)s AND v.book IS DISTINCT FROM p.book
ORDER BY v.position
LIMIT %(limit)s

-- name: status_counts
SELECT count(*) FILTER (WHERE status = 0 AND block = 0), count(*) FILTER (WHERE status = 1)
FROM valuation WHERE run = %(run)s

-- name: changed_axis
-- The axis as it stands against the one in the manifest.
SELECT coalesce(a.block, m.block), coalesce(a.ordinal, m.ordinal),
       CASE WHEN a.block IS NULL THEN 'is missing'
            WHEN m.block IS NULL THEN 'was added'
            ELSE 'was changed' END,
       coalesce(m.cell ->> 2, a.measure), coalesce(m.cell ->> 3, a.scenario),
       coalesce(m.cell ->> 4, a.factor)
FROM (SELECT * FROM run_axis WHERE run = %(run)s) a
FULL JOIN (
    SELECT (cell ->> 0)::int2 AS block, (cell ->> 1)::int2 AS ordinal, cell
    FROM jsonb_array_elements(%(axis)s::jsonb) AS cell
) m ON m.block = a.block AND m.ordinal = a.ordinal
WHERE a.block IS NULL OR m.block IS NULL
   OR (a.measure, a.scenario, a.factor, a.unit, a.currency, a.quantum::text, a.kind)
      IS DISTINCT FROM (m.cell ->> 2, m.cell ->> 3, m.cell ->> 4, m.cell ->> 5, m.cell ->> 6,
                        m.cell ->> 7, m.cell ->> 8)
ORDER BY 1, 2

-- name: context_leaves
SELECT task, sha256(string_agg(
    int4send(position) || context_hash || array_send(facts), ''::bytea ORDER BY position))
FROM run_context WHERE run = %(run)s GROUP BY task

-- name: changed_context
SELECT position FROM run_context
WHERE run = %(run)s AND context_hash <> sha256(array_send(facts))
ORDER BY position LIMIT %(limit)s

-- name: group_leaves
SELECT task, sha256(string_agg(
    sha256(convert_to(kind, 'UTF8') || '\x00'::bytea || convert_to("group", 'UTF8')
        || '\x00'::bytea || array_send(cells)),
    ''::bytea ORDER BY convert_to(kind, 'UTF8'), convert_to("group", 'UTF8')))
FROM group_result WHERE run = %(run)s GROUP BY task

-- name: changed_documents
-- Position rows whose document is no longer the one that was hashed, or that say otherwise than
-- their document. OFFSET 0 has each document parsed once.
SELECT p.ordinal, p.position_id,
       CASE WHEN sha256(convert_to(p.document, 'UTF8')) <> p.row_hash THEN 'document or row_hash'
            ELSE 'position_id, product_type, instrument, legal_entity, currency or counterparty'
       END
FROM position p
CROSS JOIN LATERAL (SELECT p.document::jsonb AS fields OFFSET 0) AS d
WHERE p.snapshot_id = %(snapshot)s
  AND (sha256(convert_to(p.document, 'UTF8')) <> p.row_hash
       OR (d.fields ->> 'position_id', d.fields ->> 'product_type', d.fields ->> 'instrument',
           d.fields ->> 'legal_entity', d.fields ->> 'currency', d.fields ->> 'obligor')
          IS DISTINCT FROM (p.position_id::text, p.product_type::text, p.instrument::text,
                            p.legal_entity::text, p.currency::text, p.counterparty::text))
ORDER BY p.ordinal
LIMIT %(limit)s

-- name: moved_positions
-- Positions whose book is not the one their document names.
SELECT p.ordinal, p.position_id
FROM position p
LEFT JOIN portfolio_node n ON n.tree_id = %(tree)s AND n.node = p.book
WHERE p.snapshot_id = %(snapshot)s AND n.code IS DISTINCT FROM (p.document::jsonb ->> 'book')
ORDER BY p.ordinal
LIMIT %(limit)s

-- name: changed_terms
-- Terms that positions pin whose text is not the one hashed, or that they do not pin.
SELECT p.ordinal, p.position_id, 'terms'
FROM position p
LEFT JOIN instrument_terms t ON t.id = p.terms_id
WHERE p.snapshot_id = %(snapshot)s
  AND (t.id IS NULL OR sha256(convert_to(t.document, 'UTF8')) <> t.content_hash
       OR encode(t.content_hash, 'hex') IS DISTINCT FROM (p.document::jsonb ->> 'terms'))
UNION ALL
SELECT p.ordinal, p.position_id, 'counterparty'
FROM position p
LEFT JOIN counterparty_version c ON c.id = p.counterparty_version_id
WHERE p.snapshot_id = %(snapshot)s
  AND (sha256(convert_to(c.document, 'UTF8')) <> c.content_hash
       OR encode(c.content_hash, 'hex') IS DISTINCT FROM (p.document::jsonb ->> 'obligor_version')
       OR (p.counterparty_version_id IS NULL) <> (c.id IS NULL))
UNION ALL
SELECT p.ordinal, p.position_id, 'facility'
FROM position p
LEFT JOIN facility_version f ON f.id = p.facility_version_id
WHERE p.snapshot_id = %(snapshot)s
  AND (sha256(convert_to(f.document, 'UTF8')) <> f.content_hash
       OR encode(f.content_hash, 'hex') IS DISTINCT FROM (p.document::jsonb ->> 'facility_version')
       OR p.facility IS DISTINCT FROM (p.document::jsonb ->> 'facility')
       OR (p.facility_version_id IS NULL) <> (f.id IS NULL))
ORDER BY 1
LIMIT %(limit)s

-- name: snapshot_header
-- What a snapshot's header says beside its hash: labels and texts that results are shown with.
SELECT as_of, name, source, position_count, sha256(convert_to(names, 'UTF8')),
       sha256(convert_to(dimensions, 'UTF8')), sha256(convert_to(control, 'UTF8'))
FROM position_snapshot WHERE id = %(snapshot)s

-- name: snapshot_hash
SELECT sha256(t.content_hash || convert_to(to_char(s.as_of, 'YYYY-MM-DD'), 'UTF8') || coalesce((
           SELECT string_agg(p.row_hash, ''::bytea ORDER BY p.ordinal)
           FROM position p WHERE p.snapshot_id = s.id), ''::bytea)),
       s.content_hash, (SELECT count(*) FROM position p WHERE p.snapshot_id = s.id)
FROM position_snapshot s
JOIN portfolio_tree t ON t.id = s.tree_id
WHERE s.id = %(snapshot)s

-- name: changed_blocks
-- Blocks whose bytes are not those of their hash, or that are not the sealed ones.
SELECT coalesce(b.block, s.block), b.first, b.count,
       CASE WHEN b.block IS NULL THEN 'is missing'
            WHEN s.block IS NULL THEN 'was added'
            ELSE 'is not as it was written' END
FROM (SELECT * FROM position_block WHERE snapshot_id = %(snapshot)s) b
FULL JOIN (
    SELECT (block ->> 0)::int4 AS block, block ->> 1 AS hash
    FROM jsonb_array_elements(%(blocks)s::jsonb) AS block
) s ON s.block = b.block
WHERE b.block IS NULL OR s.block IS NULL
   OR sha256(b.dimensions || b.terms) <> b.sha256
   OR encode(sha256(int4send(b.block) || int4send(b.first) || int4send(b.count)
          || int4send(b.book) || convert_to(b.product_type, 'UTF8') || int2send(b.format)
          || b.sha256), 'hex') <> s.hash
ORDER BY 1 LIMIT %(limit)s

-- name: block_cover
SELECT coalesce(sum(count), 0) FROM position_block WHERE snapshot_id = %(snapshot)s

-- name: tree_hash
-- The canonical text of the nodes in order: keys sorted, texts NFC, an absent parent omitted.
SELECT sha256(convert_to('[' || string_agg(
           '{"code":' || to_json(code::text)::text
           || ',"name":' || to_json(normalize(name::text, NFC))::text || ',"node_type":' || to_json(node_type::text)::text
           || coalesce(',"parent":' || parent, '') || '}', ',' ORDER BY node) || ']', 'UTF8')),
       (SELECT content_hash FROM portfolio_tree WHERE id = %(tree)s),
       (SELECT node_count FROM portfolio_tree WHERE id = %(tree)s), count(*)
FROM portfolio_node WHERE tree_id = %(tree)s

-- name: misplaced_nodes
-- Nodes whose depth is not their number of ancestors.
SELECT n.node FROM portfolio_node n
LEFT JOIN portfolio_closure c ON c.tree_id = n.tree_id AND c.descendant = n.node AND c.depth > 0
WHERE n.tree_id = %(tree)s
GROUP BY n.node, n.depth HAVING count(c.ancestor) <> n.depth
ORDER BY n.node LIMIT %(limit)s

-- name: changed_closure
-- The ancestors of every node by its parents against those stored.
WITH RECURSIVE up AS (
    SELECT node AS descendant, node AS ancestor, 0 AS depth
    FROM portfolio_node WHERE tree_id = %(tree)s
    UNION ALL
    SELECT u.descendant, n.parent, u.depth + 1
    FROM up u JOIN portfolio_node n ON n.tree_id = %(tree)s AND n.node = u.ancestor
    WHERE n.parent IS NOT NULL
), stored AS (
    SELECT descendant, ancestor, depth::int FROM portfolio_closure WHERE tree_id = %(tree)s
)
(SELECT * FROM up EXCEPT SELECT * FROM stored)
UNION (SELECT * FROM stored EXCEPT SELECT * FROM up)
ORDER BY 1, 2
LIMIT %(limit)s

-- name: market_hash
SELECT sha256(convert_to(document, 'UTF8')), content_hash, as_of, name, source
FROM marketdata_snapshot WHERE id = %(market)s

-- name: scenario_hashes
SELECT m.ordinal, s.code, sha256(convert_to(s.document, 'UTF8')), s.content_hash
FROM scenario_set_member m
JOIN scenario s ON s.id = m.scenario_id
WHERE m.scenario_set_id = %(scenario_set)s
ORDER BY m.ordinal

-- name: scenario_set_hash
SELECT sha256(convert_to(
           '{' || CASE c.basis WHEN '' THEN '' ELSE '"basis":' || c.basis || ',' END
           || '"code":' || to_json(normalize(c.code::text, NFC))::text
           || ',"name":' || to_json(normalize(c.name::text, NFC))::text
           || ',"scenarios":[' || coalesce((
               SELECT string_agg('"' || encode(s.content_hash, 'hex') || '"', ','
                                 ORDER BY m.ordinal)
               FROM scenario_set_member m JOIN scenario s ON s.id = m.scenario_id
               WHERE m.scenario_set_id = c.id), '') || ']}', 'UTF8')),
       c.content_hash
FROM scenario_set c WHERE c.id = %(scenario_set)s

-- name: table_hashes
-- The parts of the FINALISE leaf: each table's rows in key order, each row by its own hash.
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
