"""The guards of scenario sets refuse transactions that would not see a committed header."""

from django.db import migrations

from foundation.immutability import SealMembers

PAIR = SealMembers(
    "scenario_set_member",
    "scenario_set",
    member_column="scenario_set_id",
    count_column="scenario_count",
)


class Migration(migrations.Migration):
    """The functions of 0002_guards, second edition."""

    dependencies = [("scenario", "0002_guards")]

    operations = [migrations.RunSQL(list(PAIR.functions()), migrations.RunSQL.noop)]
