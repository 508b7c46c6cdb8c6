"""What the database refuses in this app's tables, and what each role may do with them."""

from django.db import migrations

from foundation.immutability import Grant, Seal, StateMachine

# As of this migration; a later change of the machine is a migration of its own.
RUN_TRANSITIONS = {
    "QUEUED": ["RUNNING", "CANCELLED", "FAILED"],
    "RUNNING": ["FINALISING", "CANCELLED", "FAILED"],
    "FINALISING": ["COMPLETED", "COMPLETED_WITH_ERRORS", "CANCELLED", "FAILED"],
    "COMPLETED": ["PUBLISHED"],
    "COMPLETED_WITH_ERRORS": ["PUBLISHED"],
    "FAILED": ["RUNNING"],
}
TASK_TRANSITIONS = {
    "QUEUED": ["RUNNING", "CANCELLED"],
    "RUNNING": ["SUCCEEDED", "QUEUED", "FAILED", "DEAD", "SPLIT", "CANCELLED"],
    "FAILED": ["QUEUED", "CANCELLED"],
    "DEAD": ["QUEUED", "CANCELLED"],
}


class Migration(migrations.Migration):
    """Seals, state machines and grants of the run tables."""

    dependencies = [
        ("run", "0001_initial"),
    ]

    operations = [
        StateMachine(
            "run", "status", RUN_TRANSITIONS, initial=["QUEUED"], final=["PUBLISHED", "CANCELLED"]
        ),
        StateMachine(
            "run_task",
            "status",
            TASK_TRANSITIONS,
            initial=["QUEUED"],
            final=["SUCCEEDED", "CANCELLED", "SPLIT"],
        ),
        StateMachine(
            "run_break",
            "status",
            {"OPEN": ["EXPLAINED", "WAIVED"]},
            initial=["OPEN"],
            final=["EXPLAINED", "WAIVED"],
        ),
        Seal("run_task_attempt"),
        Grant(
            "run",
            {
                "web": {
                    "SELECT": None,
                    "INSERT": None,
                    "UPDATE": ["status", "finished_at", "error"],
                },
                "worker": {
                    "SELECT": None,
                    "UPDATE": [
                        "status",
                        "phase",
                        "started_at",
                        "finished_at",
                        "valued_count",
                        "error_count",
                        "result_hash",
                        "error",
                    ],
                },
                "desk": "SELECT",
                "auditor": "SELECT",
            },
        ),
        Grant(
            "run_task",
            {
                "web": {
                    "SELECT": None,
                    "INSERT": None,
                    "UPDATE": [
                        "status",
                        "attempts",
                        "available_at",
                        "lease_token",
                        "lease_owner",
                        "leased_until",
                        "finished_at",
                        "error",
                    ],
                },
                "worker": {
                    "SELECT": None,
                    "INSERT": None,
                    "UPDATE": [
                        "status",
                        "attempts",
                        "available_at",
                        "lease_token",
                        "lease_owner",
                        "leased_until",
                        "lease_seconds",
                        "started_at",
                        "finished_at",
                        "leaf_hash",
                        "error",
                    ],
                },
                "desk": "SELECT",
                "auditor": "SELECT",
            },
        ),
        Grant(
            "run_task_attempt",
            {
                "web": "SELECT",
                "worker": "SELECT, INSERT",
                "desk": "SELECT",
                "auditor": "SELECT",
            },
        ),
        Grant(
            "run_break",
            {
                "web": {
                    "SELECT": None,
                    "INSERT": None,
                    "UPDATE": ["status", "owner", "reason", "settled_at"],
                },
                "worker": "SELECT, INSERT",
                "desk": "SELECT",
                "auditor": "SELECT",
            },
        ),
    ]
