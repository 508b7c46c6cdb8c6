"""The databases of the tests: one migrated template per state of the code, a clone per test."""

import contextlib
import fcntl
import hashlib
import itertools
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from psycopg import sql

from foundation.embedded import EmbeddedPostgres

ROOT = Path(__file__).resolve().parents[1]
_MEMORY = Path("/dev/shm")
_MEMORY_NEEDED = 4 * 1024**3


def _home() -> Path:
    """Where the tests' server keeps its files: in memory where there is room, else in var/.

    A clone is 600 files: in memory it takes 0.04 s. TIEOUT_TEST_HOME names another folder.
    """
    chosen = os.environ.get("TIEOUT_TEST_HOME")
    if chosen:
        return Path(chosen)
    if _MEMORY.is_mount() and shutil.disk_usage(_MEMORY).free > _MEMORY_NEEDED:
        key = hashlib.sha256(os.fsencode(ROOT)).hexdigest()[:8]
        home = _MEMORY / f"tieout-test-{os.geteuid()}-{key}"
        home.mkdir(mode=0o755, exist_ok=True)
        if home.stat().st_uid == os.geteuid() and not home.is_symlink():
            return home
    return ROOT / "var" / "postgres-test"


HOME = _home()

_SCHEMA_SOURCES = (
    "apps/*/migrations/*.py",
    "apps/*/models.py",
    "platform/foundation/immutability/*.py",
    "platform/foundation/migrations/*.py",
    "deploy/*.sql",
    "requirements.txt",
)
_TEMPLATES_KEPT = 3


def environment() -> dict[str, str]:
    """What makes a process work on the tests' server and never on another."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("DATABASE_URL")}
    return kept | {"TIEOUT_EMBEDDED_HOME": str(HOME), "TIEOUT_EMBEDDED_DURABLE": "0"}


class Databases:
    """The tests' server. Several pytest processes, and several sessions, share it."""

    def __init__(self, server: EmbeddedPostgres) -> None:
        self.server = server
        self._counter = itertools.count(1)
        HOME.mkdir(parents=True, exist_ok=True)
        self._using = (HOME / "sessions").open("a")
        fcntl.flock(self._using, fcntl.LOCK_SH)

    def template(self, *, rebuild: bool = False) -> str:
        """The name of a migrated, empty database; made when models or migrations have changed."""
        name = f"template_{_fingerprint()}"
        with self._building():
            self.server.ensure()
            self._drop_orphans()
            if rebuild or not self._is_complete(name):
                self._build(name)
        return name

    def clone(self, template: str, label: str) -> str:
        """A fresh copy of `template`, in about 0.05 s."""
        name = f"test_{os.getpid()}_{label}_{next(self._counter)}"
        self.server.create_database(name, template=template)
        return name

    def release(self) -> None:
        """Stop the server unless another test process still uses it."""
        fcntl.flock(self._using, fcntl.LOCK_UN)
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(self._using, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self.server.stop()
        self._using.close()

    @contextlib.contextmanager
    def _building(self) -> Iterator[None]:
        with (HOME / "building").open("a") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield

    def _is_complete(self, name: str) -> bool:
        with self.server.superuser() as connection:
            row = connection.execute(
                "SELECT datistemplate FROM pg_database WHERE datname = %s", [name]
            ).fetchone()
        return row is not None and bool(row[0])

    def _build(self, name: str) -> None:
        with self.server.superuser() as connection:
            for old in [name, *self._outdated()]:
                row = connection.execute(
                    "SELECT 1 FROM pg_database WHERE datname = %s", [old]
                ).fetchone()
                if row is not None:
                    connection.execute(
                        sql.SQL("ALTER DATABASE {} IS_TEMPLATE false").format(sql.Identifier(old))
                    )
                    self.server.drop_database(old)
        self.server.create_database(name)
        subprocess.run(
            [sys.executable, "manage.py", "migrate", "--verbosity=0"],
            cwd=ROOT,
            env=environment() | {"TIEOUT_DATABASE": name, "TIEOUT_ROLE": "owner"},
            check=True,
        )
        with self.server.superuser() as connection:
            connection.execute(
                sql.SQL("ALTER DATABASE {} IS_TEMPLATE true ALLOW_CONNECTIONS false").format(
                    sql.Identifier(name)
                )
            )

    def _outdated(self) -> list[str]:
        """All but the newest templates; another checkout's session may be using those."""
        with self.server.superuser() as connection:
            rows = connection.execute(
                r"SELECT datname FROM pg_database WHERE datname LIKE 'template\_%%'"
                " ORDER BY oid DESC",
                [],
            ).fetchall()
        return [str(row[0]) for row in rows[_TEMPLATES_KEPT - 1 :]]

    def _drop_orphans(self) -> None:
        """Clones of test processes that were killed."""
        with self.server.superuser() as connection:
            rows = connection.execute(
                r"SELECT datname FROM pg_database WHERE datname LIKE 'test\_%%'", []
            ).fetchall()
        for (name,) in rows:
            if not _is_alive(int(str(name).split("_")[1])):
                self.server.drop_database(str(name))


def discard(server: EmbeddedPostgres) -> None:
    """Delete a server of a test's own, with the folder it got because it was started by root."""
    server.reset()
    if server.places.home.parent.name == "tieout":
        shutil.rmtree(server.places.home)


def _fingerprint() -> str:
    digest = hashlib.sha256()
    for pattern in _SCHEMA_SOURCES:
        for file in sorted(ROOT.glob(pattern)):
            digest.update(str(file.relative_to(ROOT)).encode())
            digest.update(file.read_bytes())
    return digest.hexdigest()[:12]


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
