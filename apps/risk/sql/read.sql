-- What figures of nodes are read by: a constant number of statements, whatever the book.

-- name: basis
SELECT s.id, s.basis, s.scenario_count, r.request
FROM run r JOIN scenario_set s ON s.id = r.scenario_set_id
WHERE r.run_id = %(run)s

-- name: node_figures
-- The figures of a node, and what each of its children has of them.
SELECT f.node, n.code, n.name, f.measure, f.value, f.method
FROM node_result f
JOIN portfolio_node n ON n.tree_id = %(tree)s AND n.node = f.node
WHERE f.run = %(run)s AND f.factor = %(factor)s AND f.measure = ANY (%(measures)s)
  AND CASE WHEN f.measure LIKE 'COMPONENT%%' THEN n.parent = %(node)s ELSE f.node = %(node)s END
ORDER BY f.node, f.measure

-- name: scenario_names
SELECT c.code, c.name
FROM scenario_set_member x JOIN scenario c ON c.id = x.scenario_id
WHERE x.scenario_set_id = %(set)s AND c.code = ANY (%(codes)s)

-- name: by_counterparty
-- The exact sums of a cell by obligor under nodes whose positions are contiguous.
SELECT coalesce(p.counterparty, ''), sum(v.cells[%(ordinal)s]), count(*)
FROM unnest(%(first)s::int4[], %(last)s::int4[]) AS r (first, last)
JOIN position p ON p.snapshot_id = %(snapshot)s AND p.ordinal >= r.first AND p.ordinal < r.last
JOIN valuation v ON v.run = %(run)s AND v.position = p.ordinal AND v.block = %(block)s
    AND v.status = 0
GROUP BY 1
