-- The roles of Tieout, once per server, as a superuser. Running it again changes nothing.
-- The embedded server runs this very file at its start; on a real server:
--     psql -f deploy/roles.sql postgres
--     psql -c 'CREATE DATABASE tieout OWNER tieout_owner' postgres
--     psql -f deploy/database.sql tieout
--     psql -f deploy/connect.sql tieout
-- and give each role its password (ALTER ROLE .. PASSWORD) or its certificate or IAM mapping.

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['tieout_owner', 'tieout_web', 'tieout_desk', 'tieout_worker', 'tieout_auditor']
    LOOP
        IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = name) THEN
            EXECUTE format('CREATE ROLE %I', name);
        END IF;
        -- Not one of them may lift a guard: a migration that needs more than ownership is a mistake.
        EXECUTE format('ALTER ROLE %I LOGIN NOINHERIT NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS', name);
        EXECUTE format('ALTER ROLE %I SET search_path = public', name);
        EXECUTE format('ALTER ROLE %I SET timezone = ''UTC''', name);
    END LOOP;
END
$$;

-- Migrations wait for a lock a short while, then give way to the running system.
ALTER ROLE tieout_owner SET lock_timeout = '30s';

-- A page answers in seconds or not at all.
ALTER ROLE tieout_web SET statement_timeout = '5s';
ALTER ROLE tieout_web SET lock_timeout = '2s';
ALTER ROLE tieout_web SET idle_in_transaction_session_timeout = '15s';
ALTER ROLE tieout_web SET jit = off;

-- One import is one transaction: a million positions are checked and copied inside it.
ALTER ROLE tieout_desk SET statement_timeout = '30min';
ALTER ROLE tieout_desk SET lock_timeout = '30s';
ALTER ROLE tieout_desk SET idle_in_transaction_session_timeout = '30min';

-- Workers are the parallelism: a parallel plan inside one of them takes a core from another.
ALTER ROLE tieout_worker SET max_parallel_workers_per_gather = 0;
ALTER ROLE tieout_worker SET jit = off;
-- Everything is encoded before the transaction opens: one that idles belongs to a stopped process.
ALTER ROLE tieout_worker SET idle_in_transaction_session_timeout = '60s';
ALTER ROLE tieout_worker SET lock_timeout = '60s';
ALTER ROLE tieout_worker SET statement_timeout = '30min';

-- Verification reads whole runs.
ALTER ROLE tieout_auditor SET statement_timeout = '2h';
ALTER ROLE tieout_auditor SET idle_in_transaction_session_timeout = '30min';
ALTER ROLE tieout_auditor SET default_transaction_read_only = on;
