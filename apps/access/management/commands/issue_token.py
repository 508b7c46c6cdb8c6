"""`manage.py issue_token`: a bearer token for a program of a user, shown once."""

from __future__ import annotations

import datetime as dt
import getpass
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.access import services
from apps.access.models import User


class Command(BaseCommand):
    """Print a new token; only its hash is stored."""

    help = "Issue a bearer token for the GraphQL API. It is printed once and cannot be read again."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the options."""
        parser.add_argument("username")
        parser.add_argument("--name", required=True, help="what the token is for")
        parser.add_argument("--days", type=int, default=90, help="how long it lives (90)")

    def handle(self, *args: Any, **options: Any) -> None:
        """Issue the token."""
        user = User.objects.filter(username=options["username"], is_active=True).first()
        if user is None:
            raise CommandError(f"there is no active user {options['username']!r}")
        try:
            life = dt.timedelta(days=options["days"])
            token = services.issue_token(
                user=user, name=options["name"], life=life, actor=getpass.getuser()
            )
        except (services.AccessError, OverflowError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(token)
