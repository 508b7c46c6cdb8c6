"""Registration of the instrument app."""

from django.apps import AppConfig


class InstrumentConfig(AppConfig):
    """Instruments and counterparties."""

    name = "apps.instrument"
    label = "instrument"
    verbose_name = "Instruments and counterparties"
    default_auto_field = "django.db.models.AutoField"
