"""The body of a GraphQL request, read without trusting a byte of it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.http.request import RawPostDataException, UnreadablePostError

from graph.errors import BadInput

MAX_BODY = 256 * 1024
"""Bytes of a request body at most; bulk data comes in by `manage.py ingest`."""

MEDIA_TYPES = ("application/json", "application/graphql-response+json")


@dataclass(frozen=True, slots=True)
class Asked:
    """A document, the values of its variables, and which of its operations is meant."""

    query: str
    variables: dict[str, Any]
    operation_name: str | None


def read(request: HttpRequest) -> Asked:
    """Return what a POST asks for, or raise BadInput saying what is wrong with the body."""
    if request.content_type not in MEDIA_TYPES:
        raise BadInput("send the request as application/json")
    try:
        body = request.body
    except (UnreadablePostError, RawPostDataException) as error:
        raise BadInput("the body could not be read") from error
    if len(body) > MAX_BODY:
        raise BadInput(f"the body is longer than {MAX_BODY} bytes")
    try:
        # RecursionError: brackets without end; ValueError: also numbers of too many digits.
        found = json.loads(body, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise BadInput("the body is not JSON") from error
    if not isinstance(found, dict):
        raise BadInput("the body is one JSON object; batches are not answered")
    query, variables = found.get("query"), found.get("variables")
    name = found.get("operationName")
    if not isinstance(query, str) or not query:
        raise BadInput("query is the text of a document")
    if not isinstance(variables, dict | None):
        raise BadInput("variables is an object")
    if not isinstance(name, str | None):
        raise BadInput("operationName is a string")
    return Asked(query, variables or {}, name)


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")
