"""The desk edits the tables and reads their history; it cannot make one up."""

from django.db import migrations

from foundation.immutability import Grant, KeepHistory

READ = {"web": "SELECT", "desk": "SELECT", "auditor": "SELECT"}


class Migration(migrations.Migration):
    """Events are written by their triggers alone."""

    dependencies = [("portfolio", "0004_committed_headers")]

    operations = [
        KeepHistory("legal_entity"),
        Grant("legal_entity_event", READ),
        KeepHistory("portfolio"),
        Grant("portfolio_event", READ),
        KeepHistory("portfolio_grant"),
        Grant("portfolio_grant_event", READ),
    ]
