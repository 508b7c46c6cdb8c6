-- Leases that ran out. Every worker does this on its way to a claim: there is no leader to lose.

-- name: expired
-- Only a look; what is done to a task is decided again under its lock.
SELECT t.task_id, t.run_id, t.lease_token
FROM run_task t
WHERE t.status = 'RUNNING' AND t.leased_until < clock_timestamp()
ORDER BY t.leased_until
LIMIT %(count)s

-- name: lock_run_if_free
-- Share locks first on the run, as everywhere; a run that is just being changed is left alone.
SELECT status FROM run WHERE run_id = %(run)s FOR SHARE SKIP LOCKED

-- name: lock_expired
-- SKIP LOCKED passes over a task that is being completed, or whose worker was stopped doing so.
SELECT t.task_id, t.run_id, t.phase, t.first, t.last, t.parent_task_id, t.attempts,
       t.max_attempts, t.lease_token, t.lease_owner, t.started_at,
       (SELECT count(*) FROM run_task_attempt a
         WHERE a.run_id = t.run_id AND a.task_id = t.task_id AND a.outcome = 'EXPIRED')::int
           AS crashes
FROM run_task t
WHERE t.task_id = %(task)s AND t.lease_token = %(token)s AND t.status = 'RUNNING'
  AND t.leased_until < clock_timestamp()
FOR UPDATE SKIP LOCKED

-- name: requeue
UPDATE run_task
SET status = 'QUEUED', error = %(error)s, available_at = clock_timestamp(),
    lease_token = NULL, lease_owner = NULL, leased_until = NULL
WHERE task_id = %(task)s AND lease_token = %(token)s AND status = 'RUNNING'

-- name: die
UPDATE run_task
SET status = 'DEAD', error = %(error)s, finished_at = clock_timestamp(),
    lease_token = NULL, lease_owner = NULL, leased_until = NULL
WHERE task_id = %(task)s AND lease_token = %(token)s AND status = 'RUNNING'

-- name: splits
-- How many tasks of a run have been split so far.
SELECT count(*)::int FROM run_task WHERE run_id = %(run)s AND status = 'SPLIT'

-- name: split
WITH parent AS (
    UPDATE run_task t
    SET status = 'SPLIT', error = %(error)s, finished_at = clock_timestamp(),
        lease_token = NULL, lease_owner = NULL, leased_until = NULL
    WHERE t.task_id = %(task)s AND t.lease_token = %(token)s AND t.status = 'RUNNING'
      AND t.last - t.first > 1
    RETURNING t.*
)
INSERT INTO run_task
    (run_id, phase, first, last, parent_task_id, engine, profile, status, priority, attempts,
     max_attempts, available_at, error)
SELECT p.run_id, p.phase, half.first, half.last, p.task_id, p.engine, p.profile, 'QUEUED',
       p.priority, 0, p.max_attempts, clock_timestamp(), ''
FROM parent p,
     LATERAL (VALUES (p.first, p.first + (p.last - p.first) / 2),
                     (p.first + (p.last - p.first) / 2, p.last)) AS half (first, last)

-- name: take_over
-- The lease of a single position that killed every worker passes to the one that will write its
-- error row. Its attempts are used up and stay so.
UPDATE run_task
SET lease_token = gen_random_uuid(), lease_owner = %(owner)s,
    lease_seconds = %(lease_seconds)s,
    leased_until = clock_timestamp() + make_interval(secs => %(lease_seconds)s),
    started_at = clock_timestamp()
WHERE task_id = %(task)s AND lease_token = %(token)s AND status = 'RUNNING'
RETURNING lease_token, started_at

-- name: terminate
-- A worker stopped in the middle of COPY holds its task's row, and no timeout of the server
-- reaches it. Expired by one further lease and still RUNNING after a sweep means just that; its
-- backend is ended, which one role may do to its own, and the next sweep finds the row free.
SELECT a.pid, t.task_id, pg_terminate_backend(a.pid) AS ended
FROM run_task t
JOIN pg_stat_activity a
  ON a.application_name = t.lease_owner
 AND a.usename = current_user AND a.datname = current_database()
WHERE t.status = 'RUNNING'
  AND t.leased_until + make_interval(secs => t.lease_seconds) < clock_timestamp()
  AND a.pid <> pg_backend_pid()

-- name: end_backends
-- The FINALISE task's row stays free while its rows are written: whoever held it may have been
-- stopped in the middle of them, and the next holder would wait for that transaction at the
-- first equal key.
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE application_name = %(owner)s
  AND usename = current_user AND datname = current_database() AND pid <> pg_backend_pid()

-- name: let_go
-- The holder cannot end the task in any way of its own: the next sweep decides.
UPDATE run_task SET leased_until = clock_timestamp()
WHERE task_id = %(task)s AND lease_token = %(token)s AND status = 'RUNNING'

-- name: surrender
-- A supervisor has seen the process of this lease owner end: nobody need wait for its leases.
UPDATE run_task SET leased_until = clock_timestamp()
WHERE lease_owner = %(owner)s AND status = 'RUNNING' AND leased_until > clock_timestamp()

-- name: expired_attempt
INSERT INTO run_task_attempt
    (task_id, run_id, attempt, lease_token, lease_owner, outcome, started_at, ended_at, seconds,
     error)
SELECT task_id, run_id, attempts, lease_token, lease_owner, 'EXPIRED', started_at,
       clock_timestamp(), '{}', %(error)s
FROM run_task
WHERE task_id = %(task)s AND lease_token = %(token)s AND status = 'RUNNING'
