"""The run monitor: runs, their tasks and attempts, and the breaks they leave. Read only."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from apps.access.desk import ReadOnly
from apps.run.models import Run, RunBreak, RunTask, RunTaskAttempt


def _link(model: str, run: int, text: str) -> SafeString:
    """A link to the rows of a model that belong to a run."""
    address = reverse(f"admin:run_{model}_changelist")
    return format_html('<a href="{}?run_id={}">{}</a>', address, run, text)


@admin.register(Run)
class RunAdmin(ReadOnly):
    """Runs, the latest first, with how far they have come."""

    list_display = (
        "run_id",
        "status",
        "phase",
        "done",
        "valuation_date",
        "currency",
        "position_count",
        "error_count",
        "submitted_by",
        "submitted_at",
    )
    list_filter = ("status", "valuation_date")
    readonly_fields = ("done", "tasks_of", "attempts_of", "breaks_of", "inputs", "results")
    fields = (
        ("status", "phase", "done"),
        ("tasks_of", "attempts_of", "breaks_of"),
        ("valuation_date", "cut", "currency"),
        ("position_snapshot_id", "marketdata_snapshot_id", "scenario_set_id"),
        ("tree_id", "node"),
        ("position_count", "cell_count", "valued_count", "error_count"),
        "inputs",
        "results",
        ("engine", "profile"),
        ("forced", "max_attempts"),
        ("submitted_by", "submitted_at", "started_at", "finished_at"),
        "error",
        "request",
        "plan",
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Run]:
        """Count tasks with the runs, in one statement."""
        rows: QuerySet[Run] = super().get_queryset(request)
        return rows.annotate(
            ended=Count("tasks", filter=Q(tasks__status="SUCCEEDED")),
            made=Count("tasks", filter=~Q(tasks__status="SPLIT")),
        )

    @admin.display(description="tasks done")
    def done(self, obj: Any) -> SafeString:
        """A bar, and the numbers beside it."""
        return format_html(
            '<progress max="{}" value="{}"></progress> {}/{}',
            max(obj.made, 1),
            obj.ended,
            obj.ended,
            obj.made,
        )

    @admin.display(description="tasks")
    def tasks_of(self, obj: Run) -> SafeString:
        """Where the tasks are listed."""
        return _link("runtask", obj.pk, "all tasks")

    @admin.display(description="attempts")
    def attempts_of(self, obj: Run) -> SafeString:
        """Where the attempts are listed."""
        return _link("runtaskattempt", obj.pk, "all attempts")

    @admin.display(description="breaks")
    def breaks_of(self, obj: Run) -> SafeString:
        """Where the breaks are listed."""
        return _link("runbreak", obj.pk, "all breaks")

    @admin.display(description="input hash")
    def inputs(self, obj: Run) -> str:
        """The sha256 of the request."""
        return bytes(obj.input_hash).hex()

    @admin.display(description="result hash")
    def results(self, obj: Run) -> str:
        """The sha256 over all cells."""
        return bytes(obj.result_hash).hex() if obj.result_hash else ""


@admin.register(RunTask)
class RunTaskAdmin(ReadOnly):
    """Leased pieces of runs."""

    list_display = (
        "task_id",
        "run_id",
        "phase",
        "status",
        "first",
        "last",
        "attempts",
        "lease_owner",
        "leased_until",
        "error",
    )
    list_filter = ("status", "phase", "run_id")


@admin.register(RunTaskAttempt)
class RunTaskAttemptAdmin(ReadOnly):
    """How each attempt at a task ended."""

    list_display = (
        "id",
        "run_id",
        "task_id",
        "attempt",
        "outcome",
        "lease_owner",
        "ended_at",
        "error",
    )
    list_filter = ("outcome", "run_id")


@admin.register(RunBreak)
class RunBreakAdmin(ReadOnly):
    """Differences that runs leave for a person to explain."""

    list_display = ("id", "run_id", "rule", "position", "status", "owner", "raised_at")
    list_filter = ("status", "rule", "run_id")
