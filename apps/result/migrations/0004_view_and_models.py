"""One row per run, position and scenario, and the models of the tables that had none.

The cells of a scenario may stand in several blocks. All but the last are full, so that the
vectors of a position, put one after another, hold the cell (block, ordinal) at
block x 480 + ordinal.
"""

import django.contrib.postgres.fields
from django.db import migrations, models

VIEW = """
CREATE OR REPLACE VIEW valuation_result WITH (security_invoker = true) AS
SELECT v.run AS run_id, p.position_id, x.scenario AS scenario_id, x.measures_json,
       v.input_hash, v.status = 1 AS is_error, v.error
FROM valuation v
JOIN run r ON r.run_id = v.run
JOIN position p ON p.snapshot_id = r.position_snapshot_id AND p.ordinal = v.position
CROSS JOIN LATERAL (
    SELECT v.cells || (
        SELECT array_agg(c.cell ORDER BY later.block, c.place)
        FROM valuation later, unnest(later.cells) WITH ORDINALITY AS c (cell, place)
        WHERE later.run = v.run AND later.position = v.position AND later.block > 0
    ) AS cells
) AS whole
CROSS JOIN LATERAL (
    SELECT a.scenario,
           jsonb_object_agg(
               a.measure || CASE a.factor WHEN '' THEN '' ELSE '/' || a.factor END,
               whole.cells[a.block * 480 + a.ordinal] * power(10::numeric, -a.quantum)
           ) AS measures_json
    FROM run_axis a
    WHERE a.run = v.run
    GROUP BY a.scenario
) AS x
WHERE v.block = 0;
COMMENT ON VIEW valuation_result IS
    'One row per run, position and scenario: the classical shape for BI tools.';
"""


class Migration(migrations.Migration):
    """The whole view, and unmanaged models."""

    dependencies = [
        ("result", "0003_index_and_storage"),
    ]

    operations = [
        migrations.CreateModel(
            name="GroupResult",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "run",
                        "kind",
                        "group",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("run", models.IntegerField()),
                ("kind", models.TextField()),
                ("group", models.TextField()),
                ("task", models.IntegerField()),
                (
                    "cells",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BigIntegerField(), size=None
                    ),
                ),
            ],
            options={
                "db_table": "group_result",
                "ordering": ["run", "kind", "group"],
                "managed": False,
            },
        ),
        migrations.CreateModel(
            name="NodeResult",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "run",
                        "node",
                        "measure",
                        "scenario",
                        "factor",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("run", models.IntegerField()),
                ("node", models.IntegerField()),
                ("measure", models.TextField()),
                ("scenario", models.TextField()),
                ("factor", models.TextField()),
                ("value", models.BigIntegerField()),
                ("method", models.TextField()),
            ],
            options={
                "db_table": "node_result",
                "ordering": ["run", "node", "measure", "scenario", "factor"],
                "managed": False,
            },
        ),
        migrations.CreateModel(
            name="RollupPartial",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "run",
                        "task",
                        "node",
                        "dimension",
                        "member",
                        "block",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("run", models.IntegerField()),
                ("task", models.IntegerField()),
                ("node", models.IntegerField()),
                ("dimension", models.SmallIntegerField()),
                ("member", models.IntegerField()),
                ("block", models.SmallIntegerField()),
                ("count", models.IntegerField()),
                ("covered", models.IntegerField()),
                ("covered_notional", models.BigIntegerField()),
                ("uncovered_notional", models.BigIntegerField()),
                (
                    "cells",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BigIntegerField(), size=None
                    ),
                ),
            ],
            options={
                "db_table": "rollup_partial",
                "ordering": ["run", "task", "node", "dimension", "member", "block"],
                "managed": False,
            },
        ),
        migrations.CreateModel(
            name="RunContext",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "run",
                        "position",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("run", models.IntegerField()),
                ("position", models.IntegerField()),
                ("task", models.IntegerField()),
                ("context_hash", models.BinaryField()),
                (
                    "facts",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BigIntegerField(), size=None
                    ),
                ),
            ],
            options={
                "db_table": "run_context",
                "ordering": ["run", "position"],
                "managed": False,
            },
        ),
        migrations.CreateModel(
            name="ValuationDigest",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "run", "task", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("run", models.IntegerField()),
                ("task", models.IntegerField()),
                ("first", models.IntegerField()),
                ("count", models.IntegerField()),
                ("digests", models.BinaryField()),
            ],
            options={
                "db_table": "valuation_digest",
                "ordering": ["run", "first"],
                "managed": False,
            },
        ),
        migrations.RunSQL(VIEW, migrations.RunSQL.noop),
    ]
