-- name: one_import_at_a_time
SELECT pg_advisory_xact_lock(hashtextextended('ingestion', 0))
