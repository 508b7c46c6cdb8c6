"""`manage.py export_schema`: write the schema to graphql/schema.graphql, or check that it is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from graph import schema


def path() -> Path:
    """Return where the committed schema stands."""
    return Path(settings.BASE_DIR) / "graphql" / "schema.graphql"


class Command(BaseCommand):
    """Print the schema to its file."""

    help = "Write the GraphQL schema to graphql/schema.graphql; --check only compares."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the options."""
        parser.add_argument(
            "--check", action="store_true", help="end with an error when the file is out of date"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Write or compare."""
        printed = schema.sdl()
        target = path()
        if options["check"]:
            if not target.exists() or target.read_text(encoding="utf-8") != printed:
                raise CommandError(f"{target.name} is out of date: run manage.py export_schema")
            self.stdout.write(f"{target.name} is up to date")
            return
        target.write_text(printed, encoding="utf-8")
        self.stdout.write(f"wrote {target.name}: {printed.count(chr(10))} lines")
