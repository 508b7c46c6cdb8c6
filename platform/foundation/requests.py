"""One log event and one measurement per request."""

import time
import uuid
from collections.abc import Awaitable, Callable

import structlog
from asgiref.sync import iscoroutinefunction
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.decorators import sync_and_async_middleware
from prometheus_client import Histogram

from foundation import telemetry

_LOG = telemetry.logger(__name__)
_SECONDS = Histogram(
    "tieout_request_seconds",
    "Time from the request to its response, by route.",
    ["method", "route", "status"],
    registry=telemetry.REGISTRY,
)
_QUIET = ("/healthz", "/readyz", "/metrics")

Handler = Callable[[HttpRequest], HttpResponseBase | Awaitable[HttpResponseBase]]


@sync_and_async_middleware
def request_log(get_response: Handler) -> Handler:
    """Give each request an id that its log events carry, and log how it ended."""
    if iscoroutinefunction(get_response):

        async def answer_async(request: HttpRequest) -> HttpResponseBase:
            started = _begin(request)
            response = await get_response(request)
            return _end(request, response, started)

        return answer_async

    def answer(request: HttpRequest) -> HttpResponseBase:
        started = _begin(request)
        response = get_response(request)
        assert isinstance(response, HttpResponseBase)
        return _end(request, response, started)

    return answer


def _begin(request: HttpRequest) -> float:
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request=uuid.uuid4().hex)
    return time.perf_counter()


def _end(request: HttpRequest, response: HttpResponseBase, started: float) -> HttpResponseBase:
    seconds = time.perf_counter() - started
    # The route and not the path: a path with ids in it would make a series per id.
    route = request.resolver_match.route if request.resolver_match else "-"
    status = str(response.status_code)
    _SECONDS.labels(request.method or "-", route, status).observe(seconds)
    if request.path not in _QUIET:
        _LOG.info(
            "request",
            method=request.method,
            path=request.path,
            status=status,
            ms=round(seconds * 1e3, 1),
        )
    identifier = structlog.contextvars.get_contextvars().get("request")
    if identifier is not None:
        response.headers["X-Request-ID"] = identifier
    return response
