"""What a user may be allowed to do to runs."""

from django.db import migrations


class Migration(migrations.Migration):
    """Permissions run.submit, run.cancel and run.retry."""

    dependencies = [("run", "0003_task_states")]

    operations = [
        migrations.AlterModelOptions(
            name="run",
            options={
                "ordering": ["-run_id"],
                "permissions": [
                    ("submit", "Can submit runs"),
                    ("cancel", "Can cancel runs"),
                    ("retry", "Can queue failed tasks again"),
                ],
            },
        ),
    ]
