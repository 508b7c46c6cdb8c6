"""Reading who is behind a request."""

from __future__ import annotations

import datetime as dt

from django.db.models import Q

from apps.access import tokens
from apps.access.models import ApiToken, User


def user_of_token(token: str, *, now: dt.datetime) -> User | None:
    """Return the active user of a token that is neither revoked nor expired at `now`."""
    found = (
        ApiToken.objects.select_related("user")
        .filter(Q(revoked_at__isnull=True) | Q(revoked_at__gt=now))
        .filter(digest=tokens.digest(token), expires_at__gt=now, user__is_active=True)
        .first()
    )
    return found.user if found else None
