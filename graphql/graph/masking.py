"""What a client is told of an error: texts written for clients, an id for all others."""

from __future__ import annotations

import re
import uuid
from collections.abc import Sequence
from typing import Any

from django.db import Error, InternalError, OperationalError
from graphql import GraphQLError
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError

from foundation import telemetry
from graph.errors import BadInput, ClientError, DeadlineExceeded, NotAnswered

LOG = telemetry.logger(__name__)

_SUGGESTION = re.compile(r" Did you mean .*\?$", re.DOTALL)
_QUERY_CANCELED = "57014"
_TRANSACTION_FAILED = "25P02"


def masked(errors: Sequence[GraphQLError] | None) -> list[GraphQLError] | None:
    """Return the errors of an answer as the client may read them."""
    return [said(each) for each in errors] if errors else None


def said(error: GraphQLError) -> GraphQLError:
    """Return the error as a client may read it; what is not meant for clients becomes an id."""
    original = error.original_error
    for each in (error, original):
        if isinstance(each, ClientError):
            return _masked(error, each.message, dict(each.extensions or {}))
    if original is None:
        return _masked(error, _SUGGESTION.sub("", error.message), {"code": "BAD_REQUEST"})
    meant = _meant(original)
    if meant is not None:
        return _masked(error, meant.message, dict(meant.extensions or {}))
    reference = uuid.uuid4().hex
    LOG.error("graphql_error", reference=reference, path=error.path, exc_info=original)
    return _masked(
        error,
        f"Something went wrong; the log has it under {reference}.",
        {"code": "INTERNAL", "reference": reference},
    )


def _meant(original: Exception) -> ClientError | None:
    """What an error means that only some requests can cause."""
    match original:
        case CannotGetOperationTypeError() | InvalidOperationTypeError():
            return BadInput("The operation is not one that is answered here.")
        case OperationalError() if _sqlstate(original) == _QUERY_CANCELED:
            return DeadlineExceeded("The database did not answer within 5 seconds; ask for less.")
        case InternalError() if _sqlstate(original) == _TRANSACTION_FAILED:
            return NotAnswered("Another field of the request failed before this one was read.")
        case _:
            return None


def _masked(error: GraphQLError, message: str, extensions: dict[str, Any]) -> GraphQLError:
    return GraphQLError(
        message, nodes=error.nodes, source=error.source, path=error.path, extensions=extensions
    )


def _sqlstate(error: Error) -> str | None:
    return getattr(error.__cause__, "sqlstate", None)
