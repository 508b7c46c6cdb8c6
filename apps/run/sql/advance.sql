-- The barriers between phases, and the ends of runs. After a commit, never inside it: of two last
-- tasks that commit together neither would see the other, and the run would stay open.

-- name: runs_at_a_barrier
-- Runs under way whose current phase has no open task.
SELECT r.run_id FROM run r
WHERE r.status IN ('QUEUED', 'RUNNING', 'FINALISING')
  AND NOT EXISTS (
    SELECT FROM run_task t
    WHERE t.run_id = r.run_id AND t.phase = r.phase AND t.status IN ('QUEUED', 'RUNNING')
  )
ORDER BY r.run_id

-- name: standing
-- Whether the current phase has open tasks, and tasks that ended without rows.
SELECT r.status,
       EXISTS (SELECT FROM run_task t
                WHERE t.run_id = r.run_id AND t.phase = r.phase
                  AND t.status IN ('QUEUED', 'RUNNING')) AS open,
       EXISTS (SELECT FROM run_task t
                WHERE t.run_id = r.run_id AND t.phase = r.phase
                  AND (t.status = 'FAILED' OR (t.status = 'DEAD' AND t.leaf_hash IS NULL)))
           AS lost
FROM run r WHERE r.run_id = %(run)s

-- name: advance
-- Whoever changes the row inserts the next phase's tasks, in the same statement. What counts as
-- finished stays finished: SUCCEEDED, SPLIT, or DEAD with the error row of its one position; and
-- an open phase gets new tasks only in the transaction that ends the task they replace.
WITH step AS (
    SELECT r.run_id, p.phase, lead(p.phase) OVER (ORDER BY p.place) AS next
    FROM run r,
         jsonb_array_elements_text(r.plan::jsonb -> 'phases') WITH ORDINALITY AS p (phase, place)
    WHERE r.run_id = %(run)s
), moved AS (
    UPDATE run r
    SET phase = s.next,
        status = CASE WHEN s.next = 'FINALISE' THEN 'FINALISING' ELSE r.status END
    FROM step s
    WHERE r.run_id = s.run_id AND r.phase = s.phase AND s.next IS NOT NULL
      AND r.status = 'RUNNING'
      AND NOT EXISTS (
          SELECT FROM run_task t
          WHERE t.run_id = r.run_id AND t.phase = s.phase
            AND t.status NOT IN ('SUCCEEDED', 'SPLIT')
            AND NOT (t.status = 'DEAD' AND t.leaf_hash IS NOT NULL)
      )
    RETURNING r.run_id, r.phase, r.plan, r.engine, r.profile, r.max_attempts
)
INSERT INTO run_task
    (run_id, phase, first, last, engine, profile, status, priority, attempts, max_attempts,
     available_at, error)
SELECT m.run_id, m.phase, s.first, s.last, m.engine, m.profile, 'QUEUED', 0, 0, m.max_attempts,
       clock_timestamp(), ''
FROM moved m, LATERAL (
    SELECT (e.shard ->> 0)::int AS first, (e.shard ->> 1)::int AS last, e.place
    FROM jsonb_array_elements(m.plan::jsonb -> 'shards') WITH ORDINALITY AS e (shard, place)
    WHERE m.phase IN ('CONTEXT', 'VALUE')
    UNION ALL
    SELECT min((e.shard ->> 0)::int), max((e.shard ->> 1)::int), 1
    FROM jsonb_array_elements(m.plan::jsonb -> 'shards') AS e (shard)
    WHERE m.phase IN ('GROUP', 'FINALISE')
    HAVING count(*) > 0
) s
ORDER BY s.place

-- name: first_tasks
-- The tasks of a new run's first phase.
INSERT INTO run_task
    (run_id, phase, first, last, engine, profile, status, priority, attempts, max_attempts,
     available_at, error)
SELECT r.run_id, r.phase, (e.shard ->> 0)::int, (e.shard ->> 1)::int, r.engine, r.profile,
       'QUEUED', 0, 0, r.max_attempts, clock_timestamp(), ''
FROM run r,
     jsonb_array_elements(r.plan::jsonb -> 'shards') WITH ORDINALITY AS e (shard, place)
WHERE r.run_id = %(run)s
ORDER BY e.place

-- name: fail_run
-- Under the run's lock and with a look of its own: a retry may have come in between.
UPDATE run r
SET status = 'FAILED', finished_at = clock_timestamp(),
    error = coalesce((
        SELECT format('task %%s of positions %%s to %%s is %%s: %%s',
                      t.task_id, t.first, t.last - 1, t.status, t.error)
        FROM run_task t
        WHERE t.run_id = r.run_id
          AND (t.status = 'FAILED' OR (t.status = 'DEAD' AND t.leaf_hash IS NULL))
        ORDER BY t.task_id LIMIT 1), '')
WHERE r.run_id = %(run)s AND r.status IN ('QUEUED', 'RUNNING', 'FINALISING')
  AND EXISTS (
    SELECT FROM run_task t
    WHERE t.run_id = r.run_id
      AND (t.status = 'FAILED' OR (t.status = 'DEAD' AND t.leaf_hash IS NULL)))
  AND NOT EXISTS (
    SELECT FROM run_task t WHERE t.run_id = r.run_id AND t.status IN ('QUEUED', 'RUNNING'))

-- name: notify
-- A hint: whoever listens looks at once, everybody looks from time to time.
SELECT pg_notify('tieout_task', '')
