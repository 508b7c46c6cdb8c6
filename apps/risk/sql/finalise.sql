-- What figures of nodes are computed from: the nodes of a run and their summed vectors.

-- name: nodes
-- Every node at or below the run's own, with the one above it.
SELECT n.node, n.code, coalesce(n.parent, 0)
FROM portfolio_node n
JOIN portfolio_closure c ON c.tree_id = n.tree_id
    AND c.ancestor = %(node)s AND c.descendant = n.node
WHERE n.tree_id = %(tree)s
ORDER BY n.node

-- name: vectors
SELECT node, cells FROM rollup
WHERE run = %(run)s AND dimension = 0 AND block = %(block)s
ORDER BY node

-- name: figures
COPY node_result (run, node, measure, scenario, factor, value, method) FROM STDIN
