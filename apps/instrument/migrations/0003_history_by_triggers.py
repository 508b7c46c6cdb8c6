"""The desk edits the tables and reads their history; it cannot make one up."""

from django.db import migrations

from foundation.immutability import Grant, KeepHistory

READ = {"web": "SELECT", "desk": "SELECT", "auditor": "SELECT"}


class Migration(migrations.Migration):
    """Events are written by their triggers alone."""

    dependencies = [("instrument", "0002_guards")]

    operations = [
        KeepHistory("counterparty"),
        Grant("counterparty_event", READ),
        KeepHistory("instrument"),
        Grant("instrument_event", READ),
        KeepHistory("pricing_model"),
        Grant("pricing_model_event", READ),
    ]
