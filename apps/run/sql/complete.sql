-- Ending an attempt: with rows, with an error, or given back. Every statement is fenced by the
-- lease token, and the run's row is locked before that of a task wherever both are.

-- name: lock_run_to_change
SELECT status FROM run WHERE run_id = %(run)s FOR NO KEY UPDATE

-- name: enter
-- Completions pass this gate side by side. Share locks on a row never queue behind somebody who
-- waits to change it, so that many workers whose completions overlap would keep a cancellation
-- out for ever; at an advisory lock they do.
SELECT pg_advisory_xact_lock_shared(hashtextextended('run/' || %(run)s::int4, 0))

-- name: complete
-- One row, or the lease was lost or the run is over, and the transaction rolls back. The share
-- lock on the run keeps a cancellation out until the transaction ends, but no other completion.
-- The gate comes before the run's row, as in a cancellation.
WITH gate AS MATERIALIZED (
    SELECT pg_advisory_xact_lock_shared(hashtextextended('run/' || %(run)s::int4, 0))
), holding AS MATERIALIZED (
    SELECT r.run_id, r.status FROM gate, run r WHERE r.run_id = %(run)s FOR SHARE OF r
)
UPDATE run_task t
SET status = %(status)s, leaf_hash = %(leaf_hash)s, error = %(error)s,
    finished_at = clock_timestamp(), lease_token = NULL, lease_owner = NULL, leased_until = NULL
FROM holding r
WHERE t.run_id = r.run_id AND r.status = %(run_status)s
  AND t.task_id = %(task)s AND t.lease_token = %(token)s AND t.status = 'RUNNING'

-- name: finish_run
UPDATE run
SET status = CASE WHEN %(errors)s = 0 THEN 'COMPLETED' ELSE 'COMPLETED_WITH_ERRORS' END,
    valued_count = %(valued)s, error_count = %(errors)s, result_hash = %(result_hash)s,
    finished_at = clock_timestamp()
WHERE run_id = %(run)s AND status = 'FINALISING'

-- name: attempt
INSERT INTO run_task_attempt
    (task_id, run_id, attempt, lease_token, lease_owner, outcome, started_at, ended_at, seconds,
     error)
VALUES (%(task)s, %(run)s, %(attempt)s, %(token)s, %(owner)s, %(outcome)s, %(started_at)s,
        clock_timestamp(), %(seconds)s, %(error)s)

-- name: committed
-- Whether an attempt whose COMMIT was never answered has been committed.
SELECT EXISTS (
    SELECT FROM run_task_attempt
    WHERE run_id = %(run)s AND task_id = %(task)s AND lease_token = %(token)s
      AND outcome IN ('SUCCEEDED', 'FAILED')
)

-- name: fail
-- The wait doubles with each attempt up to five minutes, by a factor between 1/2 and 3/2 at
-- random so that tasks that failed together do not come back together.
WITH failed AS (
    UPDATE run_task t
    SET status = CASE WHEN %(useless)s OR t.attempts >= t.max_attempts
                      THEN 'FAILED' ELSE 'QUEUED' END,
        error = %(error)s,
        available_at = clock_timestamp() + make_interval(secs =>
            least(300, %(backoff_seconds)s * 2 ^ (t.attempts - 1)) * (0.5 + random())),
        finished_at = CASE WHEN %(useless)s OR t.attempts >= t.max_attempts
                           THEN clock_timestamp() END,
        lease_token = NULL, lease_owner = NULL, leased_until = NULL
    WHERE t.task_id = %(task)s AND t.lease_token = %(token)s AND t.status = 'RUNNING'
    RETURNING t.task_id, t.run_id, t.attempts, t.started_at
)
INSERT INTO run_task_attempt
    (task_id, run_id, attempt, lease_token, lease_owner, outcome, started_at, ended_at, seconds,
     error)
SELECT task_id, run_id, attempts, %(token)s, %(owner)s, 'FAILED', started_at, clock_timestamp(),
       %(seconds)s, %(error)s
FROM failed

-- name: give_back
-- Unfinished work of a worker that is told to stop; the attempt is not charged.
WITH returned AS (
    UPDATE run_task t
    SET status = 'QUEUED', attempts = t.attempts - 1, available_at = clock_timestamp(),
        lease_token = NULL, lease_owner = NULL, leased_until = NULL
    WHERE t.task_id = %(task)s AND t.lease_token = %(token)s AND t.status = 'RUNNING'
    RETURNING t.task_id, t.run_id, t.attempts + 1 AS attempt, t.started_at
)
INSERT INTO run_task_attempt
    (task_id, run_id, attempt, lease_token, lease_owner, outcome, started_at, ended_at, seconds,
     error)
SELECT task_id, run_id, attempt, %(token)s, %(owner)s, 'RETURNED', started_at, clock_timestamp(),
       %(seconds)s, ''
FROM returned
