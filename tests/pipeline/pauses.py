"""Points at which a process of the tests stops or dies, as its environment says.

TIEOUT_TEST_PAUSE is `point:position:folder`. The first process that reaches the point with a
VALUE task holding the position (at `finalise`: with the FINALISE task, position 0) leaves its pid
in the folder and stops itself (SIGSTOP); whoever continues it lets it go on. TIEOUT_TEST_CULPRITS
are positions whose computation kills.
"""

import os
import signal
from pathlib import Path


def reach(point: str, phase: str, first: int, last: int) -> None:
    wanted = os.environ.get("TIEOUT_TEST_PAUSE", "")
    if not wanted:
        return
    name, position, folder = wanted.split(":", 2)
    if phase != ("FINALISE" if name == "finalise" else "VALUE"):
        return
    if name != point or not first <= int(position) < last:
        return
    try:
        descriptor = os.open(Path(folder) / "stopped", os.O_CREAT | os.O_EXCL | os.O_WRONLY)
    except FileExistsError:
        return
    os.write(descriptor, str(os.getpid()).encode())
    os.close(descriptor)
    os.kill(os.getpid(), signal.SIGSTOP)


def culprits() -> set[int]:
    return {int(text) for text in os.environ.get("TIEOUT_TEST_CULPRITS", "").split(",") if text}


def seconds_per_task() -> float:
    return float(os.environ.get("TIEOUT_TEST_SECONDS", "0"))


def verify_fitness() -> None:
    """In the place of the canary: the pricing is made up, and its bits are nobody's concern."""
    if os.environ.get("TIEOUT_TEST_UNFIT"):
        raise RuntimeError("unfit")
