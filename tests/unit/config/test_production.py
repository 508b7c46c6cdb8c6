"""A production process does not start half configured."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from config import keys, production

ROOT = Path(__file__).resolve().parents[3]
COMPLETE = {
    "TIEOUT_PRODUCTION": "1",
    "SECRET_KEY": "k" * 60,
    "DATABASE_URL": "postgres://db.example/tieout",
}


def _settings_are_read(**environment):
    kept = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(("TIEOUT_", "DATABASE_URL", "SECRET_KEY"))
    }
    return subprocess.run(
        [sys.executable, "-c", "import config.settings"],
        cwd=ROOT,
        env=kept | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_complete_production_process_starts():
    done = _settings_are_read(**COMPLETE)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("missing", ["SECRET_KEY", "DATABASE_URL"])
def test_production_without_a_key_or_a_database_does_not_start(missing):
    done = _settings_are_read(**{key: COMPLETE[key] for key in COMPLETE if key != missing})
    assert done.returncode != 0
    assert missing in done.stderr.splitlines()[-1]


def test_an_empty_key_is_no_key():
    done = _settings_are_read(**COMPLETE | {"SECRET_KEY": ""})
    assert done.returncode != 0
    assert "SECRET_KEY" in done.stderr.splitlines()[-1]


def test_production_with_debug_pages_is_refused():
    with pytest.raises(ImproperlyConfigured, match="TIEOUT_DEV"):
        production.refuse_contradictions(production=True, key="k", development=True, external=True)


@pytest.mark.parametrize("development", [True, False])
def test_outside_production_everything_goes(development):
    production.refuse_contradictions(
        production=False, key="", development=development, external=False
    )


def test_of_many_first_processes_all_have_one_whole_key(tmp_path):
    with ThreadPoolExecutor(16) as pool:
        found = set(pool.map(lambda _: keys.development_key(tmp_path / "var"), range(64)))
    assert len(found) == 1
    assert len(found.pop()) > 50
    assert [path.name for path in (tmp_path / "var").iterdir()] == ["secret_key"]
    assert (tmp_path / "var" / "secret_key").stat().st_mode & 0o077 == 0
