"""What a production process must not be started with."""

from django.core.exceptions import ImproperlyConfigured


def refuse_contradictions(*, production: bool, key: str, development: bool, external: bool) -> None:
    """Raise ImproperlyConfigured for settings that would expose or lose a production system.

    Without an address the process would start a server of its own, empty and trusting every
    role, and answer from it as if nothing were missing.
    """
    if not production:
        return
    if not key:
        raise ImproperlyConfigured(
            "TIEOUT_PRODUCTION is set and SECRET_KEY is not: sessions need a key of your own"
        )
    if development:
        raise ImproperlyConfigured(
            "TIEOUT_PRODUCTION and TIEOUT_DEV are both set: debug pages show settings and data"
        )
    if not external:
        raise ImproperlyConfigured(
            "TIEOUT_PRODUCTION is set and DATABASE_URL is not: the embedded server is for"
            " development"
        )
