"""verify_run: compute the seal of a published run again."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.publication import verification


class Command(BaseCommand):
    """Compute the seal of a published run again, in SQL, and name what has changed."""

    help = "Compute the seal of a published run again, in SQL, and name what has changed."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the run, and the manifest that was carried away when it was published."""
        parser.add_argument("run", type=int)
        parser.add_argument("--manifest", type=Path, help="measure against this file")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        """Verify; exit code 1 when anything differs."""
        try:
            found = verification.verify(options["run"], options["manifest"])
        except verification.NotVerifiable as error:
            raise CommandError(str(error)) from error
        if options["json"]:
            facts = {
                "run_id": found.run,
                "intact": found.intact,
                "manifest_hash": found.manifest_hash,
                "root_hash": found.root,
                "checked": found.checked,
                "seconds": round(found.seconds, 3),
                "findings": [finding.as_dict() for finding in found.findings],
            }
            self.stdout.write(json.dumps(facts))
        else:
            for finding in found.findings:
                self.stdout.write(str(finding))
            verdict = "intact" if found.intact else f"CHANGED in {len(found.findings)} places"
            self.stdout.write(
                f"run {found.run} is {verdict}: {found.checked.get('positions', 0)} positions, "
                f"{found.checked.get('rollups', 0)} roll-ups, "
                f"{found.checked.get('tasks', 0)} tasks in {found.seconds:.1f} s"
            )
        if not found.intact:
            sys.exit(1)
