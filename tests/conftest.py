"""Fixtures of the whole suite: clones of one migrated database, and one connection per role."""

import os
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.conf import settings
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from foundation import roles
from foundation.roles import Role
from tests.databases import HOME, ROOT, Databases, environment

Connection = psycopg.Connection[tuple[Any, ...]]

# The settings are loaded by now and no connection is open: the suite works on its own server.
os.environ.update(environment())
os.environ.pop("DATABASE_URL", None)
settings.TIEOUT_EMBEDDED_HOME = HOME
settings.TIEOUT_EMBEDDED_DURABLE = False
settings.TIEOUT_DATABASE_IS_EXTERNAL = False
settings.DATABASES["default"]["ENGINE"] = "foundation.embedded.django"
settings.DATABASES["default"]["CONN_MAX_AGE"] = None
settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

_SLOW = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
hypothesis_settings.register_profile(
    "ci", deadline=None, derandomize=True, print_blob=True, suppress_health_check=_SLOW
)
hypothesis_settings.register_profile("dev", deadline=None, suppress_health_check=_SLOW)
hypothesis_settings.load_profile("ci" if os.environ.get("CI") else "dev")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whatever stands in tests/benchmarks is a benchmark: `make bench` runs it."""
    for item in items:
        if "benchmarks" in item.path.parts:
            item.add_marker("benchmark")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Recorded figures travel between processes as plain numbers, not as NumPy's."""
    report = yield
    report.user_properties = [
        (name, value.item() if hasattr(value, "item") else value)
        for name, value in report.user_properties
    ]
    return report


@dataclass(frozen=True, slots=True)
class TestDatabase:
    """The database of one test, and the ways into it."""

    __test__ = False

    name: str
    databases: Databases

    def connect(self, role: Role | str, **options: Any) -> Connection:
        """A psycopg connection of `role`, in autocommit unless told otherwise."""
        parameters = self.databases.server.parameters(Role(role), self.name)
        return psycopg.connect(**{"autocommit": True} | parameters | options)

    @property
    def environment(self) -> dict[str, str]:
        """The environment of a process (`manage.py worker`, say) that works on this database."""
        kept = {key: value for key, value in environment().items() if key != roles.ENVIRONMENT}
        return kept | {"TIEOUT_DATABASE": self.name}


@pytest.fixture(scope="session")
def databases(request: pytest.FixtureRequest) -> Iterator[Databases]:
    """The tests' PostgreSQL server; the last test process to end stops it."""
    from foundation import embedded

    embedded.configured.cache_clear()
    found = Databases(embedded.configured())
    found.server.ensure()
    yield found
    found.release()


@pytest.fixture(scope="session")
def template(databases: Databases, request: pytest.FixtureRequest) -> str:
    """The name of the migrated database that clones are made of."""
    return databases.template(rebuild=bool(request.config.getoption("create_db")))


@pytest.fixture
def database_template(template: str) -> str:
    """What a test's own database is a clone of; a folder of tests may have one with data in it."""
    return template


@pytest.fixture(scope="session")
def django_db_setup(
    request: pytest.FixtureRequest, databases: Databases, template: str
) -> Iterator[None]:
    """One clone per test process, for the tests that end with a rollback."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    name = databases.clone(template, worker)
    _point_at(name)
    yield
    _point_at(name)
    databases.server.drop_database(name)


@pytest.fixture
def _django_db_helper(
    request: pytest.FixtureRequest, django_db_setup: None, django_db_blocker: Any
) -> Iterator[None]:
    """pytest-django's switch: a rollback for `db`, a clone of its own for `transactional_db`.

    Nothing is ever flushed: sealed tables refuse it.
    """
    marker = request.node.get_closest_marker("django_db")
    transactional = "transactional_db" in request.fixturenames or "live_server" in (
        request.fixturenames
    )
    transactional |= bool(marker and (marker.kwargs.get("transaction") or marker.args[:1]))
    with ExitStack() as stack:
        stack.enter_context(django_db_blocker.unblock())
        chosen = request.node.get_closest_marker("role")
        stack.enter_context(_acting_as(chosen.args[0] if chosen else Role.WEB))
        if transactional:
            stack.enter_context(_own_database(request))
        else:
            stack.enter_context(_rolled_back())
        yield


@contextmanager
def _own_database(request: pytest.FixtureRequest) -> Iterator[None]:
    from django.db import connections

    databases: Databases = request.getfixturevalue("databases")
    shared = connections.settings["default"]["NAME"]
    name = databases.clone(request.getfixturevalue("database_template"), "own")
    _point_at(name)
    try:
        yield
    finally:
        _point_at(shared)
        databases.server.drop_database(name)


@contextmanager
def _rolled_back() -> Iterator[None]:
    from django.db import transaction

    with transaction.atomic() as atomic:
        del atomic
        # Lets a service open its own durable block inside the test's.
        transaction.get_connection().atomic_blocks[-1]._from_testcase = True
        yield
        transaction.set_rollback(True)


@contextmanager
def _acting_as(role: Role | str) -> Iterator[None]:
    from django.db import connections

    before = roles.current()
    if Role(role) is not before:
        connections.close_all()
    _become(Role(role))
    try:
        yield
    finally:
        if Role(role) is not before:
            connections.close_all()
        _become(before)


def _become(role: Role) -> None:
    """Change the role of the process, which only a test may do after a connection."""
    roles._connected_as.clear()
    os.environ[roles.ENVIRONMENT] = role


def _point_at(name: str) -> None:
    from django.db import connections

    connections.close_all()
    connections.settings["default"]["NAME"] = name
    os.environ["TIEOUT_DATABASE"] = name


@pytest.fixture
def acting_as() -> Callable[[Role | str], Any]:
    """`with acting_as("desk"):` - Django's connection under another role, in its own session."""
    return _acting_as


@pytest.fixture
def database(transactional_db: None, databases: Databases) -> TestDatabase:
    """A database of the test's own; what is committed in it is dropped with it."""
    from django.db import connections

    return TestDatabase(connections.settings["default"]["NAME"], databases)


def _connection_of(role: Role) -> Callable[[TestDatabase], Iterator[Connection]]:
    def connection(database: TestDatabase) -> Iterator[Connection]:
        with database.connect(role) as opened:
            yield opened

    connection.__doc__ = f"A psycopg connection of {role.login}, in autocommit."
    return connection


owner = pytest.fixture(name="owner")(_connection_of(Role.OWNER))
web = pytest.fixture(name="web")(_connection_of(Role.WEB))
desk = pytest.fixture(name="desk")(_connection_of(Role.DESK))
worker_conn = pytest.fixture(name="worker_conn")(_connection_of(Role.WORKER))
auditor = pytest.fixture(name="auditor")(_connection_of(Role.AUDITOR))


@pytest.fixture
def process_env(database: TestDatabase) -> dict[str, str]:
    """The environment in which to start real processes on the test's database."""
    return database.environment


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of the repository."""
    return ROOT


@pytest.fixture(scope="session")
def shared_folder() -> Path:
    """The folder of market data and golden cases beside the repository; without it, a skip."""
    folder = ROOT.parent / "shared"
    if not folder.is_dir():
        pytest.skip("needs ../shared, which is not part of the repository")
    return folder
