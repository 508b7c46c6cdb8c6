-- What a new, empty database of Tieout needs, once, as a superuser connected to it.

ALTER SCHEMA public OWNER TO tieout_owner;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO tieout_web, tieout_desk, tieout_worker, tieout_auditor;

-- A function is called by the roles a migration names, not by everybody.
ALTER DEFAULT PRIVILEGES FOR ROLE tieout_owner REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
