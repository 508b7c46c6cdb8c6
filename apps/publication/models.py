"""Published runs: the seal over a run's inputs, engine and result leaves."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models.functions import Now

from apps.run.models import Run


class PublishedRun(models.Model):
    """The seal of a run: its manifest as the canonical text that was hashed.

    A later publication may name this one as superseded; the row itself never changes.
    """

    run = models.OneToOneField(Run, on_delete=models.PROTECT, related_name="publication")
    manifest = models.TextField()
    manifest_hash = models.BinaryField(unique=True)
    root_hash = models.BinaryField()
    supersedes = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, related_name="superseded_by"
    )
    reason = models.TextField(blank=True)
    published_by = models.TextField()
    published_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "published_run"
        ordering: ClassVar = ["-pk"]
        permissions: ClassVar = [("publish", "Can publish runs")]

    def __str__(self) -> str:
        return f"publication of run {self.run_id}"
