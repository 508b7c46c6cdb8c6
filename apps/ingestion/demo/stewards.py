"""The demo's user: may enter the desk, and sees the whole bank by a grant."""

from __future__ import annotations

import secrets

from django.contrib.auth.models import Permission
from django.db import transaction

from apps.access.models import User
from apps.portfolio.models import Portfolio, PortfolioGrant
from fixtures.book.tree import ROOT

NAME = "demo"


@transaction.atomic
def appoint() -> str:
    """Create the user, or give the one there is a new password; return the password.

    No superuser: the rights are those of a steward (every permission of the admin) and a grant
    of the bank's root, as anybody's would be.
    """
    password = secrets.token_urlsafe(12)
    user, _ = User.objects.get_or_create(username=NAME, defaults={"is_staff": True})
    user.set_password(password)
    user.is_staff = user.is_active = True
    user.save()
    user.user_permissions.set(Permission.objects.all())
    PortfolioGrant.objects.get_or_create(
        user=user,
        portfolio=Portfolio.objects.get(code=ROOT),
        defaults={"reason": "The demo's user sees the whole made-up bank"},
    )
    return password
