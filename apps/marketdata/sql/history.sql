-- One writer at a time, so that equal histories of two imports are one row.
-- name: history_lock
SELECT pg_advisory_xact_lock(hashtextextended('market_history', 0))

-- name: history_of_hash
SELECT id FROM market_history WHERE content_hash = %(content_hash)s

-- name: history_insert
INSERT INTO market_history
    (content_hash, code, source, first_day, last_day, day_count, factor_count, document)
VALUES (%(content_hash)s, %(code)s, %(source)s, %(first_day)s, %(last_day)s, %(day_count)s,
        %(factor_count)s, %(document)s)
RETURNING id

-- name: histories
SELECT id, code, content_hash, document FROM market_history WHERE id = ANY (%(ids)s::int[])
