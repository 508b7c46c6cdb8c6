"""What the database refuses in this app's tables, and what each role may do with them."""

from django.db import migrations

from foundation.immutability import Grant, Seal


class Migration(migrations.Migration):
    """Seals, state machines and grants of the access tables."""

    dependencies = [
        ("access", "0001_initial"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
        ("sessions", "0001_initial"),
        ("admin", "0003_logentry_add_action_flag_choices"),
        ("pghistory", "0007_auto_20250421_0444"),
        ("django_q", "0018_task_success_index"),
    ]

    operations = [
        Seal("audit_log"),
        Grant(
            "audit_log", {"web": "SELECT, INSERT", "desk": "SELECT, INSERT", "auditor": "SELECT"}
        ),
        Grant(
            "user_account",
            {
                "web": {"SELECT": None, "UPDATE": ["last_login"]},
                "desk": "SELECT, INSERT, UPDATE",
                "auditor": {
                    "SELECT": [
                        "id",
                        "username",
                        "is_active",
                        "is_staff",
                        "is_superuser",
                        "date_joined",
                        "last_login",
                    ]
                },
            },
        ),
        Grant(
            "user_account_groups",
            {"web": "SELECT", "desk": "SELECT, INSERT, UPDATE, DELETE", "auditor": "SELECT"},
        ),
        Grant(
            "user_account_user_permissions",
            {"web": "SELECT", "desk": "SELECT, INSERT, UPDATE, DELETE", "auditor": "SELECT"},
        ),
        Grant(
            "api_token",
            {"web": "SELECT", "desk": {"SELECT": None, "INSERT": None, "UPDATE": ["revoked_at"]}},
        ),
        Grant(
            "auth_group",
            {"web": "SELECT", "desk": "SELECT, INSERT, UPDATE, DELETE", "auditor": "SELECT"},
        ),
        Grant(
            "auth_group_permissions",
            {"web": "SELECT", "desk": "SELECT, INSERT, UPDATE, DELETE", "auditor": "SELECT"},
        ),
        Grant("auth_permission", {"web": "SELECT", "desk": "SELECT", "auditor": "SELECT"}),
        Grant("django_content_type", {"web": "SELECT", "desk": "SELECT", "auditor": "SELECT"}),
        Grant(
            "django_session",
            {"web": "SELECT, INSERT, UPDATE, DELETE", "desk": "SELECT, INSERT, UPDATE, DELETE"},
        ),
        Grant("django_admin_log", {"desk": "SELECT, INSERT", "auditor": "SELECT"}),
        Grant(
            "django_migrations",
            {"web": "SELECT", "desk": "SELECT", "worker": "SELECT", "auditor": "SELECT"},
        ),
        Grant("pghistory_context", {"desk": "SELECT, INSERT, UPDATE", "auditor": "SELECT"}),
        Grant("django_q_ormq", {"desk": "SELECT, INSERT, UPDATE, DELETE"}),
        Grant("django_q_schedule", {"desk": "SELECT, INSERT, UPDATE, DELETE"}),
        Grant("django_q_task", {"desk": "SELECT, INSERT, UPDATE, DELETE"}),
    ]
