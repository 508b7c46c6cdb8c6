"""Registration of the risk app."""

from django.apps import AppConfig


class RiskConfig(AppConfig):
    """Market risk."""

    name = "apps.risk"
    label = "risk"
    verbose_name = "Market risk"
    default_auto_field = "django.db.models.AutoField"
