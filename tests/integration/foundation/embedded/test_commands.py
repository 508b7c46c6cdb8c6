"""`manage.py` on a checkout whose server has never been started."""

import io
import os
import subprocess
import sys

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from foundation import embedded
from foundation.embedded import EmbeddedPostgres
from tests.databases import ROOT, discard


@pytest.fixture
def server(tmp_path, monkeypatch):
    """The server that `manage.py db` finds."""
    found = EmbeddedPostgres(
        tmp_path / "postgres",
        provision_sql=ROOT / "deploy",
        major=settings.TIEOUT_EMBEDDED_MAJOR,
        binaries=settings.TIEOUT_EMBEDDED_BINARIES,
        durable=False,
    )
    monkeypatch.setattr(embedded, "configured", lambda: found)
    yield found
    discard(found)


def _db(*arguments):
    said = io.StringIO()
    call_command("db", *arguments, stdout=said)
    return said.getvalue()


def test_the_server_is_started_shown_stopped_and_reset(server):
    assert "not running" in _db("status")
    assert "running, pid" in _db("start")
    assert "running, pid" in _db("status")
    assert "stopped" in _db("stop")
    assert "was not running" in _db("stop")
    assert "deleted" in _db("reset", "--no-input")
    assert not server.places.data.exists()


def test_a_reset_asks_first(server, monkeypatch):
    server.ensure()
    monkeypatch.setattr("builtins.input", lambda prompt: "no")
    with pytest.raises(CommandError, match="nothing was deleted"):
        _db("reset")
    assert server.is_ready()


@pytest.mark.parametrize("verb", ["start", "stop", "reset"])
def test_a_real_server_is_not_the_command_s_to_handle(monkeypatch, verb):
    monkeypatch.setattr(settings, "TIEOUT_DATABASE_IS_EXTERNAL", True)
    with pytest.raises(CommandError, match="DATABASE_URL"):
        _db(verb)


def test_an_unknown_major_names_those_there_are(tmp_path, monkeypatch):
    unknown = EmbeddedPostgres(tmp_path / "postgres", provision_sql=ROOT / "deploy", major="12")
    monkeypatch.setattr(embedded, "configured", lambda: unknown)
    with pytest.raises(CommandError, match="16, 18"):
        _db("start")
    discard(unknown)


@pytest.fixture
def manage(tmp_path):
    def run(*arguments, **more):
        environment = {
            key: value
            for key, value in os.environ.items()
            if key not in ("TIEOUT_DATABASE", "TIEOUT_ROLE")
        } | {"TIEOUT_EMBEDDED_HOME": str(tmp_path / "postgres")}
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=environment | more,
            capture_output=True,
            text=True,
            check=False,
        )

    return run


@pytest.mark.parametrize("command", [("check",), ("makemigrations", "--check", "--dry-run")])
def test_a_command_that_needs_no_database_starts_none(manage, tmp_path, command):
    assert manage(*command).returncode == 0
    assert not (tmp_path / "postgres").exists()


def test_an_unknown_role_stops_the_process(manage):
    done = manage("dbshell", TIEOUT_ROLE="admin")
    assert done.returncode != 0
    assert "TIEOUT_ROLE" in done.stderr
