"""Django's makemigrations; `--check` compares models with migrations and needs no database."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.management.commands import makemigrations
from django.db import connection


class Command(makemigrations.Command):
    """As Django's, without starting a server where none is needed."""

    def handle(self, *args: Any, **options: Any) -> None:
        """Django asks the database whether its history is consistent, unless there is none."""
        if options["check_changes"]:
            with _no_database():
                super().handle(*args, **options)
        else:
            super().handle(*args, **options)


@contextmanager
def _no_database() -> Iterator[None]:
    engine = connection.settings_dict["ENGINE"]
    connection.settings_dict["ENGINE"] = "django.db.backends.dummy"
    try:
        yield
    finally:
        connection.settings_dict["ENGINE"] = engine
