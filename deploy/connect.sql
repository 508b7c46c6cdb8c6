-- Who may enter a database; these rights are not copied with a template.
-- Temporary tables are the staging place of imports and of the finaliser.
DO $$
BEGIN
    EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO tieout_web, tieout_auditor', current_database());
    EXECUTE format('GRANT CONNECT, TEMPORARY ON DATABASE %I TO tieout_desk, tieout_worker', current_database());
END
$$;
