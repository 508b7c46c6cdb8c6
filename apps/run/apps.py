"""Registration of the run app."""

from django.apps import AppConfig


class RunConfig(AppConfig):
    """Runs."""

    name = "apps.run"
    label = "run"
    verbose_name = "Runs"
    default_auto_field = "django.db.models.AutoField"
