"""Portfolios, grants, legal entities and snapshots on the desk."""

from __future__ import annotations

from typing import Any

from django.contrib import admin

from apps.access.desk import ReadOnly, Refused, Steward
from apps.portfolio import services
from apps.portfolio.models import (
    LegalEntity,
    Portfolio,
    PortfolioGrant,
    PortfolioTree,
    PositionSnapshot,
)


@admin.register(LegalEntity)
class LegalEntityAdmin(Steward):
    """Reporting entities of the institution."""

    list_display = ("code", "name", "country", "base_currency", "parent")
    list_select_related = ("parent",)
    search_fields = ("code", "name", "lei")
    autocomplete_fields = ("parent",)

    def write(self, obj: LegalEntity) -> None:
        """Hand the entity to the service."""
        services.write_legal_entities(
            [
                {
                    "code": obj.code,
                    "name": obj.name,
                    "lei": obj.lei,
                    "country": obj.country,
                    "base_currency": obj.base_currency,
                    "parent": obj.parent.code if obj.parent else None,
                }
            ]
        )


@admin.register(Portfolio)
class PortfolioAdmin(Steward):
    """Portfolios; each tree that is saved becomes a sealed version."""

    list_display = ("code", "name", "node_type", "parent")
    list_filter = ("node_type",)
    list_select_related = ("parent",)
    search_fields = ("code", "name")
    autocomplete_fields = ("parent",)

    def write(self, obj: Portfolio) -> None:
        """Hand the portfolio to the service, which records the tree it makes."""
        row = {
            "code": obj.code,
            "name": obj.name,
            "node_type": obj.node_type,
            "parent": obj.parent.code if obj.parent else None,
        }
        try:
            services.write_portfolios([row])
        except services.TreeError as error:
            raise Refused(str(error)) from error


@admin.register(PortfolioGrant)
class PortfolioGrantAdmin(Steward):
    """Who sees which subtree. A grant ends by becoming inactive."""

    list_display = ("user", "portfolio", "is_active", "reason")
    list_filter = ("is_active", "user")
    list_select_related = ("user", "portfolio")
    autocomplete_fields = ("user", "portfolio")
    fixed = ("user", "portfolio")


@admin.register(PortfolioTree)
class PortfolioTreeAdmin(ReadOnly):
    """Versions of the tree; snapshots and runs name these."""

    list_display = ("id", "node_count", "hash", "recorded_at")
    fields = ("node_count", "hash", "recorded_at")
    readonly_fields = ("hash",)

    @admin.display(description="sha256")
    def hash(self, obj: PortfolioTree) -> str:
        """The content hash in hexadecimal."""
        return bytes(obj.content_hash).hex()


@admin.register(PositionSnapshot)
class PositionSnapshotAdmin(ReadOnly):
    """Books of positions as they were on a day."""

    list_display = ("id", "name", "as_of", "position_count", "tree", "recorded_at")
    list_filter = ("as_of",)
    list_select_related = ("tree",)
    fields = ("name", "as_of", "position_count", "tree", "hash", "control", "source", "recorded_at")
    readonly_fields = ("hash",)

    def get_queryset(self, request: Any) -> Any:
        """Leave out the tables of names, which are large."""
        return super().get_queryset(request).defer("names", "dimensions")

    @admin.display(description="sha256")
    def hash(self, obj: PositionSnapshot) -> str:
        """The content hash in hexadecimal."""
        return bytes(obj.content_hash).hex()
