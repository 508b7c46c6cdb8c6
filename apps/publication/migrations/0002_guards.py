"""A run is PUBLISHED exactly when its publication stands, and a publication never changes."""

from django.db import migrations

from foundation.immutability import Grant, Seal

GUARDS = """
CREATE FUNCTION published_run_needs_completed_run() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $body$
BEGIN
    PERFORM FROM public.run r
     WHERE r.run_id = NEW.run_id AND r.status IN ('COMPLETED', 'COMPLETED_WITH_ERRORS')
       FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION USING ERRCODE = 'check_violation',
            MESSAGE = format('run %s is not completed: it cannot be published', NEW.run_id);
    END IF;
    RETURN NEW;
END
$body$;
REVOKE ALL ON FUNCTION published_run_needs_completed_run() FROM PUBLIC;
CREATE TRIGGER needs_completed_run BEFORE INSERT ON published_run
    FOR EACH ROW EXECUTE FUNCTION published_run_needs_completed_run();
ALTER TABLE published_run ENABLE ALWAYS TRIGGER needs_completed_run;

CREATE FUNCTION run_published_has_publication() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $body$
BEGIN
    IF NEW.status = 'PUBLISHED' AND OLD.status <> 'PUBLISHED' AND NOT EXISTS (
        SELECT FROM public.published_run p WHERE p.run_id = NEW.run_id
    ) THEN
        RAISE EXCEPTION USING ERRCODE = 'check_violation',
            MESSAGE = format('run %s has no publication: it cannot be PUBLISHED', NEW.run_id);
    END IF;
    RETURN NEW;
END
$body$;
REVOKE ALL ON FUNCTION run_published_has_publication() FROM PUBLIC;
CREATE TRIGGER published_has_publication BEFORE UPDATE ON run
    FOR EACH ROW EXECUTE FUNCTION run_published_has_publication();
ALTER TABLE run ENABLE ALWAYS TRIGGER published_has_publication;
"""

UNDO = """
DROP TRIGGER published_has_publication ON run;
DROP FUNCTION run_published_has_publication();
DROP TRIGGER needs_completed_run ON published_run;
DROP FUNCTION published_run_needs_completed_run();
"""


class Migration(migrations.Migration):
    """The seal's own guards."""

    dependencies = [("publication", "0001_initial"), ("result", "0002_cube")]

    operations = [
        Seal("published_run"),
        Grant(
            "published_run",
            {"web": "SELECT, INSERT", "desk": "SELECT", "worker": "SELECT", "auditor": "SELECT"},
        ),
        migrations.RunSQL(GUARDS, UNDO),
    ]
