"""What the database refuses in this app's tables, and what each role may do with them."""

from django.db import migrations

from foundation.immutability import Grant, Seal, SealMembers


class Migration(migrations.Migration):
    """Seals, state machines and grants of the scenario tables."""

    dependencies = [
        ("scenario", "0001_initial"),
    ]

    operations = [
        Seal("scenario"),
        Grant(
            "scenario",
            {
                "web": "SELECT, INSERT",
                "desk": "SELECT, INSERT",
                "worker": "SELECT",
                "auditor": "SELECT",
            },
        ),
        Seal("scenario_set"),
        Grant(
            "scenario_set",
            {
                "web": "SELECT, INSERT",
                "desk": "SELECT, INSERT",
                "worker": "SELECT",
                "auditor": "SELECT",
            },
        ),
        Seal("scenario_set_member"),
        Grant(
            "scenario_set_member",
            {
                "web": "SELECT, INSERT",
                "desk": "SELECT, INSERT",
                "worker": "SELECT",
                "auditor": "SELECT",
            },
        ),
        SealMembers(
            "scenario_set_member",
            "scenario_set",
            member_column="scenario_set_id",
            count_column="scenario_count",
        ),
    ]
