-- One writer at a time, so that equal scenarios of two imports are one row.
-- name: scenario_lock
SELECT pg_advisory_xact_lock(hashtextextended('scenario', 0))

-- name: scenario_of_hash
SELECT id FROM scenario WHERE content_hash = %(content_hash)s

-- name: scenario_insert
INSERT INTO scenario (code, name, kind, content_hash, document)
VALUES (%(code)s, %(name)s, %(kind)s, %(content_hash)s, %(document)s)
RETURNING id

-- name: scenarios_of_code
SELECT code, max(document), count(*)
  FROM scenario
 WHERE code = ANY (%(codes)s::text[])
 GROUP BY code

-- name: set_of_hash
SELECT id FROM scenario_set WHERE content_hash = %(content_hash)s

-- name: set_next
SELECT nextval(pg_get_serial_sequence('scenario_set', 'id'))

-- name: set_member_insert
INSERT INTO scenario_set_member (scenario_set_id, ordinal, scenario_id)
SELECT %(set)s, m.ordinal - 1, m.scenario
  FROM unnest(%(scenarios)s::int[]) WITH ORDINALITY AS m(scenario, ordinal)

-- name: set_insert
INSERT INTO scenario_set (id, code, name, content_hash, scenario_count, basis)
VALUES (%(set)s, %(code)s, %(name)s, %(content_hash)s, %(count)s, %(basis)s)
