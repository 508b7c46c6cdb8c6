"""Registration of the marketdata app."""

from django.apps import AppConfig


class MarketdataConfig(AppConfig):
    """Market data."""

    name = "apps.marketdata"
    label = "marketdata"
    verbose_name = "Market data"
    default_auto_field = "django.db.models.AutoField"
