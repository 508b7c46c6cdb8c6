"""What a load balancer and a metrics collector ask."""

from functools import lru_cache

from django.db import Error, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse

from foundation import telemetry


def healthz(request: HttpRequest) -> HttpResponse:
    """200 as long as the process answers: nothing else is looked at."""
    return HttpResponse("ok", content_type="text/plain")


def readyz(request: HttpRequest) -> HttpResponse:
    """200 when the database answers and has every migration of this code, 503 otherwise."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        pending = _pending_migrations()
    except Error:
        return JsonResponse({"ready": False, "because": "the database does not answer"}, status=503)
    if pending:
        _pending_migrations.cache_clear()
        return JsonResponse({"ready": False, "because": "migrations are pending"}, status=503)
    return JsonResponse({"ready": True})


def metrics(request: HttpRequest) -> HttpResponse:
    """The metrics of this process in Prometheus' text format."""
    body, content_type = telemetry.exposition()
    return HttpResponse(body, content_type=content_type)


@lru_cache(maxsize=1)
def _pending_migrations() -> int:
    """How many migrations the database lacks; once none, the code of a process has them all."""
    executor = MigrationExecutor(connection)
    return len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
