-- Where runs stand.

-- name: progress
-- A run without tasks yet is there too, with nulls for the task columns. The positions of a task
-- count once there are rows of them.
SELECT r.run_id, r.status, r.phase, r.position_count, t.status, t.phase, count(t.task_id)::int,
       coalesce(sum(t.last - t.first) FILTER (WHERE t.leaf_hash IS NOT NULL), 0)::bigint
FROM run r LEFT JOIN run_task t ON t.run_id = r.run_id
WHERE r.run_id = ANY (%(runs)s)
GROUP BY r.run_id, t.status, t.phase

-- name: may_follow
-- Whether a run exists that a reader of these portfolios (null: of all) sees something of.
SELECT EXISTS (
    SELECT FROM run r
    WHERE r.run_id = %(run)s AND (%(codes)s::text[] IS NULL OR EXISTS (
        SELECT FROM portfolio_node n
        JOIN portfolio_closure c ON c.tree_id = n.tree_id
            AND ((c.ancestor = n.node AND c.descendant = r.node)
                OR (c.ancestor = r.node AND c.descendant = n.node))
        WHERE n.tree_id = r.tree_id AND n.code = ANY (%(codes)s)
    ))
)

-- name: run
SELECT run_id, status, phase, request, plan, position_snapshot_id, marketdata_snapshot_id,
       scenario_set_id, tree_id, node, engine, profile, position_count, cell_count, input_hash
FROM run WHERE run_id = %(run)s

-- name: documents
SELECT m.document AS market, s.names, s.dimensions, c.basis
FROM marketdata_snapshot m, position_snapshot s, scenario_set c
WHERE m.id = %(market)s AND s.id = %(positions)s AND c.id = %(scenarios)s

-- name: scenarios
SELECT c.document, c.content_hash
FROM scenario_set_member x JOIN scenario c ON c.id = x.scenario_id
WHERE x.scenario_set_id = %(scenarios)s
ORDER BY x.ordinal

-- name: attempts
SELECT outcome, count(*)::int FROM run_task_attempt WHERE run_id = %(run)s GROUP BY outcome
