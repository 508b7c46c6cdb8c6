"""What the database refuses in the facility tables, and what each role may do with them."""

from django.db import migrations

from foundation.immutability import Grant, KeepHistory, Seal

READ = {"web": "SELECT", "desk": "SELECT", "auditor": "SELECT"}


class Migration(migrations.Migration):
    """Facilities are edited by the desk; their versions and their history stand still."""

    dependencies = [("instrument", "0005_facility")]

    operations = [
        KeepHistory("facility"),
        Grant("facility", {**READ, "desk": "SELECT, INSERT, UPDATE"}),
        Seal("facility_event"),
        Grant("facility_event", READ),
        Seal("facility_version"),
        Grant("facility_version", {**READ, "desk": "SELECT, INSERT", "worker": "SELECT"}),
    ]
