"""The numeric profile is pinned before NumPy and proved by the canary."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from pricing import profile

ROOT = Path(__file__).parents[3]


def fresh(code: str) -> str:
    """Return what a new process prints that pins the profile first."""
    program = f"from pricing import profile; profile.pin(); {code}"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, check=True
    )
    return done.stdout.strip()


def test_canary_is_the_committed_one_in_a_pinned_process() -> None:
    assert fresh("print(profile.verify())") in ("True", "False")
    name, canary = fresh("print(profile.name()); print(profile.canary())").splitlines()
    if name in profile.expected():
        assert profile.expected()[name] == canary


def test_pinning_comes_before_numpy_and_leaves_avx512_out() -> None:
    assert fresh("import sys; print('numpy' in sys.modules)") == "False"
    assert "X86_V4" not in fresh("print(profile.name())")
    assert fresh("import os; print(os.environ['OPENBLAS_NUM_THREADS'])") == "1"


def test_other_bits_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(profile, "expected", lambda: {profile.name(): "0" * 64})
    with pytest.raises(profile.ProfileError, match="committed is 000"):
        profile.verify()
