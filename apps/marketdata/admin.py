"""Market snapshots on the desk."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from apps.access.desk import ReadOnly
from apps.marketdata.models import MarketDataSnapshot


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
