"""A sealed table refuses every change, to its owner too; what is taken away lets it through."""

import psycopg
import pytest

from foundation.immutability import Grant, Seal, close_leaf_sql, seal_leaf_sql

CHANGES = {
    "update": "UPDATE fact SET value = 2",
    "update that matches no row": "UPDATE fact SET value = 2 WHERE false",
    "delete": "DELETE FROM fact",
    "truncate": "TRUNCATE fact",
    "truncate with another": "TRUNCATE fact, other",
    "upsert": "INSERT INTO fact VALUES (1, 3) ON CONFLICT (id) DO UPDATE SET value = 3",
    "merge": "MERGE INTO fact f USING (SELECT 1 AS id) s ON f.id = s.id"
    " WHEN MATCHED THEN UPDATE SET value = 4",
    "merge that deletes": "MERGE INTO fact f USING (SELECT 1 AS id) s ON f.id = s.id"
    " WHEN MATCHED THEN DELETE",
    "update through a view": "UPDATE fact_view SET value = 5",
    "as replica": "SET session_replication_role = replica; UPDATE fact SET value = 2",
    "in a writable CTE": "WITH gone AS (DELETE FROM fact RETURNING 1) SELECT * FROM gone",
}


@pytest.fixture
def sealed(owner):
    owner.execute(
        "CREATE TABLE fact (id int PRIMARY KEY, value int); CREATE TABLE other (id int);"
        "CREATE VIEW fact_view AS SELECT * FROM fact;"
        "INSERT INTO fact VALUES (1, 1)"
    )
    for statement in (
        *Seal("fact").forwards(),
        *Grant("fact", {"web": "SELECT, INSERT"}).forwards(),
    ):
        owner.execute(statement)
    return owner


@pytest.mark.parametrize("case", [case for case in CHANGES if case != "as replica"])
def test_the_owner_cannot_change_a_sealed_row(sealed, case):
    with pytest.raises(psycopg.errors.RestrictViolation, match="fact is sealed"):
        sealed.execute(CHANGES[case])
    assert sealed.execute("SELECT * FROM fact").fetchall() == [(1, 1)]


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_superuser_meets_the_triggers_too(sealed, database, change):
    with (
        database.databases.server.superuser(database.name) as superuser,
        pytest.raises(psycopg.errors.RestrictViolation, match="fact is sealed"),
    ):
        superuser.execute(change)
    assert sealed.execute("SELECT * FROM fact").fetchall() == [(1, 1)]


@pytest.mark.parametrize(
    "change",
    [
        *CHANGES.values(),
        "ALTER TABLE fact DISABLE TRIGGER ALL",
        "ALTER TABLE fact DISABLE TRIGGER sealed",
        "DROP TRIGGER sealed ON fact",
        "DROP TABLE fact",
        "ALTER TABLE fact ADD COLUMN extra int",
        "CREATE RULE gone AS ON INSERT TO fact DO INSTEAD NOTHING",
        "CREATE TRIGGER mine BEFORE INSERT ON fact FOR EACH ROW EXECUTE FUNCTION sealed_refuse()",
        "CREATE OR REPLACE FUNCTION sealed_refuse() RETURNS trigger LANGUAGE plpgsql"
        " AS 'BEGIN RETURN NEW; END'",
        "ALTER FUNCTION sealed_refuse() RENAME TO allowed",
        "SET ROLE tieout_owner",
        "SET SESSION AUTHORIZATION tieout_owner",
        "SELECT seal_leaf('fact'::regclass)",
        "SELECT close_leaf('fact'::regclass)",
        "BEGIN; LOCK TABLE fact IN ACCESS EXCLUSIVE MODE",
        "SELECT * FROM fact FOR UPDATE",
        "COPY fact FROM PROGRAM 'true'",
        "CREATE SCHEMA mine",
        "CREATE TABLE public.mine (id int)",
    ],
)
def test_an_application_role_is_refused_before_the_triggers(sealed, web, change):
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        web.execute(change)
    assert sealed.execute("SELECT * FROM fact").fetchall() == [(1, 1)]


def test_an_application_role_cannot_grant_itself_what_it_has_not(sealed, web):
    web.execute("GRANT UPDATE ON fact TO tieout_web")  # a warning to PostgreSQL, and no grant
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        web.execute(CHANGES["update"])


def test_rows_may_still_be_added(sealed, web):
    web.execute("INSERT INTO fact VALUES (2, 2)")
    web.execute("INSERT INTO fact VALUES (2, 9) ON CONFLICT DO NOTHING")
    assert web.execute("SELECT * FROM fact ORDER BY id").fetchall() == [(1, 1), (2, 2)]


@pytest.mark.parametrize("setting", ["pgtrigger.ignore", "tieout.unsealed"])
def test_no_setting_opens_the_seal(sealed, setting):
    sealed.execute("SELECT set_config(%s, '{sealed,sealed_row,fact:sealed}', false)", [setting])
    with pytest.raises(psycopg.errors.RestrictViolation):
        sealed.execute(CHANGES["update"])


def test_a_function_of_the_session_s_own_is_not_called_instead(sealed):
    """The search path of the refusing function is fixed: nothing of pg_temp shadows it."""
    sealed.execute(
        "CREATE FUNCTION pg_temp.format(text, text, text) RETURNS text LANGUAGE sql AS 'SELECT $1'"
    )
    sealed.execute("SET search_path = pg_temp, public")
    with pytest.raises(psycopg.errors.RestrictViolation, match="fact is sealed"):
        sealed.execute(CHANGES["update"])


@pytest.mark.parametrize("change", [CHANGES["update"], CHANGES["delete"], CHANGES["truncate"]])
def test_the_refusals_come_from_the_seal(sealed, change):
    """The same statements pass once the seal is taken off: the tests above can fail."""
    for statement in Seal("fact").backwards():
        sealed.execute(statement)
    sealed.execute(change)
    assert sealed.execute("SELECT * FROM fact").fetchall() != [(1, 1)]


@pytest.fixture
def partitioned(owner):
    owner.execute("CREATE TABLE cube (run int, value int) PARTITION BY LIST (run)")
    for statement in (
        *Seal("cube").forwards(),
        *Grant("cube", {"web": "SELECT, INSERT"}).forwards(),
    ):
        owner.execute(statement)
    owner.execute("CREATE TABLE cube_1 (LIKE cube INCLUDING ALL)")
    owner.execute(seal_leaf_sql("cube_1"))
    owner.execute("ALTER TABLE cube ATTACH PARTITION cube_1 FOR VALUES IN (1)")
    owner.execute("INSERT INTO cube VALUES (1, 1)")
    return owner


@pytest.mark.parametrize("name", ["cube", "cube_1"])
@pytest.mark.parametrize("verb", ["UPDATE {} SET value = 2", "DELETE FROM {}", "TRUNCATE {}"])
def test_a_leaf_is_sealed_by_its_parent_s_name_and_by_its_own(partitioned, name, verb):
    with pytest.raises(psycopg.errors.RestrictViolation):
        partitioned.execute(verb.format(name))


@pytest.mark.parametrize("verb", ["UPDATE {} SET value = 2", "DELETE FROM {}", "TRUNCATE {}"])
def test_a_detached_leaf_stays_sealed(partitioned, verb):
    partitioned.execute("ALTER TABLE cube DETACH PARTITION cube_1")
    with pytest.raises(psycopg.errors.RestrictViolation):
        partitioned.execute(verb.format("cube_1"))


def test_every_trigger_of_a_leaf_fires_always(partitioned):
    found = partitioned.execute(
        "SELECT tgname, tgenabled::text FROM pg_trigger"
        " WHERE tgrelid = 'cube_1'::regclass ORDER BY 1"
    ).fetchall()
    assert found == [("sealed_leaf", "A"), ("sealed_row", "A")]


def test_an_application_role_reaches_a_leaf_only_through_its_parent(partitioned, web):
    web.execute("INSERT INTO cube VALUES (1, 2)")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        web.execute("INSERT INTO cube_1 VALUES (1, 3)")


@pytest.mark.parametrize(
    "added",
    [
        "INSERT INTO cube VALUES (1, 2)",
        "INSERT INTO cube_1 VALUES (1, 2)",
        "INSERT INTO cube_1 SELECT 1, 2 WHERE false",
    ],
)
def test_a_closed_leaf_takes_no_more_rows(partitioned, added):
    partitioned.execute(close_leaf_sql("cube_1"))
    with pytest.raises(psycopg.errors.RestrictViolation):
        partitioned.execute(added)


def test_a_closed_leaf_refuses_copy(partitioned, web):
    partitioned.execute(close_leaf_sql("cube_1"))
    with (
        pytest.raises(psycopg.errors.RestrictViolation),
        web.cursor() as cursor,
        cursor.copy("COPY cube FROM STDIN") as copy,
    ):
        copy.write_row((1, 2))


def test_a_closed_leaf_leaves_its_siblings_open(partitioned, web):
    partitioned.execute("CREATE TABLE cube_2 (LIKE cube INCLUDING ALL)")
    partitioned.execute("ALTER TABLE cube ATTACH PARTITION cube_2 FOR VALUES IN (2)")
    partitioned.execute(close_leaf_sql("cube_1"))
    web.execute("INSERT INTO cube VALUES (2, 2)")
