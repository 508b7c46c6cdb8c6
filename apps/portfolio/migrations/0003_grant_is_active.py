"""A grant ends by becoming inactive: nothing that stewards enter is deleted."""

import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models

from foundation.immutability import Grant, KeepHistory


class Migration(migrations.Migration):
    dependencies = [
        ("portfolio", "0002_guards"),
    ]

    operations = [
        pgtrigger.migrations.RemoveTrigger(
            model_name="portfoliogrant",
            name="insert_insert",
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name="portfoliogrant",
            name="update_update",
        ),
        migrations.AddField(
            model_name="portfoliogrant",
            name="is_active",
            field=models.BooleanField(db_default=True, default=True),
        ),
        migrations.AddField(
            model_name="portfoliograntevent",
            name="is_active",
            field=models.BooleanField(db_default=True, default=True),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="portfoliogrant",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='WITH _pgh_attached_context AS ( SELECT _pgh_attach_context() AS value ) INSERT INTO "portfolio_grant_event" ("id", "is_active", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "portfolio_id", "reason", "user_id") SELECT new_values."id", new_values."is_active", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, NOW(), \'insert\', new_values."id", new_values."portfolio_id", new_values."reason", new_values."user_id" FROM ( SELECT new_values.* FROM new_values  ) AS new_values, _pgh_attached_context; RETURN NULL;',
                    hash="5a0a23df7f02459d9ecc0120b9e9d1a15d0eafad",
                    level="STATEMENT",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_8bd2b",
                    referencing="REFERENCING NEW TABLE AS new_values ",
                    table="portfolio_grant",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="portfoliogrant",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='WITH _pgh_attached_context AS ( SELECT _pgh_attach_context() AS value ) INSERT INTO "portfolio_grant_event" ("id", "is_active", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "portfolio_id", "reason", "user_id") SELECT new_values."id", new_values."is_active", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, NOW(), \'update\', new_values."id", new_values."portfolio_id", new_values."reason", new_values."user_id" FROM ( SELECT new_values.* FROM old_values JOIN new_values ON (old_values."id") = (new_values."id") WHERE (old_values.* IS DISTINCT FROM new_values.*) ) AS new_values, _pgh_attached_context; RETURN NULL;',
                    hash="0b9476dda3238f6c7393ebfbc102d44150845d1e",
                    level="STATEMENT",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_53d16",
                    referencing="REFERENCING OLD TABLE AS old_values  NEW TABLE AS new_values ",
                    table="portfolio_grant",
                    when="AFTER",
                ),
            ),
        ),
        # The functions of the new triggers need what the old ones had.
        Grant(
            "portfolio_grant",
            {"web": "SELECT", "desk": "SELECT, INSERT, UPDATE", "auditor": "SELECT"},
        ),
        KeepHistory("portfolio_grant"),
    ]
