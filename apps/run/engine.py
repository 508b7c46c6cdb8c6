"""The engine: one hash over everything whose change could change a number."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from importlib import metadata, util
from pathlib import Path

COMPUTING = (
    "stages.py",
    "sinks.py",
    "finalisers.py",
    "adapters.py",
    # How packed input is made of positions, what it is rolled up by, and how a shard is read.
    "blocks.py",
    "dimensions.py",
    "loading.py",
    # What the sink and the finaliser of the cube are made of.
    "axis.py",
    "encode.py",
    "errors.py",
    "final_rollup.py",
    "leaf.py",
    "maturity.py",
    "rollup.py",
    "statements.py",
)
"""The modules of an app that compute; all others only store, find and show."""

SHARED = ("binary.py", "exact.py", "hashing.py")
"""The modules of the shared kernel that round, encode and hash numbers."""

LIBRARIES = ("numpy", "scipy", "quantlib")
"""The libraries whose version is part of the engine."""


@lru_cache(maxsize=1)
def engine() -> str:
    """Return the hash of the engine of this process, 64 hex digits.

    sha256 over the lines `sha256 name` of the sources of pricing, of the computing modules and
    statements of all apps and of the shared kernel's arithmetic, in the order of their names, and
    `version library` of each library. Sources that change under a running process do not change
    what it has loaded.
    """
    return fingerprint(_sources(), libraries())


def libraries() -> dict[str, str]:
    """Return the versions in this process of the libraries that are part of the engine."""
    return {name: metadata.version(name) for name in LIBRARIES}


def fingerprint(sources: dict[str, Path], versions: dict[str, str]) -> str:
    """Return the hash of these sources (by name) and library versions."""
    digest = hashlib.sha256()
    for name in sorted(sources):
        content = hashlib.sha256(sources[name].read_bytes()).hexdigest()
        digest.update(f"{content} {name}\n".encode())
    for name in sorted(versions):
        digest.update(f"{versions[name]} {name}\n".encode())
    return digest.hexdigest()


def _sources() -> dict[str, Path]:
    pricing, apps, foundation = map(_folder, ("pricing", "apps", "foundation"))
    found = [*pricing.rglob("*.py"), *(foundation / name for name in SHARED)]
    for app in sorted(path for path in apps.iterdir() if path.is_dir()):
        found += [path for name in COMPUTING if (path := app / name).exists()]
        found += (app / "sql").glob("*.sql")
    return {
        str(path.relative_to(root.parent)): path
        for root in (pricing, apps, foundation)
        for path in found
        if path.is_relative_to(root)
    }


def _folder(package: str) -> Path:
    spec = util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError(package)
    return Path(next(iter(spec.submodule_search_locations)))
