"""Market snapshots and histories on the desk."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from apps.access.desk import ReadOnly
from apps.marketdata.models import MarketDataSnapshot, MarketHistory


@admin.register(MarketDataSnapshot)
class MarketDataSnapshotAdmin(ReadOnly):
    """Markets as they were on a day."""

    list_display = ("id", "name", "as_of", "hash", "recorded_at")
    list_filter = ("as_of",)
    fields = ("name", "as_of", "hash", "document", "source", "recorded_at")
    readonly_fields = ("hash",)

    def get_queryset(self, request: HttpRequest) -> Any:
        """Read the document once, as it was hashed."""
        return super().get_queryset(request).defer("document", "document_json")

    @admin.display(description="sha256")
    def hash(self, obj: MarketDataSnapshot) -> str:
        """The content hash in hexadecimal."""
        return bytes(obj.content_hash).hex()


@admin.register(MarketHistory)
class MarketHistoryAdmin(ReadOnly):
    """Levels of market factors over many days."""

    list_display = ("id", "code", "first_day", "last_day", "day_count", "factor_count", "hash")
    search_fields = ("code",)
    fields = (
        "code", "source", "first_day", "last_day", "day_count", "factor_count", "hash",
        "recorded_at",
    )  # fmt: skip
    readonly_fields = ("hash",)

    def get_queryset(self, request: HttpRequest) -> Any:
        """Read what is shown: a document of years is not."""
        return super().get_queryset(request).defer("document")

    @admin.display(description="sha256")
    def hash(self, obj: MarketHistory) -> str:
        """The content hash in hexadecimal."""
        return bytes(obj.content_hash).hex()
