"""What the database refuses in this app's tables, and what each role may do with them."""

from django.db import migrations

from foundation.immutability import Grant, Seal


class Migration(migrations.Migration):
    """Seals, state machines and grants of the marketdata tables."""

    dependencies = [
        ("marketdata", "0001_initial"),
    ]

    operations = [
        Seal("marketdata_snapshot"),
        Grant(
            "marketdata_snapshot",
            {"web": "SELECT", "desk": "SELECT, INSERT", "worker": "SELECT", "auditor": "SELECT"},
        ),
    ]
