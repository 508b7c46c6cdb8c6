"""Registration of the portfolio app."""

from django.apps import AppConfig


class PortfolioConfig(AppConfig):
    """Portfolios and positions."""

    name = "apps.portfolio"
    label = "portfolio"
    verbose_name = "Portfolios and positions"
    default_auto_field = "django.db.models.AutoField"
