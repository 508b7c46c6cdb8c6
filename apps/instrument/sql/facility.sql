-- name: facility_incoming
CREATE TEMPORARY TABLE IF NOT EXISTS facility_incoming (
    code text, name text, obligor text, kind text, parent text, currency text, commitment numeric,
    total_facility_amount numeric, agreement_date date, effective_date date, availability_end date,
    maturity_date date, unconditionally_cancellable boolean, seniority text, secured boolean,
    details jsonb, document text, content_hash bytea
) ON COMMIT DROP

-- name: facility_empty
TRUNCATE facility_incoming

-- name: facility_copy
COPY facility_incoming FROM STDIN

-- Ids of headers and versions are drawn here, so that a new header is inserted once, complete
-- with its version, and its history holds one event and not two.
-- name: facility_matched
CREATE TEMPORARY TABLE facility_matched ON COMMIT DROP AS
SELECT i.*,
       o.id AS obligor_id,
       f.id IS NULL AS is_new,
       COALESCE(f.id, nextval(pg_get_serial_sequence('facility', 'id'))::int) AS id,
       v.id IS NULL AS is_new_version,
       COALESCE(v.id, nextval(pg_get_serial_sequence('facility_version', 'id'))::int)
           AS version_id
  FROM facility_incoming i
  LEFT JOIN counterparty o ON o.code = i.obligor
  LEFT JOIN facility f ON f.code = i.code
  LEFT JOIN facility_version v ON v.facility_id = f.id AND v.content_hash = i.content_hash

-- name: facility_insert
INSERT INTO facility (id, code, name, obligor_id, kind, parent_id, currency, commitment,
       total_facility_amount, agreement_date, effective_date, availability_end, maturity_date,
       unconditionally_cancellable, seniority, secured, details, current_version_id)
SELECT m.id, m.code, m.name, m.obligor_id, m.kind, COALESCE(n.id, p.id), m.currency, m.commitment,
       m.total_facility_amount, m.agreement_date, m.effective_date, m.availability_end,
       m.maturity_date, m.unconditionally_cancellable, m.seniority, m.secured, m.details,
       m.version_id
  FROM facility_matched m
  LEFT JOIN facility_matched n ON n.code = m.parent
  LEFT JOIN facility p ON p.code = m.parent
 WHERE m.is_new

-- name: facility_insert_version
INSERT INTO facility_version (id, facility_id, content_hash, document)
SELECT version_id, id, content_hash, document FROM facility_matched WHERE is_new_version

-- The content of a header is that of its version: only where the version differs is it touched.
-- name: facility_update
UPDATE facility f
   SET name = m.name, obligor_id = m.obligor_id, kind = m.kind, parent_id = p.id,
       currency = m.currency, commitment = m.commitment,
       total_facility_amount = m.total_facility_amount, agreement_date = m.agreement_date,
       effective_date = m.effective_date, availability_end = m.availability_end,
       maturity_date = m.maturity_date,
       unconditionally_cancellable = m.unconditionally_cancellable, seniority = m.seniority,
       secured = m.secured, details = m.details, current_version_id = m.version_id
  FROM facility_matched m
  LEFT JOIN facility p ON p.code = m.parent
 WHERE f.id = m.id AND NOT m.is_new AND f.current_version_id IS DISTINCT FROM m.version_id

-- name: facility_drop
DROP TABLE facility_matched

-- name: facility_like
SELECT code FROM facility WHERE lower(code) = ANY(string_to_array(%(lowered)s, E'\x1f'))

-- name: facility_facts
SELECT f.code, f.currency, f.commitment, p.code
  FROM facility f LEFT JOIN facility p ON p.id = f.parent_id

-- name: facility_pinned
SELECT f.code, v.id, v.content_hash
  FROM facility f JOIN facility_version v ON v.id = f.current_version_id
 WHERE f.code = ANY(string_to_array(%(codes)s, E'\x1f'))

-- name: facility_documents
SELECT id, document FROM facility_version WHERE id = ANY(%(ids)s)
