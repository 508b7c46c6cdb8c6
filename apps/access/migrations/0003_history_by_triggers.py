"""The context of a history is written by its triggers alone."""

from django.db import migrations

from foundation.immutability import Grant


class Migration(migrations.Migration):
    """Read rights on pghistory's own table."""

    dependencies = [("access", "0002_guards")]

    operations = [Grant("pghistory_context", {"desk": "SELECT", "auditor": "SELECT"})]
