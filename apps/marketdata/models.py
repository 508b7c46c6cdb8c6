"""Immutable market snapshots: one hashed document of curves, spreads and FX for one day."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Func
from django.db.models.functions import Now

from foundation.immutability.content import content_addressed


class MarketDataSnapshot(models.Model):
    """A market as of one day; `document` is the canonical text that was hashed."""

    content_hash = models.BinaryField(unique=True)
    as_of = models.DateField()
    name = models.CharField(max_length=100)
    document = models.TextField()
    document_json = models.GeneratedField(
        expression=Func(F("document"), template="(%(expressions)s)::jsonb"),
        output_field=models.JSONField(),
        db_persist=True,
    )
    source = models.TextField(blank=True)
    recorded_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "marketdata_snapshot"
        ordering: ClassVar = ["-as_of", "-pk"]
        constraints: ClassVar = [content_addressed("marketdata_snapshot")]

    def __str__(self) -> str:
        return f"{self.pk} {self.name} {self.as_of}"
