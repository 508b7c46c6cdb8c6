"""The numeric profile: what fixes the bits of a result, declared and proved at start.

`pin()` must run before NumPy is first imported: an entry point imports this module (which imports
nothing of NumPy) and calls it. Within one profile the bits of a valuation are a function of its
inputs; docs/methods/measures.md says what was measured.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import sys
from functools import cache
from pathlib import Path

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
AVX2 = {"avx2", "fma"}
AVX512 = {"avx512f", "avx512cd", "avx512vl", "avx512bw", "avx512dq"}
CANARY_FILE = Path(__file__).with_name("canary.json")


class ProfileError(RuntimeError):
    """The process does not compute in its declared profile."""


def pin() -> None:
    """Fix one BLAS thread, AVX2 as the CPU feature class and OpenBLAS's AVX2 kernels.

    AVX-512 gives other bits in exp, log1p and expm1 than AVX2; leaving it out makes one profile
    of a fleet of mixed machines, for a few per cent of the speed. It is not pinned where the
    process has NumPy already, nor over what the environment says.
    """
    if "numpy" in sys.modules:
        return
    for name in THREADS:
        os.environ.setdefault(name, "1")
    flags = _cpu_flags()
    if flags >= AVX2:
        os.environ.setdefault("OPENBLAS_CORETYPE", "Haswell")
    if flags >= AVX512:
        # Disabling what the machine does not have would be a warning of NumPy.
        os.environ.setdefault("NPY_DISABLE_CPU_FEATURES", "X86_V4")


def _cpu_flags() -> set[str]:
    """Return the CPU's feature flags where the system tells them, else none."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace")
    except OSError:
        return set()
    return set(next((line for line in text.splitlines() if line.startswith("flags")), "").split())


@cache
def feature_class() -> str:
    """Return the CPU feature class NumPy computes with: X86_V4, X86_V3, X86_V2 or the machine."""
    import numpy

    features = numpy._core._multiarray_umath.__cpu_features__  # type: ignore[attr-defined]

    for name in ("X86_V4", "X86_V3", "X86_V2"):
        if features.get(name):
            return name
    return platform.machine() or "unknown"


@cache
def name() -> str:
    """Return the declared profile of this process, part of a run's input hash.

    Kernel of record, NumPy, SciPy and C library versions, CPU feature class.
    """
    import numpy
    import scipy

    library = "-".join(part for part in platform.libc_ver() if part) or "libc"
    return (
        f"csr-sequential/1 numpy-{numpy.__version__} scipy-{scipy.__version__} "
        f"{library} {feature_class()}"
    )


def canary() -> str:
    """Return the hash over the bits of a small fixed batch valued by the kernel of record."""
    from pricing.canary import values

    digest = hashlib.sha256()
    for array in values():
        digest.update(array.tobytes())
    return digest.hexdigest()


def expected() -> dict[str, str]:
    """Return the committed canary hash of each profile by name."""
    hashes: dict[str, str] = json.loads(CANARY_FILE.read_text(encoding="ascii"))
    return hashes


def verify() -> bool:
    """Return whether this process's bits are proved to be those committed for its profile.

    False where nobody has committed a hash for the profile: its results stand under its own name
    and are never mixed with another's. ProfileError where they differ from the committed ones.
    """
    wanted = expected().get(name())
    if wanted is None:
        return False
    got = canary()
    if got != wanted:
        raise ProfileError(f"the canary of {name()} is {got}, committed is {wanted}")
    return True
