"""Who may do what with which table."""

import difflib
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection

from foundation import database, privileges


class Command(BaseCommand):
    """Print the rights and triggers of every table, or compare them with a file."""

    help = "Print the rights and triggers of every table, or compare them with a file."

    def add_arguments(self, parser: CommandParser) -> None:
        """Without --check the report goes to standard output."""
        parser.add_argument("--check", type=Path, metavar="FILE", help="fail unless FILE says so")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print or compare."""
        found = privileges.report(database.below(connection))
        expected: Path | None = options["check"]
        if expected is None:
            self.stdout.write(found)
            return
        difference = list(
            difflib.unified_diff(
                expected.read_text().splitlines(), found.splitlines(), str(expected), "database"
            )
        )
        if difference:
            raise CommandError("\n".join(difference))
        self.stdout.write("the rights are those of the file")
