-- name: instrument_incoming
CREATE TEMPORARY TABLE IF NOT EXISTS instrument_incoming (
    code text, product_type text, name text, currency text, isin text, cusip text, issuer text,
    document text, content_hash bytea
) ON COMMIT DROP

-- name: instrument_empty
TRUNCATE instrument_incoming

-- name: instrument_copy
COPY instrument_incoming FROM STDIN

-- name: instrument_matched
CREATE TEMPORARY TABLE instrument_matched ON COMMIT DROP AS
SELECT i.*,
       p.id AS issuer_id,
       o.id IS NULL AS is_new,
       COALESCE(o.id, nextval(pg_get_serial_sequence('instrument', 'id'))::int) AS id,
       t.id IS NULL AS is_new_terms,
       COALESCE(t.id, nextval(pg_get_serial_sequence('instrument_terms', 'id'))::int) AS terms_id
  FROM instrument_incoming i
  LEFT JOIN counterparty p ON p.code = i.issuer
  LEFT JOIN instrument o ON o.code = i.code
  LEFT JOIN instrument_terms t ON t.instrument_id = o.id AND t.content_hash = i.content_hash

-- name: instrument_insert
INSERT INTO instrument (id, code, product_type, name, currency, isin, cusip, issuer_id,
                        current_terms_id)
SELECT id, code, product_type, name, currency, isin, cusip, issuer_id, terms_id
  FROM instrument_matched WHERE is_new

-- name: instrument_insert_terms
INSERT INTO instrument_terms (id, instrument_id, content_hash, document)
SELECT terms_id, id, content_hash, document FROM instrument_matched WHERE is_new_terms

-- name: instrument_update
UPDATE instrument i
   SET product_type = m.product_type, name = m.name, currency = m.currency, isin = m.isin,
       cusip = m.cusip, issuer_id = m.issuer_id, current_terms_id = m.terms_id
  FROM instrument_matched m
 WHERE i.id = m.id AND NOT m.is_new
   AND (i.product_type, i.name, i.currency, i.isin, i.cusip, i.issuer_id, i.current_terms_id)
       IS DISTINCT FROM
       (m.product_type, m.name, m.currency, m.isin, m.cusip, m.issuer_id, m.terms_id)

-- name: instrument_drop
DROP TABLE instrument_matched

-- name: instrument_like
SELECT code FROM instrument WHERE lower(code) = ANY(string_to_array(%(lowered)s, E'\x1f'))

-- name: instrument_facts
SELECT i.code, i.product_type, i.currency, p.code
  FROM instrument i LEFT JOIN counterparty p ON p.id = i.issuer_id
 WHERE i.code = ANY(string_to_array(%(codes)s, E'\x1f'))

-- name: instrument_pinned
SELECT i.code, i.product_type, i.currency, p.code, t.id, t.content_hash
  FROM instrument i
  JOIN instrument_terms t ON t.id = i.current_terms_id
  LEFT JOIN counterparty p ON p.id = i.issuer_id
 WHERE i.code = ANY(string_to_array(%(codes)s, E'\x1f'))

-- name: terms_documents
SELECT id, document FROM instrument_terms WHERE id = ANY(%(ids)s)

-- The group of a counterparty: the connected group that it or the nearest ancestor names, else
-- the ancestor at the top, else none. The versions pinned are the current ones.
-- name: counterparty_pinned
WITH RECURSIVE line AS (
    SELECT c.id, c.id AS at, c.parent_id, c.connected_group, 0 AS depth
      FROM counterparty c WHERE c.code = ANY(string_to_array(%(codes)s, E'\x1f'))
    UNION ALL
    SELECT l.id, p.id, p.parent_id, p.connected_group, l.depth + 1
      FROM line l JOIN counterparty p ON p.id = l.parent_id
     WHERE l.connected_group = '' AND l.depth < 100
), last AS (
    SELECT DISTINCT ON (id) id, at, connected_group, depth FROM line ORDER BY id, depth DESC
)
SELECT c.code, v.id, v.content_hash, c.rating, c.sector, c.country_of_risk,
       CASE WHEN l.connected_group <> '' THEN l.connected_group
            WHEN l.depth > 0 OR EXISTS (SELECT FROM counterparty k WHERE k.parent_id = c.id)
            THEN (SELECT a.code FROM counterparty a WHERE a.id = l.at)
            ELSE '' END
  FROM counterparty c
  JOIN counterparty_version v ON v.id = c.current_version_id
  JOIN last l ON l.id = c.id
 WHERE c.code = ANY(string_to_array(%(codes)s, E'\x1f'))

-- name: counterparty_documents
SELECT id, document FROM counterparty_version WHERE id = ANY(%(ids)s)
