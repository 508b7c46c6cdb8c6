"""Django's PostgreSQL connections, and the psycopg connection below one."""

from typing import Any

import psycopg
from django.db.backends.base.base import BaseDatabaseWrapper


def below(wrapper: BaseDatabaseWrapper | Any) -> psycopg.Connection[tuple[Any, ...]]:
    """The psycopg connection of Django's `wrapper`, opened when it is not yet."""
    wrapper.ensure_connection()
    found: psycopg.Connection[tuple[Any, ...]] = wrapper.connection
    return found
