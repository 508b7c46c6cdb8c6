"""POST /graphql: queries and mutations, answered by a thread under one database connection."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, JsonResponse
from django.views.decorators.csrf import csrf_exempt, ensure_csrf_cookie
from strawberry.http import process_result
from strawberry.http.ides import get_graphql_ide_html
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError
from strawberry.types.graphql import OperationType

from graph import schema
from graph.asked import Asked, read
from graph.authentication import authenticate
from graph.context import Context
from graph.errors import BadInput, ClientError, Forbidden, Unauthenticated
from graph.masking import masked

SCHEMA = schema.build(introspection=settings.TIEOUT_DEV)
"""The schema of this process."""

_STATUS = {Unauthenticated: HTTPStatus.UNAUTHORIZED, Forbidden: HTTPStatus.FORBIDDEN}


@csrf_exempt  # sessions are checked in authenticate(), tokens need no check
def graphql(request: HttpRequest) -> HttpResponse:
    """Answer one operation; 200 also when it has errors, as the answer then says."""
    if request.method != "POST":
        if request.method == "GET" and settings.TIEOUT_DEV:
            return explorer(request)
        return HttpResponseNotAllowed(["POST"])
    try:
        user = authenticate(request)
        asked = read(request)
        return JsonResponse(execute(asked, Context(user=user)), encoder=_Encoder)
    except ClientError as error:
        return refusal(error)


def execute(asked: Asked, context: Context) -> dict[str, Any]:
    """Return the answer to a query or mutation in the form of the GraphQL specification."""
    try:
        result = SCHEMA.execute_sync(
            asked.query,
            variable_values=asked.variables,
            context_value=context,
            operation_name=asked.operation_name,
            allowed_operation_types={OperationType.QUERY, OperationType.MUTATION},
        )
    except CannotGetOperationTypeError as error:
        raise BadInput("the document has no such operation") from error
    except InvalidOperationTypeError as error:
        raise BadInput("subscriptions are answered at /graphql/stream") from error
    result.errors = masked(result.errors)
    return dict(process_result(result))


def refusal(error: ClientError) -> HttpResponse:
    """Return the answer to a request that no operation was executed for."""
    body = {"errors": [{"message": error.message, "extensions": error.extensions}]}
    status = _STATUS.get(type(error), HTTPStatus.BAD_REQUEST)
    return JsonResponse(body, status=status)


@ensure_csrf_cookie
def explorer(request: HttpRequest) -> HttpResponse:
    """GraphiQL, for developers only: it is loaded from a public network."""
    del request
    return HttpResponse(get_graphql_ide_html(graphql_ide="graphiql"))


class _Encoder(json.JSONEncoder):
    """Compact JSON: a grid is mostly punctuation otherwise."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{**options, "separators": (",", ":"), "allow_nan": False})
