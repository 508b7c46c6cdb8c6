"""Registration of the result app."""

from django.apps import AppConfig


class ResultConfig(AppConfig):
    """Results."""

    name = "apps.result"
    label = "result"
    verbose_name = "Results"
    default_auto_field = "django.db.models.AutoField"
