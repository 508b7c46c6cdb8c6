"""The guards of trees and snapshots refuse transactions that would not see a committed header.

The blocks of a snapshot hold its positions, each once: a block slipped in before the header is
found out by that.
"""

from django.db import migrations

from foundation.immutability import SealMembers

PAIRS = (
    SealMembers(
        "portfolio_node", "portfolio_tree", member_column="tree_id", count_column="node_count"
    ),
    SealMembers("portfolio_closure", "portfolio_tree", member_column="tree_id"),
    SealMembers(
        "position",
        "position_snapshot",
        member_column="snapshot_id",
        count_column="position_count",
    ),
    SealMembers(
        "position_block",
        "position_snapshot",
        member_column="snapshot_id",
        count_column="position_count",
        sum_column="count",
    ),
)


class Migration(migrations.Migration):
    """The functions of 0002_guards, second edition."""

    dependencies = [("portfolio", "0003_grant_is_active")]

    operations = [
        migrations.RunSQL(list(pair.functions()), migrations.RunSQL.noop) for pair in PAIRS
    ]
