-- name: legal_entity_incoming
CREATE TEMPORARY TABLE IF NOT EXISTS legal_entity_incoming (
    code text, name text, lei text, country text, base_currency text, parent text
) ON COMMIT DROP

-- name: legal_entity_empty
TRUNCATE legal_entity_incoming

-- name: legal_entity_copy
COPY legal_entity_incoming FROM STDIN

-- name: legal_entity_matched
CREATE TEMPORARY TABLE legal_entity_matched ON COMMIT DROP AS
SELECT i.*, e.id IS NULL AS is_new,
       COALESCE(e.id, nextval(pg_get_serial_sequence('legal_entity', 'id'))::int) AS id
  FROM legal_entity_incoming i LEFT JOIN legal_entity e ON e.code = i.code

-- name: legal_entity_insert
INSERT INTO legal_entity (id, code, name, lei, country, base_currency, parent_id)
SELECT m.id, m.code, m.name, m.lei, m.country, m.base_currency, COALESCE(n.id, p.id)
  FROM legal_entity_matched m
  LEFT JOIN legal_entity_matched n ON n.code = m.parent
  LEFT JOIN legal_entity p ON p.code = m.parent
 WHERE m.is_new

-- name: legal_entity_update
UPDATE legal_entity e
   SET name = m.name, lei = m.lei, country = m.country, base_currency = m.base_currency,
       parent_id = p.id
  FROM legal_entity_matched m LEFT JOIN legal_entity p ON p.code = m.parent
 WHERE e.id = m.id AND NOT m.is_new
   AND (e.name, e.lei, e.country, e.base_currency, e.parent_id)
       IS DISTINCT FROM (m.name, m.lei, m.country, m.base_currency, p.id)

-- name: legal_entity_drop
DROP TABLE legal_entity_matched

-- name: legal_entity_parents
SELECT e.code, p.code FROM legal_entity e LEFT JOIN legal_entity p ON p.id = e.parent_id

-- name: portfolio_incoming
CREATE TEMPORARY TABLE IF NOT EXISTS portfolio_incoming (
    code text, name text, node_type text, parent text
) ON COMMIT DROP

-- name: portfolio_empty
TRUNCATE portfolio_incoming

-- name: portfolio_copy
COPY portfolio_incoming FROM STDIN

-- name: portfolio_matched
CREATE TEMPORARY TABLE portfolio_matched ON COMMIT DROP AS
SELECT i.*, e.id IS NULL AS is_new,
       COALESCE(e.id, nextval(pg_get_serial_sequence('portfolio', 'id'))::int) AS id
  FROM portfolio_incoming i LEFT JOIN portfolio e ON e.code = i.code

-- name: portfolio_insert
INSERT INTO portfolio (id, code, name, node_type, parent_id)
SELECT m.id, m.code, m.name, m.node_type, COALESCE(n.id, p.id)
  FROM portfolio_matched m
  LEFT JOIN portfolio_matched n ON n.code = m.parent
  LEFT JOIN portfolio p ON p.code = m.parent
 WHERE m.is_new

-- name: portfolio_update
UPDATE portfolio e
   SET name = m.name, node_type = m.node_type, parent_id = p.id
  FROM portfolio_matched m LEFT JOIN portfolio p ON p.code = m.parent
 WHERE e.id = m.id AND NOT m.is_new
   AND (e.name, e.node_type, e.parent_id) IS DISTINCT FROM (m.name, m.node_type, p.id)

-- name: portfolio_drop
DROP TABLE portfolio_matched

-- name: portfolio_places
SELECT e.code, e.name, e.node_type, p.code
  FROM portfolio e LEFT JOIN portfolio p ON p.id = e.parent_id
