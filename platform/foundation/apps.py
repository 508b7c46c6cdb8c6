"""The foundation as a Django app: its commands, and the grants on tables of the libraries."""

from django.apps import AppConfig


class FoundationConfig(AppConfig):
    """No models: the shared kernel has no domain words."""

    name = "foundation"
