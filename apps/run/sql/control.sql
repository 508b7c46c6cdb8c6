-- What people do to runs: submit, cancel, retry.

-- name: submit
-- The unique index over open and completed runs makes a second submission of the same request
-- wait for the first and then insert nothing.
INSERT INTO run
    (status, phase, input_hash, forced, request, plan, valuation_date, cut, position_snapshot_id,
     marketdata_snapshot_id, scenario_set_id, tree_id, node, currency, engine, profile,
     max_attempts, position_count, cell_count, submitted_by, submitted_at, error)
VALUES
    ('QUEUED', %(phase)s, %(input_hash)s, %(forced)s, %(request)s, %(plan)s, %(valuation_date)s,
     %(cut)s, %(position_snapshot_id)s, %(marketdata_snapshot_id)s, %(scenario_set_id)s,
     %(tree_id)s, %(node)s, %(currency)s, %(engine)s, %(profile)s, %(max_attempts)s,
     %(position_count)s, %(cell_count)s, %(submitted_by)s, clock_timestamp(), '')
ON CONFLICT DO NOTHING
RETURNING run_id

-- name: submitted
SELECT run_id, status FROM run
WHERE input_hash = %(input_hash)s AND NOT forced AND status NOT IN ('FAILED', 'CANCELLED')

-- name: enter_alone
-- Waits for the completions that have begun and holds up those that come after.
SELECT pg_advisory_xact_lock(hashtextextended('run/' || %(run)s::int4, 0))

-- name: cancel_run
UPDATE run SET status = 'CANCELLED', finished_at = clock_timestamp()
WHERE run_id = %(run)s AND status IN ('QUEUED', 'RUNNING', 'FINALISING')

-- name: cancel_tasks
-- A worker that computes one of these finds its lease gone and stops.
UPDATE run_task
SET status = 'CANCELLED', finished_at = clock_timestamp(),
    lease_token = NULL, lease_owner = NULL, leased_until = NULL
WHERE run_id = %(run)s AND status IN ('QUEUED', 'RUNNING')

-- name: reopen_run
UPDATE run SET status = 'RUNNING', finished_at = NULL, error = ''
WHERE run_id = %(run)s AND status = 'FAILED'

-- name: reopen_finalising
-- A run that failed in its last phase goes on there.
UPDATE run SET status = 'FINALISING'
WHERE run_id = %(run)s AND status = 'RUNNING' AND phase = 'FINALISE'

-- name: retry_tasks
-- Tasks that ended without rows; %(task)s names one of them or is NULL for all.
UPDATE run_task
SET status = 'QUEUED', attempts = 0, available_at = clock_timestamp(), finished_at = NULL
WHERE run_id = %(run)s
  AND (%(task)s::int IS NULL OR task_id = %(task)s)
  AND (status = 'FAILED' OR (status = 'DEAD' AND leaf_hash IS NULL))

-- name: run_of_task
SELECT run_id FROM run_task WHERE task_id = %(task)s
