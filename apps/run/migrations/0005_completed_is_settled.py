"""What a completed run states of itself is settled: it can be published, and nothing else."""

from django.db import migrations

from foundation.immutability import StateMachine

TRANSITIONS = {
    "QUEUED": ["RUNNING", "CANCELLED", "FAILED"],
    "RUNNING": ["FINALISING", "CANCELLED", "FAILED"],
    "FINALISING": ["COMPLETED", "COMPLETED_WITH_ERRORS", "CANCELLED", "FAILED"],
    "COMPLETED": ["PUBLISHED"],
    "COMPLETED_WITH_ERRORS": ["PUBLISHED"],
    "FAILED": ["RUNNING"],
}
FINAL = ["PUBLISHED", "CANCELLED"]
BEFORE = StateMachine("run", "status", TRANSITIONS, initial=["QUEUED"], final=FINAL)
AFTER = StateMachine(
    "run",
    "status",
    TRANSITIONS,
    initial=["QUEUED"],
    final=FINAL,
    settled=["COMPLETED", "COMPLETED_WITH_ERRORS"],
)


class Migration(migrations.Migration):
    """The state machine of runs, second edition."""

    dependencies = [("run", "0004_permissions")]

    operations = [migrations.RunSQL(list(AFTER.forwards()), list(BEFORE.forwards()))]
