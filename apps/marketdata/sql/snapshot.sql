-- One import of a content at a time: the second sees the first one's row.
-- name: snapshot_lock
SELECT pg_advisory_xact_lock(hashtextextended('marketdata_snapshot/' || %(content_hash)s, 0))

-- name: snapshot_of_hash
SELECT id FROM marketdata_snapshot WHERE content_hash = %(content_hash)s

-- name: snapshot_insert
INSERT INTO marketdata_snapshot (content_hash, as_of, name, document, source)
VALUES (%(content_hash)s, %(as_of)s, %(name)s, %(document)s, %(source)s)
RETURNING id

-- name: snapshot_document
SELECT as_of, name, document FROM marketdata_snapshot WHERE id = %(id)s
