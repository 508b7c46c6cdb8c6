"""Registration of the cashflow app."""

from django.apps import AppConfig


class CashflowConfig(AppConfig):
    """Cash flows."""

    name = "apps.cashflow"
    label = "cashflow"
    verbose_name = "Cash flows"
    default_auto_field = "django.db.models.AutoField"
