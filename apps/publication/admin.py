"""Publications on the desk: read only, sealed."""

from __future__ import annotations

from django.contrib import admin

from apps.access.desk import ReadOnly
from apps.publication.models import PublishedRun


@admin.register(PublishedRun)
class PublishedRunAdmin(ReadOnly):
    """Sealed runs and what their seals cover."""

    list_display = ("run_id", "published_by", "published_at", "reason", "root")
    fields = ("run", "published_by", "published_at", "reason", "supersedes", "root", "manifest")
    readonly_fields = ("root",)

    @admin.display(description="root hash")
    def root(self, obj: PublishedRun) -> str:
        """The hash over the leaves, in hexadecimal."""
        return bytes(obj.root_hash).hex()
