import psycopg
import pytest

from foundation.immutability import StateMachine

MACHINE = StateMachine(
    "job",
    "status",
    {"QUEUED": ["RUNNING", "CANCELLED"], "RUNNING": ["DONE", "QUEUED"], "DONE": ["SEALED"]},
    initial=["QUEUED"],
    final=["SEALED", "CANCELLED"],
)
STATES = ("QUEUED", "RUNNING", "DONE", "SEALED", "CANCELLED", "UNKNOWN")
ALLOWED = {
    ("QUEUED", "RUNNING"),
    ("QUEUED", "CANCELLED"),
    ("RUNNING", "DONE"),
    ("RUNNING", "QUEUED"),
    ("DONE", "SEALED"),
}


@pytest.fixture
def job(owner):
    owner.execute("CREATE TABLE job (id int PRIMARY KEY, status text, note text)")
    for statement in MACHINE.forwards():
        owner.execute(statement)
    return owner


def _place(job, state):
    job.execute("ALTER TABLE job DISABLE TRIGGER ALL")
    job.execute("INSERT INTO job VALUES (1, %s, '')", [state])
    for statement in MACHINE.forwards():
        job.execute(statement)


@pytest.mark.parametrize("new", STATES)
@pytest.mark.parametrize("old", STATES[:5])
def test_only_declared_transitions_pass(job, old, new):
    _place(job, old)
    kept = old == new and old not in ("SEALED", "CANCELLED")
    if (old, new) in ALLOWED or kept:
        job.execute("UPDATE job SET status = %s", [new])
    else:
        with pytest.raises((psycopg.errors.CheckViolation, psycopg.errors.RestrictViolation)):
            job.execute("UPDATE job SET status = %s", [new])


@pytest.mark.parametrize("state", [*STATES[1:], None])
def test_a_row_begins_in_an_initial_state(job, state):
    with pytest.raises(psycopg.errors.CheckViolation, match="cannot begin"):
        job.execute("INSERT INTO job VALUES (1, %s, '')", [state])


@pytest.mark.parametrize("state", ["SEALED", "CANCELLED"])
def test_a_final_row_takes_no_update_of_any_column(job, state):
    _place(job, state)
    with pytest.raises(psycopg.errors.RestrictViolation, match="is final"):
        job.execute("UPDATE job SET note = 'x'")


def test_null_is_no_state(job):
    _place(job, "QUEUED")
    with pytest.raises(psycopg.errors.CheckViolation):
        job.execute("UPDATE job SET status = NULL")


def test_other_columns_change_while_the_state_is_kept(job):
    _place(job, "RUNNING")
    job.execute("UPDATE job SET note = 'x'")


SETTLED = StateMachine(
    "job",
    "status",
    {"QUEUED": ["RUNNING"], "RUNNING": ["DONE"], "DONE": ["SEALED"]},
    initial=["QUEUED"],
    final=["SEALED"],
    settled=["DONE"],
)


def test_a_settled_row_moves_on_and_nothing_else_about_it_changes(job):
    _place(job, "DONE")
    job.execute("UPDATE job SET note = 'before'")
    for statement in SETTLED.forwards():
        job.execute(statement)
    for change in ("note = 'x'", "note = NULL", "status = 'SEALED', note = 'x'"):
        with pytest.raises(psycopg.errors.RestrictViolation, match="is settled"):
            job.execute(f"UPDATE job SET {change}")
    job.execute("UPDATE job SET status = 'SEALED'")


def test_an_upsert_is_no_way_around(job):
    _place(job, "QUEUED")
    with pytest.raises(psycopg.errors.CheckViolation):
        job.execute(
            "INSERT INTO job VALUES (1, 'QUEUED', '')"
            " ON CONFLICT (id) DO UPDATE SET status = 'SEALED'"
        )


def test_the_machine_holds_for_a_session_that_calls_itself_a_replica(job, database):
    _place(job, "QUEUED")
    with database.databases.server.superuser(database.name) as superuser:
        superuser.execute("SET session_replication_role = replica")
        with pytest.raises(psycopg.errors.CheckViolation):
            superuser.execute("UPDATE job SET status = 'SEALED'")


def test_without_the_machine_the_same_update_passes(job):
    _place(job, "QUEUED")
    for statement in MACHINE.backwards():
        job.execute(statement)
    job.execute("UPDATE job SET status = 'SEALED'")


def test_a_final_state_with_transitions_is_a_mistake():
    with pytest.raises(ValueError, match="final"):
        StateMachine("job", "status", {"DONE": ["QUEUED"]}, initial=["QUEUED"], final=["DONE"])
