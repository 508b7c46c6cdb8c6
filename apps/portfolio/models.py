"""The portfolio tree, who may see which subtree, and the immutable snapshots of positions.

Tree versions and position snapshots insert their members first and their header last; once the
header stands, the database refuses further members.
"""

from __future__ import annotations

from typing import ClassVar

import pghistory
from django.conf import settings
from django.db import models
from django.db.models import F
from django.db.models.functions import Now

from apps.instrument.models import ProductType


class NodeType(models.TextChoices):
    """The levels of the tree, from the top."""

    FUND = "FUND"
    SUB_FUND = "SUB_FUND"
    DESK = "DESK"
    BOOK = "BOOK"


@pghistory.track(level=pghistory.Statement, meta={"db_table": "legal_entity_event"})
class LegalEntity(models.Model):
    """A reporting entity of the institution: the level of capital ratios and the ledger."""

    code = models.CharField(max_length=64, unique=True)
    name = models.CharField(max_length=200)
    lei = models.CharField("LEI", max_length=20, blank=True)
    country = models.CharField(max_length=2)
    base_currency = models.CharField(max_length=3)
    parent = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True)

    class Meta:
        db_table = "legal_entity"
        ordering: ClassVar = ["code"]
        verbose_name_plural = "legal entities"
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(base_currency__regex="^[A-Z]{3}$"), name="legal_entity_currency"
            )
        ]

    def __str__(self) -> str:
        return self.code


@pghistory.track(level=pghistory.Statement, meta={"db_table": "portfolio_event"})
class Portfolio(models.Model):
    """A fund, sub-fund, desk or book as stewards know it; its place is in each tree version."""

    code = models.CharField(max_length=64, unique=True)
    name = models.CharField(max_length=200)
    node_type = models.CharField(max_length=10, choices=NodeType.choices)
    parent = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="children"
    )

    class Meta:
        db_table = "portfolio"
        ordering: ClassVar = ["code"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(node_type__in=NodeType.values), name="portfolio_node_type"
            ),
            models.CheckConstraint(
                condition=models.Q(parent__isnull=True) | ~models.Q(parent=F("pk")),
                name="portfolio_not_own_parent",
            ),
        ]

    def __str__(self) -> str:
        return self.code


@pghistory.track(level=pghistory.Statement, meta={"db_table": "portfolio_grant_event"})
class PortfolioGrant(models.Model):
    """A user may see the subtree under a portfolio; without an active grant nothing is seen."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="portfolio_grants"
    )
    portfolio = models.ForeignKey(Portfolio, on_delete=models.PROTECT, related_name="grants")
    is_active = models.BooleanField(default=True, db_default=True)
    reason = models.CharField(max_length=200)

    class Meta:
        db_table = "portfolio_grant"
        ordering: ClassVar = ["pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["user", "portfolio"], name="portfolio_grant_once")
        ]

    def __str__(self) -> str:
        return f"{self.user_id} sees {self.portfolio_id}"


class PortfolioTree(models.Model):
    """A version of the whole tree: header of its nodes, inserted last."""

    content_hash = models.BinaryField(unique=True)
    node_count = models.IntegerField()
    recorded_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "portfolio_tree"
        ordering: ClassVar = ["pk"]

    def __str__(self) -> str:
        return f"{self.pk} ({self.node_count} nodes)"


class PortfolioNode(models.Model):
    """A node of one tree version.

    `node` counts from 1 in depth-first order of codes, so that it depends on the content of the
    tree alone; parents precede children.
    """

    pk = models.CompositePrimaryKey("tree_id", "node")
    tree_id = models.IntegerField()
    node = models.IntegerField()
    code = models.CharField(max_length=64)
    name = models.CharField(max_length=200)
    node_type = models.CharField(max_length=10, choices=NodeType.choices)
    parent = models.IntegerField(null=True)
    depth = models.SmallIntegerField()

    class Meta:
        db_table = "portfolio_node"
        ordering: ClassVar = ["tree_id", "node"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tree_id", "code"], name="portfolio_node_code"),
            models.CheckConstraint(
                condition=models.Q(parent__isnull=True) | models.Q(parent__lt=F("node")),
                name="portfolio_node_parent_first",
            ),
        ]

    def __str__(self) -> str:
        return self.code


class PortfolioClosure(models.Model):
    """Every (ancestor, descendant) pair of a tree version, each node with itself at depth 0."""

    pk = models.CompositePrimaryKey("tree_id", "ancestor", "descendant")
    tree_id = models.IntegerField()
    ancestor = models.IntegerField()
    descendant = models.IntegerField()
    depth = models.SmallIntegerField()

    class Meta:
        db_table = "portfolio_closure"
        indexes: ClassVar = [
            models.Index(fields=["tree_id", "descendant"], name="portfolio_closure_up")
        ]

    def __str__(self) -> str:
        return f"{self.ancestor} > {self.descendant}"


class PositionSnapshot(models.Model):
    """A book of positions as of one day: header of its rows, inserted last.

    `names` is the table of strings that the packed blocks refer to by number, `dimensions` the
    member names of each roll-up dimension by number: both canonical JSON. `control` holds the
    totals by currency that an import is checked against.
    """

    content_hash = models.BinaryField(unique=True)
    as_of = models.DateField()
    name = models.CharField(max_length=100)
    tree = models.ForeignKey(PortfolioTree, on_delete=models.PROTECT)
    position_count = models.IntegerField()
    names = models.TextField()
    dimensions = models.TextField()
    control = models.TextField()
    source = models.TextField(blank=True)
    recorded_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "position_snapshot"
        ordering: ClassVar = ["-as_of", "-pk"]

    def __str__(self) -> str:
        return f"{self.pk} {self.name} {self.as_of}"


class Position(models.Model):
    """One position of a snapshot: links, and state as the canonical text that was hashed.

    `ordinal` is the rank from 0 in the canonical order (book, product type, sha256 of the
    position id). `document` names the content hashes of terms, counterparty and facility, so
    `row_hash`, sha256 of the document, covers everything a valuation takes from reference data.
    """

    pk = models.CompositePrimaryKey("snapshot_id", "ordinal")
    snapshot_id = models.IntegerField()
    ordinal = models.IntegerField()
    position_id = models.CharField(max_length=64)
    book = models.IntegerField()
    product_type = models.CharField(max_length=20, choices=ProductType.choices)
    instrument = models.CharField(max_length=64)
    terms_id = models.IntegerField()
    counterparty = models.CharField(max_length=64, null=True)
    counterparty_version_id = models.IntegerField(null=True)
    legal_entity = models.CharField(max_length=64)
    currency = models.CharField(max_length=3)
    document = models.TextField()
    row_hash = models.BinaryField()
    facility = models.CharField(max_length=64, null=True)
    facility_version_id = models.IntegerField(null=True)

    class Meta:
        db_table = "position"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["snapshot_id", "position_id"], name="position_id_once"),
            models.CheckConstraint(condition=models.Q(ordinal__gte=0), name="position_ordinal"),
        ]

    def __str__(self) -> str:
        return self.position_id


class PositionBlock(models.Model):
    """A packed run of positions of one book and product type, in canonical order.

    `dimensions` and `terms` are columnar bytes of `format` version (pricing.batch); `sha256` is
    over both. Derived from the rows and rebuildable.
    """

    pk = models.CompositePrimaryKey("snapshot_id", "block")
    snapshot_id = models.IntegerField()
    block = models.IntegerField()
    first = models.IntegerField()
    count = models.IntegerField()
    book = models.IntegerField()
    product_type = models.CharField(max_length=20, choices=ProductType.choices)
    format = models.SmallIntegerField()
    sha256 = models.BinaryField()
    dimensions = models.BinaryField()
    terms = models.BinaryField()

    class Meta:
        db_table = "position_block"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["snapshot_id", "first"], name="position_block_first"),
            models.CheckConstraint(condition=models.Q(count__gt=0), name="position_block_count"),
        ]

    def __str__(self) -> str:
        return f"{self.snapshot_id}/{self.block}"
