"""What the database refuses in histories, and what each role may do with them."""

from django.db import migrations

from foundation.immutability import Grant, Seal


class Migration(migrations.Migration):
    """The seal and the grants of the table of histories."""

    dependencies = [("marketdata", "0004_markethistory")]

    operations = [
        Seal("market_history"),
        Grant(
            "market_history",
            {"web": "SELECT", "desk": "SELECT, INSERT", "worker": "SELECT", "auditor": "SELECT"},
        ),
    ]
