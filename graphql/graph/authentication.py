"""Who sends a request: a program by its bearer token, or a browser by its session."""

from __future__ import annotations

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.csrf import CsrfViewMiddleware
from django.utils import timezone

from apps.access import selectors, tokens
from apps.access.models import User
from graph.errors import Forbidden, Unauthenticated


def authenticate(request: HttpRequest) -> User:
    """Return the active user behind a request, or raise what to answer.

    A request that carries a token is judged by it alone. One with a session must also prove,
    by the CSRF token, that our own page sent it: browsers add cookies for anybody.
    """
    header = request.headers.get("Authorization")
    if header is not None:
        token = tokens.from_header(header)
        user = selectors.user_of_token(token, now=timezone.now()) if token else None
        if user is None:
            raise Unauthenticated("The token is unknown, revoked or expired.")
        return user
    if not isinstance(request.user, User) or not request.user.is_active:
        raise Unauthenticated("Log in, or send a bearer token.")
    _check_csrf(request)
    return request.user


class _Csrf(CsrfViewMiddleware):
    """Django's check as a function: its answer is not a page."""

    def _reject(self, request: HttpRequest, reason: str) -> str:
        return reason


def _check_csrf(request: HttpRequest) -> None:
    check = _Csrf(_no_response)
    check.process_request(request)
    reason = check.process_view(request, _no_response, (), {})
    if reason:
        raise Forbidden(f"CSRF check failed: {reason}")


def _no_response(request: HttpRequest) -> HttpResponseBase:
    raise AssertionError("the check answers before any view")
