"""Immutable markets of one day, and histories of levels: hashed documents both."""

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


class MarketHistory(models.Model):
    """Dated levels of market factors; `document` is the canonical text that was hashed."""

    content_hash = models.BinaryField(unique=True)
    code = models.CharField(max_length=64)
    source = models.TextField(blank=True)
    first_day = models.DateField()
    last_day = models.DateField()
    day_count = models.IntegerField()
    factor_count = models.IntegerField()
    document = models.TextField()
    recorded_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "market_history"
        ordering: ClassVar = ["code", "-pk"]
        verbose_name_plural = "market histories"
        constraints: ClassVar = [content_addressed("market_history")]

    def __str__(self) -> str:
        return f"{self.pk} {self.code} {self.first_day}..{self.last_day}"
