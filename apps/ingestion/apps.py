"""Registration of the ingestion app."""

from django.apps import AppConfig


class IngestionConfig(AppConfig):
    """Ingestion."""

    name = "apps.ingestion"
    label = "ingestion"
    verbose_name = "Ingestion"
    default_auto_field = "django.db.models.AutoField"
