"""Logs as events with fields, and the registry of this process's metrics."""

import logging
from typing import Any, Final, Literal

import structlog
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    GCCollector,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)
from structlog.typing import Processor

REGISTRY: Final = CollectorRegistry(auto_describe=True)
"""Where an app registers its counters: `Counter("tieout_..", "..", registry=REGISTRY)`."""

for _collector in (ProcessCollector, PlatformCollector, GCCollector):
    _collector(registry=REGISTRY)

Format = Literal["text", "json"]

_SHARED: Final[list[Processor]] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.StackInfoRenderer(),
]


def logger(name: str) -> structlog.stdlib.BoundLogger:
    """The logger of a module: `LOG = telemetry.logger(__name__)`, `LOG.info("claimed", task=7)`."""
    found: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(name)
    return found


def logging_settings(level: str, style: str) -> dict[str, Any]:
    """Django's LOGGING: one line per event on standard error, as `text` or as `json`.

    Records of libraries that use the standard logging take the same form.
    """
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_SHARED,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"event": {"()": _formatter, "style": style}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "event"}},
        "root": {"handlers": ["stderr"], "level": level},
        # Django's own handlers would print each record a second time.
        "loggers": {"django": {"handlers": [], "level": level, "propagate": True}},
    }


def _formatter(style: str) -> logging.Formatter:
    renderer: Processor
    if style == "json":
        tail: list[Processor] = [structlog.processors.format_exc_info]
        renderer = structlog.processors.JSONRenderer(ensure_ascii=False)
    elif style == "text":
        tail = []
        # The default prints the locals of every frame: slow, and they may hold secrets.
        renderer = structlog.dev.ConsoleRenderer(
            colors=False, exception_formatter=structlog.dev.plain_traceback
        )
    else:
        raise ValueError(f"TIEOUT_LOG_FORMAT is {style!r}; it must be text or json")
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=_SHARED,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *tail, renderer],
    )


def exposition() -> tuple[bytes, str]:
    """The metrics of this process in Prometheus' text format, and its content type."""
    return generate_latest(REGISTRY), CONTENT_TYPE_LATEST
