-- What the catalogue says about who may do what. Internal triggers are those of foreign keys.

-- name: roles
SELECT rolname, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolreplication,
       ARRAY(SELECT b.rolname::text FROM pg_auth_members m JOIN pg_roles b ON b.oid = m.roleid
              WHERE m.member = r.oid ORDER BY 1) AS member_of
FROM pg_roles r
WHERE rolname LIKE 'tieout\_%'
ORDER BY rolname

-- name: relations
SELECT c.oid::int8, c.relname, c.relkind::text, pg_get_userbyid(c.relowner)
FROM pg_class c
WHERE c.relnamespace = 'public'::regnamespace
  AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
  AND NOT c.relispartition
ORDER BY c.relname

-- name: table_privileges
SELECT c.oid::int8, coalesce(pg_get_userbyid(nullif(a.grantee, 0)), 'PUBLIC'), a.privilege_type,
       a.is_grantable
FROM pg_class c, aclexplode(c.relacl) a
WHERE c.relnamespace = 'public'::regnamespace AND a.grantee <> c.relowner

-- name: column_privileges
SELECT c.oid::int8, coalesce(pg_get_userbyid(nullif(a.grantee, 0)), 'PUBLIC'), a.privilege_type,
       t.attname
FROM pg_class c
JOIN pg_attribute t ON t.attrelid = c.oid, aclexplode(t.attacl) a
WHERE c.relnamespace = 'public'::regnamespace AND a.grantee <> c.relowner
ORDER BY t.attnum

-- name: triggers
SELECT g.tgrelid::int8, g.tgname, g.tgenabled::text, g.tgtype::int4
FROM pg_trigger g
JOIN pg_class c ON c.oid = g.tgrelid
WHERE c.relnamespace = 'public'::regnamespace AND NOT g.tgisinternal
ORDER BY g.tgname

-- name: functions
SELECT p.oid::regprocedure::text, p.prosecdef,
       coalesce((SELECT substr(s, 13) FROM unnest(p.proconfig) s WHERE s LIKE 'search\_path=%'), ''),
       ARRAY(SELECT coalesce(pg_get_userbyid(nullif(a.grantee, 0)), 'PUBLIC')::text
              FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
             WHERE a.grantee <> p.proowner ORDER BY 1)
FROM pg_proc p
WHERE p.pronamespace = 'public'::regnamespace AND (p.prosecdef OR p.prorettype <> 'trigger'::regtype)
ORDER BY 1

-- name: schema
SELECT coalesce(pg_get_userbyid(nullif(a.grantee, 0)), 'PUBLIC'), a.privilege_type
FROM pg_namespace n, aclexplode(n.nspacl) a
WHERE n.nspname = 'public' AND a.grantee <> n.nspowner
ORDER BY 1, 2
