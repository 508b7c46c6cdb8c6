"""Errors a client may read; whatever is not one of these is answered with an id alone."""

from __future__ import annotations

from graphql import GraphQLError


class ClientError(GraphQLError):
    """A refusal whose text is written for the client; `code` stands in extensions.code."""

    code = "BAD_REQUEST"

    def __init__(self, message: str) -> None:
        super().__init__(message, extensions={"code": self.code})


class BadInput(ClientError):
    """An argument that cannot be answered: unknown name, size out of bounds, broken cursor."""

    code = "BAD_INPUT"


class Unauthenticated(ClientError):
    """Nobody is logged in, or the token is unknown, revoked or expired."""

    code = "UNAUTHENTICATED"


class Forbidden(ClientError):
    """The user may not do or see what was asked."""

    code = "FORBIDDEN"


class TooExpensive(ClientError):
    """The document asks for more than a request may."""

    code = "TOO_EXPENSIVE"


class NotAggregable(ClientError):
    """A measure that does not add was asked as a total."""

    code = "NOT_AGGREGABLE"


class DeadlineExceeded(ClientError):
    """The database did not answer within the time a request may take."""

    code = "DEADLINE_EXCEEDED"


class NotAnswered(ClientError):
    """Another field of the request failed in the database, which answers nothing afterwards."""

    code = "NOT_ANSWERED"
