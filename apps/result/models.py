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
