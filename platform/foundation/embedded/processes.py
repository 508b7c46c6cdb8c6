"""Which process a postmaster.pid names: a pid alone proves nothing."""

import os
import subprocess
from pathlib import Path


def postmaster(data: Path) -> int | None:
    """The pid of the living postmaster of `data`, None when there is none.

    A pid file survives a crash and its number is soon given to another process, or belongs to a
    zombie: only a process whose command line names this data directory counts.
    """
    try:
        pid = int((data / "postmaster.pid").read_text().split("\n", 1)[0])
    except (OSError, ValueError):
        return None
    words = _command(pid)
    named = any("postgres" in word for word in words[:1]) and str(data) in words
    return pid if named else None


def _command(pid: int) -> list[str]:
    cmdline = Path(f"/proc/{pid}/cmdline")
    if Path("/proc/self/cmdline").exists():
        try:
            return os.fsdecode(cmdline.read_bytes()).split("\0")
        except OSError:
            return []
    shown = subprocess.run(
        ["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return shown.stdout.split()
