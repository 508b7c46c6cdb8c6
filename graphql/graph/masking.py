"""What a client is told of an error: texts written for clients, an id for all others."""

from __future__ import annotations

import re
import uuid
from collections.abc import Sequence
from typing import Any

from django.db import OperationalError
from graphql import GraphQLError
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError

from foundation import telemetry
from graph.errors import ClientError, DeadlineExceeded

LOG = telemetry.logger(__name__)

_SUGGESTION = re.compile(r" Did you mean .*\?$", re.DOTALL)
_BAD_INPUT = {"code": "BAD_INPUT"}
_QUERY_CANCELED = "57014"


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
    if isinstance(original, CannotGetOperationTypeError | InvalidOperationTypeError):
        return _masked(error, "The operation is not one that is answered here.", dict(_BAD_INPUT))
    if isinstance(original, OperationalError) and _canceled(original):
        late = DeadlineExceeded("The database did not answer within 5 seconds; ask for less.")
        return _masked(error, late.message, dict(late.extensions or {}))
    reference = uuid.uuid4().hex
    LOG.error("graphql_error", reference=reference, path=error.path, exc_info=original)
    return _masked(
        error,
        f"Something went wrong; the log has it under {reference}.",
        {"code": "INTERNAL", "reference": reference},
    )


def _masked(error: GraphQLError, message: str, extensions: dict[str, Any]) -> GraphQLError:
    return GraphQLError(
        message, nodes=error.nodes, source=error.source, path=error.path, extensions=extensions
    )


def _canceled(error: OperationalError) -> bool:
    return getattr(error.__cause__, "sqlstate", None) == _QUERY_CANCELED
