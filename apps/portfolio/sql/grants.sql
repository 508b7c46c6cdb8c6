-- What a user may see: subtrees of the portfolio tree, granted by code.

-- name: granted_nodes
-- The granted portfolios that stand in one version of the tree, by their numbers there.
SELECT n.node
FROM portfolio_node n
WHERE n.tree_id = %(tree)s AND n.code = ANY (%(codes)s)
ORDER BY n.node

-- name: granted_portfolios
-- The portfolios at or under a granted one, as stewards have arranged them now.
WITH RECURSIVE seen AS (
    SELECT p.id FROM portfolio p WHERE p.code = ANY (%(codes)s)
    UNION
    SELECT p.id FROM portfolio p JOIN seen s ON p.parent_id = s.id
)
SELECT id FROM seen
