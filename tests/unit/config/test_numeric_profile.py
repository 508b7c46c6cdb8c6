"""Every process that reads the settings computes in the pinned numeric profile."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]


def fresh(code: str) -> str:
    """Return what a new process prints that has read the settings and nothing else."""
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, 'platform'); {code}"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=True,
        env={key: value for key, value in os.environ.items() if not key.startswith("NPY_")},
    )
    return done.stdout.strip()


def test_settings_are_read_before_numpy() -> None:
    assert fresh("import config.settings; print('numpy' in sys.modules)") == "False"


def test_a_process_that_read_the_settings_leaves_avx512_out() -> None:
    named = fresh("import config.settings; from pricing import profile; print(profile.name())")
    assert "X86_V4" not in named
