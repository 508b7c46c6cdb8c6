-- name: counterparty_incoming
CREATE TEMPORARY TABLE IF NOT EXISTS counterparty_incoming (
    code text, legal_name text, lei text, kind text, parent text, connected_group text,
    connected_basis text, country_of_risk text, country_of_incorporation text,
    sector_scheme text, sector text, rating text, turnover numeric, total_assets numeric,
    investment_grade boolean, scra_grade text, default_status text,
    document text, content_hash bytea
) ON COMMIT DROP

-- name: counterparty_empty
TRUNCATE counterparty_incoming

-- name: counterparty_copy
COPY counterparty_incoming FROM STDIN

-- Ids of headers and versions are drawn here, so that a new header is inserted once, complete
-- with its version, and its history holds one event and not two.
-- name: counterparty_matched
CREATE TEMPORARY TABLE counterparty_matched ON COMMIT DROP AS
SELECT i.*,
       c.id IS NULL AS is_new,
       COALESCE(c.id, nextval(pg_get_serial_sequence('counterparty', 'id'))::int) AS id,
       v.id IS NULL AS is_new_version,
       COALESCE(v.id, nextval(pg_get_serial_sequence('counterparty_version', 'id'))::int)
           AS version_id
  FROM counterparty_incoming i
  LEFT JOIN counterparty c ON c.code = i.code
  LEFT JOIN counterparty_version v
         ON v.counterparty_id = c.id AND v.content_hash = i.content_hash

-- name: counterparty_insert
INSERT INTO counterparty (id, code, legal_name, lei, kind, parent_id, connected_group,
       connected_basis, country_of_risk, country_of_incorporation, sector_scheme, sector, rating,
       turnover, total_assets, investment_grade, scra_grade, default_status, current_version_id)
SELECT m.id, m.code, m.legal_name, m.lei, m.kind, COALESCE(n.id, p.id), m.connected_group,
       m.connected_basis, m.country_of_risk, m.country_of_incorporation, m.sector_scheme,
       m.sector, m.rating, m.turnover, m.total_assets, m.investment_grade, m.scra_grade,
       m.default_status, m.version_id
  FROM counterparty_matched m
  LEFT JOIN counterparty_matched n ON n.code = m.parent
  LEFT JOIN counterparty p ON p.code = m.parent
 WHERE m.is_new

-- name: counterparty_insert_version
INSERT INTO counterparty_version (id, counterparty_id, content_hash, document)
SELECT version_id, id, content_hash, document FROM counterparty_matched WHERE is_new_version

-- The content of a header is that of its version: only where the version differs is it touched.
-- name: counterparty_update
UPDATE counterparty c
   SET legal_name = m.legal_name, lei = m.lei, kind = m.kind, parent_id = p.id,
       connected_group = m.connected_group, connected_basis = m.connected_basis,
       country_of_risk = m.country_of_risk,
       country_of_incorporation = m.country_of_incorporation,
       sector_scheme = m.sector_scheme, sector = m.sector, rating = m.rating,
       turnover = m.turnover, total_assets = m.total_assets,
       investment_grade = m.investment_grade, scra_grade = m.scra_grade,
       default_status = m.default_status, current_version_id = m.version_id
  FROM counterparty_matched m
  LEFT JOIN counterparty p ON p.code = m.parent
 WHERE c.id = m.id AND NOT m.is_new AND c.current_version_id IS DISTINCT FROM m.version_id

-- name: counterparty_drop
DROP TABLE counterparty_matched

-- name: counterparty_like
SELECT code FROM counterparty WHERE lower(code) = ANY(string_to_array(%(lowered)s, E'\x1f'))

-- name: counterparty_parents
SELECT c.code, p.code FROM counterparty c JOIN counterparty p ON p.id = c.parent_id
