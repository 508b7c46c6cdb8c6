"""Where an embedded server keeps its files."""

import hashlib
import os
import secrets
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

# 107 bytes is the limit of a socket's path, and PostgreSQL appends `/.s.PGSQL.5432.lock`.
_LONGEST_SOCKET_FOLDER = 85
_ELSEWHERE = Path("/var/lib/tieout")


@dataclass(frozen=True, slots=True)
class Places:
    """The folders and files of one server. `home` is shared by servers of several majors."""

    home: Path
    major: str

    @property
    def data(self) -> Path:
        """The data directory."""
        return self.home / f"pg{self.major}"

    @property
    def socket(self) -> Path:
        """The private folder of the socket, one per major version."""
        folder = self.home / f"run{self.major}"
        if len(os.fsencode(folder)) <= _LONGEST_SOCKET_FOLDER:
            return folder
        key = hashlib.sha256(os.fsencode(folder)).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"tieout-{os.geteuid()}-{key}"

    @property
    def secrets(self) -> Path:
        """The passwords of the superuser and the owner; readable by us alone."""
        return self.home / f"secrets{self.major}.json"

    @property
    def provisioned(self) -> Path:
        """The hash of the roles' SQL that was run last."""
        return self.home / f"roles{self.major}.sha256"

    @property
    def lock(self) -> Path:
        """Held while a server is being started, stopped or reset."""
        return self.home / "lock"

    @property
    def log(self) -> Path:
        """The server's log."""
        return self.data / "server.log"


def home_for(wanted: Path, *, as_root: bool) -> Path:
    """`wanted`, or for root a folder that the unprivileged account can reach.

    A checkout in a private folder (0700, /root as a rule) cannot be entered by the account the
    server runs under, and its permissions are not ours to change: the files then live below
    /var/lib/tieout, in a folder named at random and remembered in `wanted/elsewhere`, so that a
    fresh checkout at the same path never finds the data of an earlier one.
    """
    wanted = wanted.resolve()
    wanted.mkdir(parents=True, exist_ok=True)
    if not as_root or _open_to_others(wanted):
        return wanted
    pointer = wanted / "elsewhere"
    if not pointer.exists():
        scratch = wanted / f".elsewhere-{os.getpid()}-{secrets.token_hex(4)}"
        scratch.write_text(str(_ELSEWHERE / f"postgres-{secrets.token_hex(8)}"))
        try:
            os.link(scratch, pointer)  # atomic: of several first starts one names the folder
        except FileExistsError:
            pass
        finally:
            scratch.unlink()
    home = Path(pointer.read_text())
    home.mkdir(parents=True, exist_ok=True)
    return home


def _open_to_others(folder: Path) -> bool:
    return all(parent.stat().st_mode & stat.S_IXOTH for parent in (folder, *folder.parents))
