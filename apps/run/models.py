"""Runs, their leased tasks, every attempt at them, and the breaks a run leaves open."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now


class RunStatus(models.TextChoices):
    """The life of a run; the database keeps the transitions (docs/guides/runs.md)."""

    QUEUED = "QUEUED"
    RUNNING = "RUNNING"
    FINALISING = "FINALISING"
    COMPLETED = "COMPLETED"
    COMPLETED_WITH_ERRORS = "COMPLETED_WITH_ERRORS"
    PUBLISHED = "PUBLISHED"
    CANCELLED = "CANCELLED"
    FAILED = "FAILED"


RUN_TRANSITIONS: dict[str, list[str]] = {
    "QUEUED": ["RUNNING", "CANCELLED", "FAILED"],
    "RUNNING": ["FINALISING", "CANCELLED", "FAILED"],
    "FINALISING": ["COMPLETED", "COMPLETED_WITH_ERRORS", "CANCELLED", "FAILED"],
    "COMPLETED": ["PUBLISHED"],
    "COMPLETED_WITH_ERRORS": ["PUBLISHED"],
    "PUBLISHED": [],
    "CANCELLED": [],
    "FAILED": ["RUNNING"],
}


class Phase(models.TextChoices):
    """The phases of a run, in order, with a barrier between them."""

    CONTEXT = "CONTEXT"
    VALUE = "VALUE"
    GROUP = "GROUP"
    FINALISE = "FINALISE"


class TaskStatus(models.TextChoices):
    """The life of a task; SPLIT means replaced by its halves."""

    QUEUED = "QUEUED"
    RUNNING = "RUNNING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    DEAD = "DEAD"
    CANCELLED = "CANCELLED"
    SPLIT = "SPLIT"


TASK_TRANSITIONS: dict[str, list[str]] = {
    "QUEUED": ["RUNNING", "CANCELLED"],
    "RUNNING": ["SUCCEEDED", "QUEUED", "FAILED", "DEAD", "SPLIT", "CANCELLED"],
    "SUCCEEDED": [],
    "FAILED": ["QUEUED", "CANCELLED"],
    "DEAD": ["QUEUED", "CANCELLED"],
    "CANCELLED": [],
    "SPLIT": [],
}


class Run(models.Model):
    """One valuation of a position snapshot on a market under a scenario set.

    `request` is the canonical text of everything that can change a number; `input_hash` is its
    sha256. `plan` (shards, measures of work) and `max_attempts` cannot change a number and are
    not part of it.
    """

    run_id = models.AutoField(primary_key=True)
    status = models.CharField(max_length=21, choices=RunStatus.choices, default=RunStatus.QUEUED)
    phase = models.CharField(max_length=8, choices=Phase.choices, default=Phase.CONTEXT)
    input_hash = models.BinaryField()
    forced = models.BooleanField(default=False)
    request = models.TextField()
    plan = models.TextField()
    valuation_date = models.DateField()
    cut = models.CharField(max_length=12)
    position_snapshot_id = models.IntegerField()
    marketdata_snapshot_id = models.IntegerField()
    scenario_set_id = models.IntegerField()
    tree_id = models.IntegerField()
    node = models.IntegerField()
    currency = models.CharField(max_length=3)
    engine = models.CharField(max_length=64)
    profile = models.CharField(max_length=100)
    max_attempts = models.SmallIntegerField(default=5)
    position_count = models.IntegerField()
    cell_count = models.IntegerField()
    submitted_by = models.TextField()
    submitted_at = models.DateTimeField(db_default=Now())
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    valued_count = models.IntegerField(null=True)
    error_count = models.IntegerField(null=True)
    result_hash = models.BinaryField(null=True)
    error = models.TextField(blank=True, default="")

    class Meta:
        db_table = "run"
        ordering: ClassVar = ["-run_id"]
        permissions: ClassVar = [
            ("submit", "Can submit runs"),
            ("cancel", "Can cancel runs"),
            ("retry", "Can queue failed tasks again"),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(status__in=RunStatus.values), name="run_status_known"
            ),
            models.CheckConstraint(condition=Q(phase__in=Phase.values), name="run_phase_known"),
            models.CheckConstraint(
                condition=Q(cut__in=["END_OF_DAY", "START_OF_DAY"]), name="run_cut_known"
            ),
            models.CheckConstraint(condition=Q(currency__regex="^[A-Z]{3}$"), name="run_currency"),
            models.CheckConstraint(
                condition=~Q(status__in=["COMPLETED", "COMPLETED_WITH_ERRORS", "PUBLISHED"])
                | (
                    Q(finished_at__isnull=False)
                    & Q(result_hash__isnull=False)
                    & Q(position_count=F("valued_count") + F("error_count"))
                ),
                name="run_reconciles",
            ),
            models.UniqueConstraint(
                fields=["input_hash"],
                condition=~Q(status__in=["FAILED", "CANCELLED"]) & Q(forced=False),
                name="run_submitted_once",
            ),
        ]

    def __str__(self) -> str:
        return f"run {self.run_id} {self.status}"


class RunTask(models.Model):
    """A leased piece of a run: positions [first, last) of the canonical order in one phase."""

    task_id = models.AutoField(primary_key=True)
    run = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="tasks")
    phase = models.CharField(max_length=8, choices=Phase.choices)
    first = models.IntegerField()
    last = models.IntegerField()
    parent_task_id = models.IntegerField(null=True)
    engine = models.CharField(max_length=64)
    profile = models.CharField(max_length=100)
    status = models.CharField(max_length=9, choices=TaskStatus.choices, default=TaskStatus.QUEUED)
    priority = models.SmallIntegerField(default=0)
    attempts = models.SmallIntegerField(default=0)
    max_attempts = models.SmallIntegerField(default=5)
    available_at = models.DateTimeField(db_default=Now())
    lease_token = models.UUIDField(null=True)
    lease_owner = models.TextField(null=True)
    leased_until = models.DateTimeField(null=True)
    lease_seconds = models.FloatField(null=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    leaf_hash = models.BinaryField(null=True)
    error = models.TextField(blank=True, default="")

    class Meta:
        db_table = "run_task"
        ordering: ClassVar = ["task_id"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(status__in=TaskStatus.values), name="run_task_status_known"
            ),
            models.CheckConstraint(
                condition=Q(phase__in=Phase.values), name="run_task_phase_known"
            ),
            models.CheckConstraint(
                condition=Q(first__gte=0) & Q(last__gte=F("first")), name="run_task_range"
            ),
            models.CheckConstraint(
                condition=(
                    Q(status="RUNNING")
                    & Q(lease_token__isnull=False)
                    & Q(lease_owner__isnull=False)
                    & Q(leased_until__isnull=False)
                )
                | (
                    ~Q(status="RUNNING")
                    & Q(lease_token__isnull=True)
                    & Q(lease_owner__isnull=True)
                    & Q(leased_until__isnull=True)
                ),
                name="run_task_lease_iff_running",
            ),
            models.CheckConstraint(
                condition=~Q(status="SUCCEEDED") | Q(leaf_hash__isnull=False),
                name="run_task_succeeded_has_leaf_hash",
            ),
            models.CheckConstraint(
                condition=Q(max_attempts__gte=1)
                & Q(attempts__gte=0)
                & Q(attempts__lte=F("max_attempts"))
                & (~Q(status="QUEUED") | Q(attempts__lt=F("max_attempts"))),
                name="run_task_attempts_within_limit",
            ),
            models.CheckConstraint(
                condition=Q(leaf_hash__isnull=True)
                | Q(status="SUCCEEDED")
                | (Q(status="DEAD") & Q(phase="VALUE") & Q(last=F("first") + 1)),
                name="run_task_leaf_hash_iff_rows",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                F("engine"),
                F("profile"),
                F("priority").desc(),
                F("task_id"),
                condition=Q(status="QUEUED"),
                name="run_task_ready",
            ),
            models.Index(
                fields=["leased_until"], condition=Q(status="RUNNING"), name="run_task_leased"
            ),
            models.Index(fields=["run", "phase", "status"], name="run_task_progress"),
        ]

    def __str__(self) -> str:
        return f"task {self.task_id} {self.status}"


class RunTaskAttempt(models.Model):
    """How one attempt at a task ended; kept for ever."""

    class Outcome(models.TextChoices):
        """What became of the attempt."""

        SUCCEEDED = "SUCCEEDED"
        FAILED = "FAILED"
        EXPIRED = "EXPIRED"
        RETURNED = "RETURNED"
        FENCED = "FENCED"

    task_id = models.IntegerField()
    run_id = models.IntegerField()
    attempt = models.SmallIntegerField()
    lease_token = models.UUIDField()
    lease_owner = models.TextField()
    outcome = models.CharField(max_length=9, choices=Outcome.choices)
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(db_default=Now())
    seconds = models.JSONField(default=dict)
    error = models.TextField(blank=True, default="")

    class Meta:
        db_table = "run_task_attempt"
        ordering: ClassVar = ["pk"]
        indexes: ClassVar = [
            models.Index(fields=["run_id", "task_id"], name="run_task_attempt_task")
        ]

    def __str__(self) -> str:
        return f"task {self.task_id} attempt {self.attempt} {self.outcome}"


class RunBreak(models.Model):
    """A difference a run leaves for a person to explain or mend: its rule, place and owner."""

    class Status(models.TextChoices):
        """Who has the break now."""

        OPEN = "OPEN"
        EXPLAINED = "EXPLAINED"
        WAIVED = "WAIVED"

    run = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="breaks")
    rule = models.CharField(max_length=64)
    position = models.IntegerField(null=True)
    field = models.CharField(max_length=64, blank=True)
    expected = models.TextField(blank=True)
    found = models.TextField(blank=True)
    status = models.CharField(max_length=9, choices=Status.choices, default=Status.OPEN)
    owner = models.TextField(blank=True)
    reason = models.TextField(blank=True)
    raised_at = models.DateTimeField(db_default=Now())
    settled_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "run_break"
        ordering: ClassVar = ["pk"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(status="OPEN")
                | (Q(settled_at__isnull=False) & ~Q(owner="") & ~Q(reason="")),
                name="run_break_settled_by_someone",
            )
        ]

    def __str__(self) -> str:
        return f"{self.rule} {self.status}"
