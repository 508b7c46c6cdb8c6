"""The tasks of a completed run are closed: no row is added, no row changes."""

from django.db import migrations

# By a plain look at the run: locking it for every claim would cost more than the claim. What
# slips past in the instant of completion is no part of the manifest, and verify_run names it.
GUARD = """
CREATE FUNCTION run_task_of_open_run() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $body$
BEGIN
    PERFORM FROM public.run r
     WHERE r.run_id = NEW.run_id
       AND r.status IN ('COMPLETED', 'COMPLETED_WITH_ERRORS', 'PUBLISHED');
    IF FOUND THEN
        RAISE EXCEPTION USING ERRCODE = 'restrict_violation',
            MESSAGE = format('run %s is complete: its tasks are closed', NEW.run_id);
    END IF;
    RETURN NEW;
END
$body$;
REVOKE ALL ON FUNCTION run_task_of_open_run() FROM PUBLIC;
CREATE TRIGGER of_open_run BEFORE INSERT OR UPDATE ON run_task
    FOR EACH ROW EXECUTE FUNCTION run_task_of_open_run();
ALTER TABLE run_task ENABLE ALWAYS TRIGGER of_open_run;
"""

UNDO = """
DROP TRIGGER of_open_run ON run_task;
DROP FUNCTION run_task_of_open_run();
"""


class Migration(migrations.Migration):
    """A guard on run_task, made here because publication stands above run."""

    dependencies = [("publication", "0003_permissions"), ("run", "0002_guards")]

    operations = [migrations.RunSQL(GUARD, UNDO)]
