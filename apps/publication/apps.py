"""Registration of the publication app."""

from django.apps import AppConfig


class PublicationConfig(AppConfig):
    """Publication."""

    name = "apps.publication"
    label = "publication"
    verbose_name = "Publication"
    default_auto_field = "django.db.models.AutoField"
