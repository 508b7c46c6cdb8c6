"""Settings that do not go together stop a process before it serves anything."""

import os
import subprocess
import sys

import pytest

PRODUCTION = {
    "TIEOUT_PRODUCTION": "1",
    "SECRET_KEY": "k" * 60,
    "DATABASE_URL": "postgres://db.example/tieout",
    "ALLOWED_HOSTS": "tieout.example",
}


def _check(repository, **settings):
    return subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=repository,
        env={**os.environ, **PRODUCTION, **settings},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(("value", "code"), [("0", 0), ("1", 1)])
def test_development_is_refused_in_production(repository, value, code):
    done = _check(repository, TIEOUT_DEV=value)
    assert done.returncode == code, done.stderr
    assert ("both set" in done.stderr) is bool(code)
