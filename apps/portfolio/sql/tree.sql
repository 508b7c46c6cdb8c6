-- name: tree_of_hash
SELECT id FROM portfolio_tree WHERE content_hash = %(content_hash)s

-- name: tree_latest
SELECT id, content_hash FROM portfolio_tree ORDER BY id DESC LIMIT 1

-- name: tree_hash
SELECT id, content_hash FROM portfolio_tree WHERE id = %(tree)s

-- name: tree_next
SELECT nextval(pg_get_serial_sequence('portfolio_tree', 'id'))

-- name: tree_copy_nodes
COPY portfolio_node (tree_id, node, code, name, node_type, parent, depth) FROM STDIN

-- name: tree_copy_closure
COPY portfolio_closure (tree_id, ancestor, descendant, depth) FROM STDIN

-- name: tree_insert
INSERT INTO portfolio_tree (id, content_hash, node_count)
VALUES (%(tree)s, %(content_hash)s, %(count)s)

-- name: tree_books
SELECT code, node, node_type FROM portfolio_node WHERE tree_id = %(tree)s

-- Nodes are numbered depth first, so a subtree is the numbers from its root to its last descendant.
-- name: tree_interval
SELECT max(descendant) FROM portfolio_closure
 WHERE tree_id = %(tree)s AND ancestor = %(node)s

-- name: tree_common_ancestor
SELECT c.ancestor
  FROM portfolio_closure c
 WHERE c.tree_id = %(tree)s AND c.descendant = ANY(%(books)s)
 GROUP BY c.ancestor
HAVING count(DISTINCT c.descendant) = cardinality(%(books)s)
 ORDER BY c.ancestor DESC
 LIMIT 1
