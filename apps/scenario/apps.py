"""Registration of the scenario app."""

from django.apps import AppConfig


class ScenarioConfig(AppConfig):
    """Scenarios."""

    name = "apps.scenario"
    label = "scenario"
    verbose_name = "Scenarios"
    default_auto_field = "django.db.models.AutoField"
