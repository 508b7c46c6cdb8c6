"""The record of a completed run is closed: its tasks, and how the attempts at them ended.

A plain look at the run is passed by a transaction that was opened before the completion and
commits after it. What can still change when a run completes is therefore looked up under a share
lock on the run: a new task, a task that ended without rows, an attempt that succeeded. The busy
ways (claim, heartbeat, completion) stay without one: their tasks are open, and a run with an open
task does not complete. A late worker still writes down that it was fenced: that is what the
record is for.
"""

from django.db import migrations

from foundation.immutability import REFUSE_FROZEN_SNAPSHOT

# FAILED and RETURNED are written after the task's row is locked, when it is too late to lock
# the run's: the order everywhere is run, then task.
GUARD = f"""
CREATE OR REPLACE FUNCTION run_task_of_open_run() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
    found_status text;
BEGIN
{REFUSE_FROZEN_SNAPSHOT}
    IF TG_OP = 'INSERT' OR OLD.status IN ('FAILED', 'DEAD') THEN
        SELECT r.status INTO found_status FROM public.run r
         WHERE r.run_id = NEW.run_id FOR SHARE;
    ELSE
        SELECT r.status INTO found_status FROM public.run r WHERE r.run_id = NEW.run_id;
    END IF;
    IF found_status IN ('COMPLETED', 'COMPLETED_WITH_ERRORS', 'PUBLISHED') THEN
        RAISE EXCEPTION USING ERRCODE = 'restrict_violation',
            MESSAGE = format('run %s is complete: its tasks are closed', NEW.run_id);
    END IF;
    RETURN NEW;
END
$body$;

CREATE FUNCTION run_task_attempt_of_open_run() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
    found_status text;
BEGIN
{REFUSE_FROZEN_SNAPSHOT}
    IF NEW.outcome IN ('FAILED', 'RETURNED', 'FENCED') THEN
        SELECT r.status INTO found_status FROM public.run r WHERE r.run_id = NEW.run_id;
    ELSE
        SELECT r.status INTO found_status FROM public.run r
         WHERE r.run_id = NEW.run_id FOR SHARE;
    END IF;
    IF found_status IN ('COMPLETED', 'COMPLETED_WITH_ERRORS', 'PUBLISHED')
        AND NEW.outcome <> 'FENCED'
    THEN
        RAISE EXCEPTION USING ERRCODE = 'restrict_violation',
            MESSAGE = format('run %s is complete: no attempt ends %s', NEW.run_id, NEW.outcome);
    END IF;
    RETURN NEW;
END
$body$;
REVOKE ALL ON FUNCTION run_task_attempt_of_open_run() FROM PUBLIC;
CREATE TRIGGER of_open_run BEFORE INSERT ON run_task_attempt
    FOR EACH ROW EXECUTE FUNCTION run_task_attempt_of_open_run();
ALTER TABLE run_task_attempt ENABLE ALWAYS TRIGGER of_open_run;

CREATE FUNCTION run_completed_has_no_open_task() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
    open_task integer;
BEGIN
    -- From any other state the state machine refuses.
    IF NEW.status NOT IN ('COMPLETED', 'COMPLETED_WITH_ERRORS') OR OLD.status <> 'FINALISING' THEN
        RETURN NEW;
    END IF;
{REFUSE_FROZEN_SNAPSHOT}
    SELECT t.task_id INTO open_task FROM public.run_task t
     WHERE t.run_id = NEW.run_id AND t.status NOT IN ('SUCCEEDED', 'SPLIT')
       AND NOT (t.status = 'DEAD' AND t.leaf_hash IS NOT NULL)
     LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION USING ERRCODE = 'check_violation',
            MESSAGE = format('run %s cannot be %s: task %s has no result',
                NEW.run_id, NEW.status, open_task);
    END IF;
    RETURN NEW;
END
$body$;
REVOKE ALL ON FUNCTION run_completed_has_no_open_task() FROM PUBLIC;
CREATE TRIGGER completed_has_no_open_task BEFORE UPDATE ON run
    FOR EACH ROW EXECUTE FUNCTION run_completed_has_no_open_task();
ALTER TABLE run ENABLE ALWAYS TRIGGER completed_has_no_open_task;
"""

UNDO = """
DROP TRIGGER completed_has_no_open_task ON run;
DROP FUNCTION run_completed_has_no_open_task();
DROP TRIGGER of_open_run ON run_task_attempt;
DROP FUNCTION run_task_attempt_of_open_run();
"""


class Migration(migrations.Migration):
    """Guards on tables of run, made here because publication stands above run."""

    dependencies = [("publication", "0004_closed_tasks"), ("run", "0002_guards")]

    operations = [migrations.RunSQL(GUARD, UNDO)]
