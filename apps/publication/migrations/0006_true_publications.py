"""A publication states what stands: its own hash, the root over the leaves, the run's result.

A role that may insert publications could otherwise seal a run with hashes of its choice, or
leave a publication beside a run that is not PUBLISHED.
"""

from django.db import migrations

GUARDS = """
CREATE OR REPLACE FUNCTION published_run_needs_completed_run() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
    result bytea;
    root bytea;
    stated jsonb;
BEGIN
    SELECT r.result_hash INTO result FROM public.run r
     WHERE r.run_id = NEW.run_id AND r.status IN ('COMPLETED', 'COMPLETED_WITH_ERRORS')
       FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION USING ERRCODE = 'check_violation',
            MESSAGE = format('run %s is not completed: it cannot be published', NEW.run_id);
    END IF;
    SELECT sha256(coalesce(string_agg(
        int4send(t.task_id) || convert_to(t.phase, 'UTF8') || int4send(t.first)
            || int4send(t.last) || t.leaf_hash, ''::bytea ORDER BY t.task_id), ''::bytea))
      INTO root
      FROM public.run_task t WHERE t.run_id = NEW.run_id AND t.leaf_hash IS NOT NULL;
    stated := NEW.manifest::jsonb;
    IF NEW.manifest_hash IS DISTINCT FROM sha256(convert_to(NEW.manifest, 'UTF8'))
        OR NEW.root_hash IS DISTINCT FROM root
        OR stated ->> 'run' IS DISTINCT FROM NEW.run_id::text
        OR stated ->> 'root' IS DISTINCT FROM encode(root, 'hex')
        OR stated ->> 'result_hash' IS DISTINCT FROM encode(result, 'hex')
        OR stated ->> 'published_by' IS DISTINCT FROM NEW.published_by
    THEN
        RAISE EXCEPTION USING ERRCODE = 'check_violation',
            MESSAGE = format('the publication of run %s does not state what stands', NEW.run_id);
    END IF;
    RETURN NEW;
END
$body$;

CREATE FUNCTION published_run_ends_its_run() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $body$
BEGIN
    PERFORM FROM public.run r WHERE r.run_id = NEW.run_id AND r.status = 'PUBLISHED';
    IF NOT FOUND THEN
        RAISE EXCEPTION USING ERRCODE = 'check_violation',
            MESSAGE = format('run %s has a publication and is not PUBLISHED', NEW.run_id);
    END IF;
    RETURN NULL;
END
$body$;
REVOKE ALL ON FUNCTION published_run_ends_its_run() FROM PUBLIC;
-- At the end of the transaction: the publication is written before the run's status.
CREATE CONSTRAINT TRIGGER ends_its_run AFTER INSERT ON published_run
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION published_run_ends_its_run();
ALTER TABLE published_run ENABLE ALWAYS TRIGGER ends_its_run;
"""

UNDO = """
DROP TRIGGER ends_its_run ON published_run;
DROP FUNCTION published_run_ends_its_run();
"""


class Migration(migrations.Migration):
    """The guards of publications, second edition."""

    dependencies = [
        ("publication", "0005_closed_record"),
        ("run", "0005_completed_is_settled"),
    ]

    operations = [migrations.RunSQL(GUARDS, UNDO)]
