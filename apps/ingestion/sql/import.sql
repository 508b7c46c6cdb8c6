-- name: alone_at_once
-- Whether no other import runs; if none does, others wait for this one from now on.
SELECT pg_try_advisory_xact_lock(hashtextextended('ingestion', 0));

-- name: one_import_at_a_time
SELECT pg_advisory_xact_lock(hashtextextended('ingestion', 0));
