"""publish_run: seal a completed run."""

from __future__ import annotations

import getpass
import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.publication import services


class Command(BaseCommand):
    """Seal a completed run: hash its leaves, store the manifest, write it to a file."""

    help = "Seal a completed run: hash its leaves, store the manifest, write it to a file."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the run, and who publishes it and why."""
        parser.add_argument("run", type=int)
        parser.add_argument("--by", default="", help="who publishes; the login name if not given")
        parser.add_argument("--reason", default="")
        parser.add_argument("--supersedes", type=int, help="the published run this one replaces")
        parser.add_argument("--manifest-dir", type=Path, help="var/publications if not given")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        """Publish and say what the seal is."""
        run = options["run"]
        try:
            published = services.publish(
                run,
                by=options["by"] or getpass.getuser(),
                reason=options["reason"],
                supersedes=options["supersedes"],
                manifest_dir=options["manifest_dir"],
            )
        except services.NotPublishable as error:
            raise CommandError(str(error)) from error
        facts = {
            "run_id": run,
            "status": "PUBLISHED",
            "manifest_hash": bytes(published.manifest_hash).hex(),
            "root_hash": bytes(published.root_hash).hex(),
            "manifest_file": str(services.manifest_path(run, options["manifest_dir"])),
            "published_by": published.published_by,
            "published_at": published.published_at.isoformat(),
        }
        if options["json"]:
            self.stdout.write(json.dumps(facts))
            return
        for name, value in facts.items():
            self.stdout.write(f"{name:14} {value}")
