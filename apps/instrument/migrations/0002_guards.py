"""What the database refuses in this app's tables, and what each role may do with them."""

from django.db import migrations

from foundation.immutability import Grant, KeepHistory, Seal


class Migration(migrations.Migration):
    """Seals, state machines and grants of the instrument tables."""

    dependencies = [
        ("instrument", "0001_initial"),
    ]

    operations = [
        KeepHistory("counterparty"),
        Grant(
            "counterparty", {"web": "SELECT", "desk": "SELECT, INSERT, UPDATE", "auditor": "SELECT"}
        ),
        Seal("counterparty_event"),
        Grant(
            "counterparty_event", {"web": "SELECT", "desk": "SELECT, INSERT", "auditor": "SELECT"}
        ),
        KeepHistory("instrument"),
        Grant(
            "instrument", {"web": "SELECT", "desk": "SELECT, INSERT, UPDATE", "auditor": "SELECT"}
        ),
        Seal("instrument_event"),
        Grant("instrument_event", {"web": "SELECT", "desk": "SELECT, INSERT", "auditor": "SELECT"}),
        KeepHistory("pricing_model"),
        Grant(
            "pricing_model",
            {"web": "SELECT", "desk": "SELECT, INSERT, UPDATE", "auditor": "SELECT"},
        ),
        Seal("pricing_model_event"),
        Grant(
            "pricing_model_event", {"web": "SELECT", "desk": "SELECT, INSERT", "auditor": "SELECT"}
        ),
        Seal("counterparty_version"),
        Grant(
            "counterparty_version",
            {"web": "SELECT", "desk": "SELECT, INSERT", "worker": "SELECT", "auditor": "SELECT"},
        ),
        Seal("instrument_terms"),
        Grant(
            "instrument_terms",
            {"web": "SELECT", "desk": "SELECT, INSERT", "worker": "SELECT", "auditor": "SELECT"},
        ),
    ]
