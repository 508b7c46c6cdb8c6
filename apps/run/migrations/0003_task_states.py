"""What a task's state says of its attempts and of its rows."""

from django.db import migrations, models
from django.db.models import F, Q


class Migration(migrations.Migration):
    """Checks: attempts stay within their limit; rows exist exactly where a leaf hash does."""

    dependencies = [
        ("run", "0002_guards"),
    ]

    operations = [
        migrations.AddConstraint(
            model_name="runtask",
            constraint=models.CheckConstraint(
                condition=Q(max_attempts__gte=1)
                & Q(attempts__gte=0)
                & Q(attempts__lte=F("max_attempts"))
                & (~Q(status="QUEUED") | Q(attempts__lt=F("max_attempts"))),
                name="run_task_attempts_within_limit",
            ),
        ),
        migrations.AddConstraint(
            model_name="runtask",
            constraint=models.CheckConstraint(
                condition=Q(leaf_hash__isnull=True)
                | Q(status="SUCCEEDED")
                | (Q(status="DEAD") & Q(phase="VALUE") & Q(last=F("first") + 1)),
                name="run_task_leaf_hash_iff_rows",
            ),
        ),
    ]
