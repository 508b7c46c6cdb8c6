"""Immutable scenarios and ordered sets of them."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Func
from django.db.models.functions import Now

from foundation.immutability.content import content_addressed


class Scenario(models.Model):
    """A declared change of the market; `document` is the canonical text that was hashed.

    A code may have several versions; a run pins the row.
    """

    code = models.CharField(max_length=64)
    name = models.CharField(max_length=200)
    kind = models.CharField(max_length=10)
    content_hash = models.BinaryField(unique=True)
    document = models.TextField()
    document_json = models.GeneratedField(
        expression=Func(F("document"), template="(%(expressions)s)::jsonb"),
        output_field=models.JSONField(),
        db_persist=True,
    )
    recorded_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "scenario"
        ordering: ClassVar = ["code", "-pk"]
        constraints: ClassVar = [
            content_addressed("scenario"),
            models.CheckConstraint(
                condition=models.Q(kind__in=["INSTANT", "HORIZON", "PATH"]), name="scenario_kind"
            ),
        ]

    def __str__(self) -> str:
        return self.code


class ScenarioSet(models.Model):
    """An ordered set of scenarios: header of its members, inserted last.

    `basis` is the canonical text of how a made set came about, "" of one that was given; it is
    part of what is hashed.
    """

    code = models.CharField(max_length=64)
    name = models.CharField(max_length=200)
    content_hash = models.BinaryField(unique=True)
    scenario_count = models.IntegerField()
    basis = models.TextField(blank=True, db_default="")
    recorded_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "scenario_set"
        ordering: ClassVar = ["code", "-pk"]

    def __str__(self) -> str:
        return self.code


class ScenarioSetMember(models.Model):
    """A scenario at its place in a set; BASE stands at 0."""

    pk = models.CompositePrimaryKey("scenario_set_id", "ordinal")
    scenario_set_id = models.IntegerField()
    ordinal = models.IntegerField()
    scenario = models.ForeignKey(Scenario, on_delete=models.PROTECT)

    class Meta:
        db_table = "scenario_set_member"
        ordering: ClassVar = ["scenario_set_id", "ordinal"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["scenario_set_id", "scenario"], name="scenario_set_member_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.scenario_set_id}/{self.ordinal}"
