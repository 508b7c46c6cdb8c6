"""How the refusals of services and selectors are said to a client."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from apps.result import listing
from apps.result import selectors as results
from apps.risk import selectors as risks
from graph.errors import BadInput, NotAggregable

_UNKNOWN = (
    results.UnknownRun,
    results.RunNotComplete,
    results.UnknownNode,
    results.UnknownCell,
    results.UnknownCurrency,
    results.UnknownPosition,
    results.TooMuchDetail,
    listing.BadCursor,
    risks.NotConcentrated,
    risks.PartOfNode,
    risks.UnknownLevel,
)


@contextmanager
def reading() -> Iterator[None]:
    """Turn what a selector refuses into errors the client may read."""
    try:
        yield
    except results.NotAggregable as error:
        raise NotAggregable(str(error)) from error
    except _UNKNOWN as error:
        raise BadInput(str(error)) from error
