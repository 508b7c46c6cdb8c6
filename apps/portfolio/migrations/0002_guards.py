"""What the database refuses in this app's tables, and what each role may do with them."""

from django.db import migrations

from foundation.immutability import Grant, KeepHistory, Seal, SealMembers


class Migration(migrations.Migration):
    """Seals, state machines and grants of the portfolio tables."""

    dependencies = [
        ("portfolio", "0001_initial"),
    ]

    operations = [
        KeepHistory("legal_entity"),
        Grant(
            "legal_entity", {"web": "SELECT", "desk": "SELECT, INSERT, UPDATE", "auditor": "SELECT"}
        ),
        Seal("legal_entity_event"),
        Grant(
            "legal_entity_event", {"web": "SELECT", "desk": "SELECT, INSERT", "auditor": "SELECT"}
        ),
        KeepHistory("portfolio"),
        Grant(
            "portfolio", {"web": "SELECT", "desk": "SELECT, INSERT, UPDATE", "auditor": "SELECT"}
        ),
        Seal("portfolio_event"),
        Grant("portfolio_event", {"web": "SELECT", "desk": "SELECT, INSERT", "auditor": "SELECT"}),
        KeepHistory("portfolio_grant"),
        Grant(
            "portfolio_grant",
            {"web": "SELECT", "desk": "SELECT, INSERT, UPDATE", "auditor": "SELECT"},
        ),
        Seal("portfolio_grant_event"),
        Grant(
            "portfolio_grant_event",
            {"web": "SELECT", "desk": "SELECT, INSERT", "auditor": "SELECT"},
        ),
        Seal("portfolio_tree"),
        Grant(
            "portfolio_tree",
            {"web": "SELECT", "desk": "SELECT, INSERT", "worker": "SELECT", "auditor": "SELECT"},
        ),
        Seal("portfolio_node"),
        Grant(
            "portfolio_node",
            {"web": "SELECT", "desk": "SELECT, INSERT", "worker": "SELECT", "auditor": "SELECT"},
        ),
        Seal("portfolio_closure"),
        Grant(
            "portfolio_closure",
            {"web": "SELECT", "desk": "SELECT, INSERT", "worker": "SELECT", "auditor": "SELECT"},
        ),
        Seal("position_snapshot"),
        Grant(
            "position_snapshot",
            {"web": "SELECT", "desk": "SELECT, INSERT", "worker": "SELECT", "auditor": "SELECT"},
        ),
        Seal("position"),
        Grant(
            "position",
            {"web": "SELECT", "desk": "SELECT, INSERT", "worker": "SELECT", "auditor": "SELECT"},
        ),
        Seal("position_block"),
        Grant(
            "position_block",
            {"web": "SELECT", "desk": "SELECT, INSERT", "worker": "SELECT", "auditor": "SELECT"},
        ),
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
        SealMembers("position_block", "position_snapshot", member_column="snapshot_id"),
        # Blocks are read whole and do not compress: keep them out of line and as they are.
        migrations.RunSQL(
            "ALTER TABLE position_block ALTER dimensions SET STORAGE EXTERNAL,"
            " ALTER terms SET STORAGE EXTERNAL",
            migrations.RunSQL.noop,
        ),
    ]
