"""Members first, header last, and nothing joins afterwards: one transaction at a time."""

import threading

import psycopg
import pytest

from foundation.immutability import REFUSE_FROZEN_SNAPSHOT, SealMembers


@pytest.fixture
def book(owner):
    owner.execute(
        "CREATE TABLE header (id int PRIMARY KEY, rows int);"
        "CREATE TABLE member (header_id int, line int, PRIMARY KEY (header_id, line));"
        "GRANT SELECT, INSERT ON header, member TO tieout_desk"
    )
    pair = SealMembers("member", "header", member_column="header_id", count_column="rows")
    for statement in pair.forwards():
        owner.execute(statement)
    return owner


def _add(connection, header, lines):
    connection.execute("INSERT INTO member SELECT %s, unnest(%s::int[])", [header, list(lines)])


def test_members_come_first_and_their_header_last(book, desk):
    _add(desk, 1, range(3))
    desk.execute("INSERT INTO header VALUES (1, 3)")


def test_a_member_of_a_written_header_is_refused(book, desk):
    _add(desk, 1, range(3))
    desk.execute("INSERT INTO header VALUES (1, 3)")
    with pytest.raises(psycopg.errors.RestrictViolation, match="header 1 is sealed"):
        _add(desk, 1, [9])


def test_a_statement_is_refused_as_a_whole(book, desk):
    desk.execute("INSERT INTO header VALUES (1, 0)")
    with pytest.raises(psycopg.errors.RestrictViolation):
        desk.execute("INSERT INTO member VALUES (2, 1), (1, 1)")
    assert desk.execute("SELECT count(*) FROM member").fetchone() == (0,)


def test_copy_is_refused_too(book, desk):
    desk.execute("INSERT INTO header VALUES (1, 0)")
    with (
        pytest.raises(psycopg.errors.RestrictViolation),
        desk.cursor() as cursor,
        cursor.copy("COPY member FROM STDIN") as copy,
    ):
        copy.write_row((1, 1))


def test_a_header_that_miscounts_is_refused(book, desk):
    _add(desk, 1, range(3))
    with pytest.raises(psycopg.errors.CheckViolation, match="counts 4 rows of member, there are 3"):
        desk.execute("INSERT INTO header VALUES (1, 4)")


def test_a_header_may_count_what_its_members_hold(book, desk):
    book.execute("ALTER TABLE member ADD held int DEFAULT 10")
    pair = SealMembers(
        "member", "header", member_column="header_id", count_column="rows", sum_column="held"
    )
    for function in pair.functions():
        book.execute(function)
    _add(desk, 1, range(3))
    with pytest.raises(psycopg.errors.CheckViolation, match="counts 20 rows of member, there are"):
        desk.execute("INSERT INTO header VALUES (1, 20)")
    desk.execute("INSERT INTO header VALUES (1, 30)")
    desk.execute("INSERT INTO header VALUES (2, 0)")


def test_a_statement_without_rows_is_nobody_s_member(book, desk):
    desk.execute("INSERT INTO header VALUES (1, 0)")
    desk.execute("INSERT INTO member SELECT 1, 1 WHERE false")


def test_a_header_waits_for_members_that_are_not_committed(book, database, desk):
    """Otherwise members committed after it would stand under a header that counts none of them."""
    with database.connect("desk", autocommit=False) as slow:
        _add(slow, 1, range(3))
        refused = []

        def close():
            try:
                desk.execute("INSERT INTO header VALUES (1, 0)")
            except psycopg.errors.CheckViolation as error:
                refused.append(error)

        closing = threading.Thread(target=close)
        closing.start()
        closing.join(0.3)
        assert closing.is_alive()
        slow.commit()
        closing.join(10)
    assert len(refused) == 1


def test_members_wait_for_a_header_that_is_not_committed(book, database, desk):
    with database.connect("desk", autocommit=False) as slow:
        slow.execute("INSERT INTO header VALUES (1, 0)")
        refused = []

        def join():
            try:
                _add(desk, 1, [1])
            except psycopg.errors.RestrictViolation as error:
                refused.append(error)

        joining = threading.Thread(target=join)
        joining.start()
        joining.join(0.3)
        assert joining.is_alive()
        slow.commit()
        joining.join(10)
    assert len(refused) == 1


def test_without_the_triggers_the_same_member_slips_in(book, desk):
    desk.execute("INSERT INTO header VALUES (1, 0)")
    pair = SealMembers("member", "header", member_column="header_id", count_column="rows")
    for statement in pair.backwards():
        book.execute(statement)
    _add(desk, 1, [9])


FROZEN = (psycopg.IsolationLevel.REPEATABLE_READ, psycopg.IsolationLevel.SERIALIZABLE)


def _opened_before_the_header(database, level):
    """A transaction that sees the tables as they were before the header was written."""
    early = database.connect("desk", autocommit=False)
    early.isolation_level = level
    early.execute("SELECT count(*) FROM header")
    return early


@pytest.mark.parametrize("level", FROZEN, ids=lambda level: level.name)
def test_a_transaction_that_cannot_see_the_header_adds_no_member(book, desk, database, level):
    with _opened_before_the_header(database, level) as early:
        _add(desk, 1, range(3))
        desk.execute("INSERT INTO header VALUES (1, 3)")
        with pytest.raises(psycopg.errors.RestrictViolation, match="use READ COMMITTED"):
            _add(early, 1, [9])
        early.rollback()


@pytest.mark.parametrize("level", FROZEN, ids=lambda level: level.name)
def test_a_transaction_that_cannot_see_the_members_writes_no_header(book, desk, database, level):
    with _opened_before_the_header(database, level) as early:
        _add(desk, 1, range(3))
        with pytest.raises(psycopg.errors.RestrictViolation, match="use READ COMMITTED"):
            early.execute("INSERT INTO header VALUES (1, 0)")
        early.rollback()


def test_without_that_refusal_the_same_member_slips_in(book, desk, database):
    pair = SealMembers("member", "header", member_column="header_id", count_column="rows")
    for function in pair.functions():
        assert REFUSE_FROZEN_SNAPSHOT in function
        book.execute(function.replace(REFUSE_FROZEN_SNAPSHOT, ""))
    with _opened_before_the_header(database, psycopg.IsolationLevel.REPEATABLE_READ) as early:
        _add(desk, 1, range(3))
        desk.execute("INSERT INTO header VALUES (1, 3)")
        _add(early, 1, [9])
    assert desk.execute("SELECT count(*) FROM member").fetchone() == (4,)
