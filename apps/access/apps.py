"""Registration of the access app."""

from django.apps import AppConfig


class AccessConfig(AppConfig):
    """Access."""

    name = "apps.access"
    label = "access"
    verbose_name = "Access"
    default_auto_field = "django.db.models.AutoField"
