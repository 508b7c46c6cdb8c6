"""The world that is asked about."""

from tests.integration.graph.fixtures import built, database_template, world

__all__ = ["built", "database_template", "world"]
