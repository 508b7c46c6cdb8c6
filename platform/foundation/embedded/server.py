"""Start, find, stop and reset one embedded PostgreSQL server."""

import contextlib
import fcntl
import json
import os
import secrets
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import psycopg

from foundation.embedded import binaries, provision, tuning
from foundation.embedded.places import Places, home_for
from foundation.embedded.processes import postmaster
from foundation.roles import Role

SUPERUSER = "postgres"
_PORT = 5432
_POLL_SECONDS = 0.03
_LOST_SECONDS = 3.0  # no postmaster for so long after a start means that it gave up
_START_SECONDS = 180.0

Connection = psycopg.Connection[tuple[object, ...]]


class ServerError(RuntimeError):
    """The embedded server could not be started or stopped."""


@dataclass(frozen=True, slots=True)
class Status:
    """What `manage.py db status` shows."""

    running: bool
    pid: int | None
    major: str
    home: Path
    data: Path
    socket: Path


class EmbeddedPostgres:
    """One server: its data below `home`, its socket in a private folder beside it.

    Ready means that it answers and serves our data directory; a pid file proves nothing. Making
    the object touches nothing, `ensure` starts the server, and it runs on when we end.
    """

    def __init__(
        self,
        home: Path,
        *,
        provision_sql: Path,
        major: str = "16",
        binaries: Path | None = None,
        durable: bool = True,
    ) -> None:
        self._wanted_home = home
        self._wanted_major = major
        self._binaries = binaries
        self._provision_sql = provision_sql
        self._durable = durable

    # What it is made of

    @cached_property
    def places(self) -> Places:
        """The folders of this server."""
        home = home_for(self._wanted_home, as_root=self._account is not None)
        return Places(home=home, major=self.major)

    @cached_property
    def major(self) -> str:
        """The major version of its programs, as `16`."""
        return binaries.major_of(self._binaries) if self._binaries else self._wanted_major

    @cached_property
    def _account(self) -> binaries.Account | None:
        return binaries.Account.needed()

    def program(self, name: str) -> Path:
        """The path of one of the server's programs, `psql` say."""
        if self._binaries:
            return self._binaries / name
        if self._account is None:
            return binaries.in_wheel(self.major) / "bin" / name
        return self._programs_for_others / name

    @cached_property
    def _programs_for_others(self) -> Path:
        return binaries.for_others(self.major, self.places.home) / "bin"

    # Connecting

    def parameters(self, role: Role, dbname: str) -> dict[str, str | int]:
        """Psycopg's connection parameters of `role` in `dbname`; the server is not started."""
        parameters: dict[str, str | int] = {
            "host": str(self.places.socket),
            "port": _PORT,
            "dbname": dbname,
            "user": role.login,
        }
        if role is Role.OWNER:  # the application's roles are trusted inside the private folder
            parameters["password"] = self._passwords()[role.login]
        return parameters

    def superuser(self, dbname: str = "postgres") -> Connection:
        """A connection that may create roles and databases, in autocommit."""
        return psycopg.connect(
            host=str(self.places.socket),
            port=_PORT,
            dbname=dbname,
            user=SUPERUSER,
            password=self._passwords()[SUPERUSER],
            connect_timeout=5,
            autocommit=True,
        )

    def is_ready(self) -> bool:
        """Whether a server answers and its data directory is ours."""
        if not (self.places.socket / f".s.PGSQL.{_PORT}").exists():
            return False
        try:
            with self.superuser() as connection:
                row = connection.execute("SHOW data_directory").fetchone()
        except (psycopg.Error, OSError, KeyError, ValueError):
            return False
        return row is not None and row[0] == str(self.places.data)

    # Life

    def ensure(self, dbname: str | None = None) -> None:
        """Start the server unless it runs, make its roles, and make `dbname` unless it exists."""
        if not (self.is_ready() and provision.is_current(self.places, self._provision_sql)):
            with self._locked():
                if not self.is_ready():
                    self._start()
                self._provision()
        if dbname is not None:
            with self.superuser() as connection:
                exists = provision.database_exists(connection, dbname)
            if not exists:
                self.create_database(dbname)

    def stop(self) -> bool:
        """Stop the server; False when none of ours was running."""
        with self._locked():
            return self._stop()

    def reset(self) -> None:
        """Stop the server and delete its data: every database and every role."""
        with self._locked():
            self._stop()
            for path in (self.places.data, self.places.socket):
                shutil.rmtree(path, ignore_errors=True)
            for path in (self.places.secrets, self.places.provisioned):
                path.unlink(missing_ok=True)

    def status(self) -> Status:
        """What runs where."""
        running = self.is_ready()
        return Status(
            running=running,
            pid=postmaster(self.places.data) if running else None,
            major=self.major,
            home=self.places.home,
            data=self.places.data,
            socket=self.places.socket,
        )

    # Databases

    def create_database(self, name: str, *, template: str | None = None) -> None:
        """Make the database `name`, empty or a copy of `template`; several may try at once."""
        with self.superuser() as connection:
            provision.create_database(
                connection, name, template=template, copy_files=not self._durable
            )
        with self.superuser(name) as connection:
            provision.prepare_database(connection, self._provision_sql, empty=template is None)

    def drop_database(self, name: str) -> None:
        """Drop the database `name`, ending the sessions in it."""
        with self.superuser() as connection:
            provision.drop_database(connection, name)

    # Inside

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        with self.places.lock.open("a") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield

    def _passwords(self) -> dict[str, str]:
        found: dict[str, str] = json.loads(self.places.secrets.read_text())
        return found

    def _start(self) -> None:
        for folder in (self.places.data, self.places.socket):
            folder.mkdir(parents=True, exist_ok=True)
            self._check_ownership(folder)
            folder.chmod(0o700)
            if self._account:
                self._account.own(folder)
        if not (self.places.data / "PG_VERSION").exists():
            self._initialise()
        self._launch()
        deadline = time.monotonic() + _START_SECONDS
        last_seen = time.monotonic()
        while not self.is_ready():
            now = time.monotonic()
            if now > deadline:
                raise ServerError(f"PostgreSQL did not start; its log ends:\n{self._log_end()}")
            if postmaster(self.places.data) is not None:
                last_seen = now
            elif now - last_seen > _LOST_SECONDS:
                # Backends of a killed postmaster may have held its memory for a moment.
                self._launch()
                last_seen = time.monotonic()
            time.sleep(_POLL_SECONDS)

    def _check_ownership(self, folder: Path) -> None:
        """Refuse a folder somebody else has put where ours belongs (a socket's may be in /tmp)."""
        ours = {os.geteuid()} | ({self._account.uid} if self._account else set())
        if folder.is_symlink() or folder.stat().st_uid not in ours:
            raise ServerError(f"{folder} belongs to another user; remove it or run as that user")

    def _initialise(self) -> None:
        passwords = {name: secrets.token_urlsafe(32) for name in (SUPERUSER, Role.OWNER.login)}
        self.places.secrets.unlink(missing_ok=True)
        self.places.provisioned.unlink(missing_ok=True)
        _write_private(self.places.secrets, json.dumps(passwords))
        password_file = self.places.socket / "password"
        _write_private(password_file, passwords[SUPERUSER] + "\n")
        if self._account:
            self._account.own(password_file)
        try:
            self._run(
                "initdb",
                *("-D", str(self.places.data)),
                *("-U", SUPERUSER),
                f"--pwfile={password_file}",
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                "--locale=C.UTF-8",
                "--data-checksums",
                "--no-instructions",
                *(() if self._durable else ("--no-sync",)),
            )
        finally:
            password_file.unlink()
        access = self.places.data / "pg_hba.conf"
        access.write_text(provision.ACCESS_RULES)

    def _launch(self) -> None:
        if postmaster(self.places.data) is None:
            (self.places.data / "postmaster.pid").unlink(missing_ok=True)
        settings = tuning.server_settings(
            self.places.socket, memory=tuning.memory_bytes(), durable=self._durable
        )
        # -W: we wait ourselves, the recovery after a crash may take longer than any fixed time.
        self._run(
            "pg_ctl",
            *("-D", str(self.places.data)),
            *("-l", str(self.places.log)),
            *("-o", tuning.command_line(settings)),
            "-W",
            "start",
        )

    def _provision(self) -> None:
        with self.superuser() as connection:
            provision.create_roles(connection, self._provision_sql, self._passwords())
        provision.mark_current(self.places, self._provision_sql)

    def _stop(self) -> bool:
        # Never signal a process that is not proven to be ours: it serves our data directory, or,
        # in recovery or with its passwords lost, it is the postmaster that was started on it.
        if not self.is_ready() and postmaster(self.places.data) is None:
            return False
        self._run("pg_ctl", "-D", str(self.places.data), "-m", "fast", "-w", "-t", "120", "stop")
        return True

    def _run(self, name: str, *arguments: str) -> None:
        environment = {key: value for key, value in os.environ.items() if not key.startswith("PG")}
        output = self.places.home / f"{name}{self.major}.out"
        with output.open("w") as handle:
            done = subprocess.run(
                [str(self.program(name)), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=handle,
                stderr=subprocess.STDOUT,
                cwd=self.places.socket,
                env=environment | {"LC_ALL": "C.UTF-8", "TZ": "UTC"},
                start_new_session=True,
                user=self._account.uid if self._account else None,
                group=self._account.gid if self._account else None,
                extra_groups=[] if self._account else None,
                check=False,
            )
        if done.returncode:
            raise ServerError(f"{name} ended with {done.returncode}: {output.read_text()[-1500:]}")

    def _log_end(self) -> str:
        return self.places.log.read_text()[-2000:] if self.places.log.exists() else "(no log)"


def _write_private(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as handle:
        handle.write(text)
