"""The launcher on servers of its own: found, started once, recovered, never mistaken."""

import contextlib
import os
import shutil
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest
from django.conf import settings

from foundation.embedded import EmbeddedPostgres, binaries
from foundation.embedded.processes import postmaster
from foundation.roles import Role
from tests.databases import ROOT, discard

ENSURE = """
import sys
from pathlib import Path
from foundation.embedded.server import EmbeddedPostgres
home, deploy, major, programs = sys.argv[1:5]
server = EmbeddedPostgres(
    Path(home),
    provision_sql=Path(deploy),
    major=major,
    binaries=Path(programs) if programs else None,
    durable=False,
)
server.ensure("tieout")
with server.superuser() as connection:
    print(connection.execute("SELECT pg_postmaster_start_time()::text").fetchone()[0])
"""


def _server(home: Path, **options) -> EmbeddedPostgres:
    programs = {
        "major": settings.TIEOUT_EMBEDDED_MAJOR,
        "binaries": settings.TIEOUT_EMBEDDED_BINARIES,
    }
    made = programs | {"provision_sql": ROOT / "deploy", "durable": False} | options
    return EmbeddedPostgres(home, **made)


@pytest.fixture
def server(tmp_path):
    found = _server(tmp_path / "postgres")
    yield found
    discard(found)


@pytest.fixture
def started(server):
    server.ensure("tieout")
    return server


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    """A server that several tests look at and none stops."""
    found = _server(tmp_path_factory.mktemp("running") / "postgres")
    found.ensure("tieout")
    yield found
    discard(found)


def _arguments(home: Path) -> list[str]:
    programs = str(settings.TIEOUT_EMBEDDED_BINARIES or "")
    return [str(home), str(ROOT / "deploy"), settings.TIEOUT_EMBEDDED_MAJOR, programs]


def _processes(server: EmbeddedPostgres, count: int) -> list[str]:
    command = [sys.executable, "-c", ENSURE, *_arguments(server._wanted_home)]
    running = [
        subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT
        )
        for _ in range(count)
    ]
    ended = [process.communicate(timeout=120) for process in running]
    assert [errors for _, errors in ended if errors] == []
    return [output.strip() for output, _ in ended]


def test_eight_first_starts_at_once_make_one_server(server):
    times = _processes(server, 8)
    assert len(times) == 8
    assert len(set(times)) == 1


def test_a_started_server_is_private_reproducible_and_checked(running):
    expected = {
        "listen_addresses": "",
        "TimeZone": "UTC",
        "log_timezone": "UTC",
        "server_encoding": "UTF8",
        "lc_messages": "C.UTF-8",
        "data_checksums": "on",
        "max_connections": "200",
        "checkpoint_timeout": "15min",
        "unix_socket_permissions": "0700",
    }
    with running.superuser() as connection:
        found = {name: connection.execute(f"SHOW {name}").fetchone()[0] for name in expected}
        collation = connection.execute("SELECT DISTINCT datcollate FROM pg_database").fetchall()
    assert found == expected
    assert collation == [("C.UTF-8",)]


def test_its_files_are_closed_to_others(running):
    for path, mode in {
        running.places.data: 0o700,
        running.places.socket: 0o700,
        running.places.secrets: 0o600,
    }.items():
        assert stat.S_IMODE(path.stat().st_mode) == mode, path


@pytest.mark.parametrize("role", list(Role))
def test_every_role_comes_in(running, role):
    with psycopg.connect(**running.parameters(role, "tieout")) as connection:
        assert connection.execute("SELECT current_user").fetchone() == (role.login,)


@pytest.mark.parametrize("user", ["postgres", "tieout_owner"])
@pytest.mark.parametrize("password", [None, "", "postgres"])
def test_the_superuser_and_the_owner_need_their_password(running, user, password):
    address = running.parameters(Role.WEB, "tieout") | {"user": user, "password": password}
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(**{key: value for key, value in address.items() if value is not None})


def test_the_owner_owns_the_database_and_is_no_superuser(running):
    with running.superuser("tieout") as connection:
        row = connection.execute(
            "SELECT pg_get_userbyid(datdba), pg_get_userbyid(nspowner), rolsuper, rolcreaterole"
            " FROM pg_database, pg_namespace, pg_roles"
            " WHERE datname = 'tieout' AND nspname = 'public' AND rolname = 'tieout_owner'"
        ).fetchone()
    assert row == ("tieout_owner", "tieout_owner", False, False)


def test_a_killed_postmaster_is_recovered_with_its_data(started):
    with psycopg.connect(**started.parameters(Role.OWNER, "tieout")) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1 AS id")
    os.kill(postmaster(started.places.data), signal.SIGKILL)
    started.ensure("tieout")
    with psycopg.connect(**started.parameters(Role.OWNER, "tieout")) as connection:
        assert connection.execute("SELECT * FROM kept").fetchall() == [(1,)]


def _run_as_the_server_does(command: list[str]) -> subprocess.Popen:
    """A process of the account that the server runs under: PostgreSQL could signal it."""
    return subprocess.Popen(command, user="nobody" if os.geteuid() == 0 else None)


def test_a_stale_pid_of_a_living_process_is_neither_believed_nor_touched(started):
    started.stop()
    stranger = _run_as_the_server_does(["sleep", "60"])
    try:
        pid_file = started.places.data / "postmaster.pid"
        pid_file.write_text(f"{stranger.pid}\n{started.places.data}\n")
        assert postmaster(started.places.data) is None
        started.ensure("tieout")
        assert started.is_ready()
        started.stop()
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_stopping_what_does_not_run_touches_nobody(started):
    started.stop()
    stranger = _run_as_the_server_does(["sleep", "60"])
    try:
        (started.places.data / "postmaster.pid").write_text(f"{stranger.pid}\n")
        assert started.stop() is False
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_a_stale_pid_of_a_zombie_is_not_believed(started):
    started.stop()
    zombie = _run_as_the_server_does(["true"])
    time.sleep(0.2)
    try:
        (started.places.data / "postmaster.pid").write_text(f"{zombie.pid}\n")
        started.ensure("tieout")
        assert started.is_ready()
    finally:
        zombie.wait()


def test_a_server_that_does_not_answer_is_stopped_before_its_data_is_deleted(started):
    """Its passwords are gone, so that nobody can ask it; it runs all the same."""
    pid = started.status().pid
    started.places.secrets.unlink()
    assert not started.is_ready()
    started.reset()
    cmdline = Path(f"/proc/{pid}/cmdline")  # empty for a zombie that nobody has waited for
    assert not cmdline.exists() or cmdline.read_bytes() == b""
    assert not started.places.data.exists()


def test_a_second_start_finds_the_first(started):
    assert len({*_processes(started, 2), *_processes(started, 1)}) == 1


def test_new_roles_reach_a_running_server(started, tmp_path):
    folder = tmp_path / "sql"
    shutil.copytree(
        ROOT / "deploy",
        folder,
        ignore=lambda _, names: {n for n in names if not n.endswith(".sql")},
    )
    with (folder / "roles.sql").open("a") as handle:
        handle.write("ALTER ROLE tieout_web SET statement_timeout = '7s';\n")
    _server(started._wanted_home, provision_sql=folder).ensure("tieout")
    with psycopg.connect(**started.parameters(Role.WEB, "tieout")) as connection:
        assert connection.execute("SHOW statement_timeout").fetchone() == ("7s",)


def test_two_majors_live_side_by_side(tmp_path):
    servers = [_server(tmp_path / "postgres", major=major, binaries=None) for major in ("16", "18")]
    try:
        for server in servers:
            server.ensure("tieout")
        versions = []
        for server in servers:
            with server.superuser() as connection:
                versions.append(connection.info.server_version // 10000)
        assert versions == [16, 18]
    finally:
        for server in servers:
            server.reset()
        discard(servers[0])


def test_a_long_path_gets_its_socket_elsewhere(tmp_path):
    server = _server(tmp_path / ("long" * 20) / "postgres")
    try:
        server.ensure("tieout")
        assert len(str(server.places.socket)) <= 85
        assert server.is_ready()
    finally:
        discard(server)


def test_programs_in_a_private_place_are_copied_once(server, monkeypatch):
    if os.geteuid() != 0 or settings.TIEOUT_EMBEDDED_BINARIES:
        pytest.skip("only root runs the wheel's programs as somebody else")
    monkeypatch.setattr(binaries, "_open_to_others", lambda tree: False)
    server.ensure("tieout")
    assert server.program("postgres").is_relative_to(server.places.home)
    copies = list(server.places.home.glob("programs-*"))
    server.stop()
    again = _server(server._wanted_home)
    again.ensure("tieout")
    assert list(server.places.home.glob("programs-*")) == copies


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may not run PostgreSQL itself")
def test_for_root_a_private_folder_stays_private(tmp_path):
    home = tmp_path / "private" / "postgres"
    home.mkdir(parents=True)
    home.parent.chmod(0o700)
    server = _server(home)
    try:
        server.ensure("tieout")
        assert server.places.home != home
        assert stat.S_IMODE(home.parent.stat().st_mode) == 0o700
        again = _server(home)
        assert again.places == server.places
    finally:
        discard(server)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_an_ordinary_user_runs_a_server_as_itself(tmp_path_factory):
    python = _python_for_everybody()
    home = Path("/tmp") / f"tieout-user-{os.getpid()}"
    home.mkdir()
    try:
        shutil.chown(home, "nobody", "nogroup")
        command = [python, "-c", ENSURE + "server.stop()\n", *_arguments(home)]
        done = subprocess.run(
            command,
            user="nobody",
            group="nogroup",
            extra_groups=[],
            cwd="/",
            env={
                "PYTHONPATH": os.pathsep.join(_path()),
                "HOME": str(home),
                "PATH": os.environ["PATH"],
            },
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert next(home.glob("pg*/PG_VERSION")).stat().st_uid != 0
    finally:
        shutil.rmtree(home)


def _path() -> list[str]:
    import django

    packages = str(Path(django.__file__).parents[1])
    return [str(ROOT), str(ROOT / "platform"), packages]


def _python_for_everybody() -> str:
    """A Python of this version that an ordinary user can run."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    for candidate in (sys.executable, f"/usr/local/bin/{version}", f"/usr/bin/{version}"):
        with contextlib.suppress(OSError):
            tried = subprocess.run(
                [candidate, "-c", "import psycopg"],
                user="nobody",
                extra_groups=[],
                cwd="/",
                env={"PYTHONPATH": os.pathsep.join(_path())},
                capture_output=True,
                check=False,
            )
            if tried.returncode == 0:
                return candidate
    pytest.skip("no Python here that an ordinary user can run")
