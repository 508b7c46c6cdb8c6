"""Scenarios on the desk."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from apps.access.desk import ReadOnly
from apps.scenario.models import Scenario, ScenarioSet, ScenarioSetMember


@admin.register(Scenario)
class ScenarioAdmin(ReadOnly):
    """Declared changes of the market, in all their versions."""

    list_display = ("id", "code", "name", "kind", "hash", "recorded_at")
    list_filter = ("kind",)
    search_fields = ("code", "name")
    fields = ("code", "name", "kind", "hash", "document", "recorded_at")
    readonly_fields = ("hash",)

    def get_queryset(self, request: HttpRequest) -> Any:
        """Read the document once, as it was hashed."""
        return super().get_queryset(request).defer("document_json")

    @admin.display(description="sha256")
    def hash(self, obj: Scenario) -> str:
        """The content hash in hexadecimal."""
        return bytes(obj.content_hash).hex()


@admin.register(ScenarioSet)
class ScenarioSetAdmin(ReadOnly):
    """Ordered sets of scenarios."""

    list_display = ("id", "code", "name", "scenario_count", "recorded_at")
    search_fields = ("code", "name")
    fields = ("code", "name", "hash", "scenario_count", "basis", "members", "recorded_at")
    readonly_fields = ("hash", "members")

    @admin.display(description="sha256")
    def hash(self, obj: ScenarioSet) -> str:
        """The content hash in hexadecimal."""
        return bytes(obj.content_hash).hex()

    @admin.display(description="scenarios")
    def members(self, obj: ScenarioSet) -> str:
        """The codes in the order of the set."""
        rows = ScenarioSetMember.objects.filter(scenario_set_id=obj.pk).order_by("ordinal")
        return ", ".join(rows.values_list("scenario__code", flat=True))
