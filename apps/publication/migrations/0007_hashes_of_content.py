"""What is stored under a hash is what was hashed: blocks, requests of runs, manifests.

Made here because publication stands above the tables that it seals; documents carry their check
in their models. Positions have none: it would nearly double the time of their COPY (0.7 s to
1.3 s for 100,000), and verification hashes them as well.
"""

from django.db import migrations

HASHED = (
    ("position_block", "sha256", "dimensions || terms"),
    ("run", "input_hash", "convert_to(request, 'UTF8')"),
    ("published_run", "manifest_hash", "convert_to(manifest, 'UTF8')"),
)

ADD = ";".join(
    f"ALTER TABLE {table} ADD CONSTRAINT {table}_hash CHECK ({column} = sha256({content}))"
    for table, column, content in HASHED
)
DROP = ";".join(f"ALTER TABLE {table} DROP CONSTRAINT {table}_hash" for table, _, _ in HASHED)


class Migration(migrations.Migration):
    """Checks of hashes."""

    dependencies = [
        ("publication", "0006_true_publications"),
        ("portfolio", "0005_history_by_triggers"),
        ("run", "0005_completed_is_settled"),
    ]

    operations = [migrations.RunSQL(ADD, DROP)]
