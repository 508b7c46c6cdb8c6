"""What a user may be allowed to do to publications."""

from django.db import migrations


class Migration(migrations.Migration):
    """Permission publication.publish."""

    dependencies = [("publication", "0002_guards")]

    operations = [
        migrations.AlterModelOptions(
            name="publishedrun",
            options={
                "ordering": ["-pk"],
                "permissions": [("publish", "Can publish runs")],
            },
        ),
    ]
