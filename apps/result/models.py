"""The result cube, read side: partitioned tables that migrations make and workers fill.

The tables are written by binary COPY and by generated SQL only (apps/result/sinks.py,
finalisers.py); the unmanaged models give selectors and the admin their columns. They hold no
foreign keys: the partition's CHECK, the snapshot and the closing anti-join keep integrity.
"""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models

LEAF_TABLES = (
    "run_axis",
    "run_context",
    "valuation",
    "valuation_digest",
    "rollup_partial",
    "rollup",
    "group_result",
    "node_result",
)
"""The tables that have one leaf per run; run_open makes the leaves, run_close seals them."""


class RunAxis(models.Model):
    """One cell of a run's axis: its place (block, ordinal), meaning, unit and quantum.

    A stored integer q of the cell is q x 10**-quantum in `unit`.
    """

    pk = models.CompositePrimaryKey("run", "block", "ordinal")
    run = models.IntegerField()
    block = models.SmallIntegerField()
    ordinal = models.SmallIntegerField()
    measure = models.TextField()
    scenario = models.TextField()
    factor = models.TextField()
    unit = models.TextField()
    currency = models.TextField()
    quantum = models.SmallIntegerField()
    kind = models.TextField()

    class Meta:
        db_table = "run_axis"
        managed = False
        ordering: ClassVar = ["run", "block", "ordinal"]

    def __str__(self) -> str:
        return f"{self.measure}@{self.scenario} {self.factor}".rstrip()


class Valuation(models.Model):
    """The cells of one position in one block of the axis, or why there are none."""

    VALUED = 0
    ERROR = 1

    pk = models.CompositePrimaryKey("run", "position", "block")
    run = models.IntegerField()
    position = models.IntegerField()
    book = models.IntegerField()
    task = models.IntegerField()
    block = models.SmallIntegerField()
    status = models.SmallIntegerField(choices=[(VALUED, "VALUED"), (ERROR, "ERROR")])
    error_code = models.SmallIntegerField()
    input_hash = models.BinaryField()
    error = models.TextField()
    cells = ArrayField(models.BigIntegerField())

    class Meta:
        db_table = "valuation"
        managed = False
        ordering: ClassVar = ["run", "position", "block"]

    def __str__(self) -> str:
        return f"run {self.run} position {self.position}"


class Rollup(models.Model):
    """The exact sums of a node's positions in one member of one dimension."""

    pk = models.CompositePrimaryKey("run", "node", "dimension", "member", "block")
    run = models.IntegerField()
    node = models.IntegerField()
    dimension = models.SmallIntegerField()
    member = models.IntegerField()
    block = models.SmallIntegerField()
    count = models.IntegerField()
    covered = models.IntegerField()
    covered_notional = models.BigIntegerField()
    uncovered_notional = models.BigIntegerField()
    cells = ArrayField(models.BigIntegerField())

    class Meta:
        db_table = "rollup"
        managed = False
        ordering: ClassVar = ["run", "node", "dimension", "member", "block"]

    def __str__(self) -> str:
        return f"run {self.run} node {self.node} {self.dimension}/{self.member}"


class RunContext(models.Model):
    """Facts of one position that other positions decide, from pinned snapshots alone."""

    pk = models.CompositePrimaryKey("run", "position")
    run = models.IntegerField()
    position = models.IntegerField()
    task = models.IntegerField()
    context_hash = models.BinaryField()
    facts = ArrayField(models.BigIntegerField())

    class Meta:
        db_table = "run_context"
        managed = False
        ordering: ClassVar = ["run", "position"]

    def __str__(self) -> str:
        return f"run {self.run} position {self.position}"


class ValuationDigest(models.Model):
    """The digests of a task's rows in order, 32 bytes each."""

    pk = models.CompositePrimaryKey("run", "task")
    run = models.IntegerField()
    task = models.IntegerField()
    first = models.IntegerField()
    count = models.IntegerField()
    digests = models.BinaryField()

    class Meta:
        db_table = "valuation_digest"
        managed = False
        ordering: ClassVar = ["run", "first"]

    def __str__(self) -> str:
        return f"run {self.run} positions {self.first} to {self.first + self.count - 1}"


class RollupPartial(models.Model):
    """The exact sums of one task's positions of a book in one member of one dimension."""

    pk = models.CompositePrimaryKey("run", "task", "node", "dimension", "member", "block")
    run = models.IntegerField()
    task = models.IntegerField()
    node = models.IntegerField()
    dimension = models.SmallIntegerField()
    member = models.IntegerField()
    block = models.SmallIntegerField()
    count = models.IntegerField()
    covered = models.IntegerField()
    covered_notional = models.BigIntegerField()
    uncovered_notional = models.BigIntegerField()
    cells = ArrayField(models.BigIntegerField())

    class Meta:
        db_table = "rollup_partial"
        managed = False
        ordering: ClassVar = ["run", "task", "node", "dimension", "member", "block"]

    def __str__(self) -> str:
        return f"run {self.run} task {self.task} node {self.node} {self.dimension}/{self.member}"


class GroupResult(models.Model):
    """What needs several positions at once: a netting set, a pool, a connected group."""

    pk = models.CompositePrimaryKey("run", "kind", "group")
    run = models.IntegerField()
    kind = models.TextField()
    group = models.TextField()
    task = models.IntegerField()
    cells = ArrayField(models.BigIntegerField())

    class Meta:
        db_table = "group_result"
        managed = False
        ordering: ClassVar = ["run", "kind", "group"]

    def __str__(self) -> str:
        return f"run {self.run} {self.kind} {self.group}"


class NodeResult(models.Model):
    """A figure of a node that is no sum, and the method it was computed by."""

    pk = models.CompositePrimaryKey("run", "node", "measure", "scenario", "factor")
    run = models.IntegerField()
    node = models.IntegerField()
    measure = models.TextField()
    scenario = models.TextField()
    factor = models.TextField()
    value = models.BigIntegerField()
    method = models.TextField()

    class Meta:
        db_table = "node_result"
        managed = False
        ordering: ClassVar = ["run", "node", "measure", "scenario", "factor"]

    def __str__(self) -> str:
        return f"run {self.run} node {self.node} {self.measure}@{self.scenario}"
