-- Handing out tasks, and keeping them. All times are the database's clock.

-- name: claim
-- Commits on its own: a claim inside a longer transaction would hide the task behind a row lock.
-- MATERIALIZED: an inlined candidate list may be run again under a join and claim too many.
-- The order is that of the partial index run_task_ready, so that nothing is sorted.
-- A fresh random token fences: an attempt number could repeat after a crash of the server.
WITH candidate AS MATERIALIZED (
    SELECT task_id
    FROM run_task
    WHERE status = 'QUEUED' AND engine = %(engine)s AND profile = %(profile)s
      AND available_at <= clock_timestamp()
    ORDER BY priority DESC, task_id
    LIMIT %(count)s
    FOR UPDATE SKIP LOCKED
)
UPDATE run_task t
SET status = 'RUNNING',
    attempts = t.attempts + 1,
    lease_token = gen_random_uuid(),
    lease_owner = %(owner)s,
    lease_seconds = %(lease_seconds)s,
    leased_until = clock_timestamp() + make_interval(secs => %(lease_seconds)s),
    started_at = clock_timestamp()
FROM candidate c
WHERE t.task_id = c.task_id
RETURNING t.task_id, t.run_id, t.phase, t.first, t.last, t.parent_task_id, t.attempts,
          t.max_attempts, t.lease_token, t.lease_owner, t.started_at

-- name: start
-- After the claim's commit, never inside it: the run's row is locked before those of its tasks.
UPDATE run SET status = 'RUNNING', started_at = clock_timestamp()
WHERE run_id = %(run)s AND status = 'QUEUED'

-- name: heartbeat
UPDATE run_task
SET leased_until = clock_timestamp() + make_interval(secs => lease_seconds)
WHERE task_id = %(task)s AND lease_token = %(token)s AND status = 'RUNNING'

-- name: waiting
-- Work that this engine and profile has now or will have once a back-off is over or a lease ends.
SELECT EXISTS (
    SELECT FROM run r
    WHERE r.status IN ('QUEUED', 'RUNNING', 'FINALISING')
      AND r.engine = %(engine)s AND r.profile = %(profile)s
)

-- name: left_behind
-- Runs that only a worker of another engine or profile can go on with.
SELECT run_id FROM run
WHERE status IN ('QUEUED', 'RUNNING', 'FINALISING')
  AND (engine, profile) <> (%(engine)s, %(profile)s)
ORDER BY run_id

-- name: listen
LISTEN tieout_task
