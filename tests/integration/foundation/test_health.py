import json
import logging

import pytest
from django.db import connection

from foundation import health, telemetry


def test_a_living_process_is_healthy_without_a_database(client):
    assert client.get("/healthz").content == b"ok"


@pytest.mark.django_db
def test_a_process_is_ready_when_its_database_is_migrated(client):
    health._pending_migrations.cache_clear()
    assert client.get("/readyz").json() == {"ready": True}


def test_a_process_is_not_ready_before_the_migrations(client, owner):
    health._pending_migrations.cache_clear()
    owner.execute("DELETE FROM django_migrations WHERE app = 'run'")
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json()["because"] == "migrations are pending"


@pytest.mark.django_db
def test_a_process_is_not_ready_without_its_database(client, monkeypatch):
    from django.db import OperationalError

    def gone(*_):
        raise OperationalError

    monkeypatch.setattr(connection, "cursor", gone)
    assert client.get("/readyz").status_code == 503


def test_a_request_is_measured_and_named(client):
    response = client.get("/healthz")
    assert len(response.headers["X-Request-ID"]) == 32
    text = client.get("/metrics").content.decode()
    assert 'tieout_request_seconds_count{method="GET",route="healthz",status="200"}' in text


def test_a_log_event_is_one_line_of_json_with_its_fields():
    formatter = telemetry._formatter("json")
    record = logging.LogRecord("a.library", logging.WARNING, "f.py", 1, "took %s", ("5 s",), None)
    event = json.loads(formatter.format(record))
    assert (event["event"], event["level"], event["logger"]) == ("took 5 s", "warning", "a.library")


def test_an_unknown_format_is_refused():
    with pytest.raises(ValueError, match="TIEOUT_LOG_FORMAT"):
        telemetry._formatter("xml")
