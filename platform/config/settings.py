"""Settings of Tieout; docs/guides/settings.md explains every one that is ours (TIEOUT_...)."""

from pathlib import Path

import environ
import pghistory

from apps.run import adapters
from config import databases, keys, production
from foundation import roles, telemetry

# Before anything imports NumPy: every process that values, or names the profile, has the same.
adapters.pin_numeric_profile()

BASE_DIR = Path(__file__).resolve().parents[2]
VAR_DIR = BASE_DIR / "var"

env = environ.Env()

TIEOUT_DEV = env.bool("TIEOUT_DEV", default=False)
DEBUG = TIEOUT_DEV

TIEOUT_PRODUCTION = env.bool("TIEOUT_PRODUCTION", default=False)
SECRET_KEY = env.str("SECRET_KEY", default="")
if not SECRET_KEY and not TIEOUT_PRODUCTION:
    SECRET_KEY = keys.development_key(VAR_DIR)

ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["127.0.0.1", "localhost", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])

# Applications

TIEOUT_DOMAINS = (
    "access",
    "instrument",
    "marketdata",
    "portfolio",
    "scenario",
    "run",
    "result",
    "cashflow",
    "risk",
    "publication",
    "ingestion",
)

INSTALLED_APPS = [
    "unfold",
    "django.contrib.admin.apps.SimpleAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "pgtrigger",
    "pghistory",
    "django_q",
    "import_export",
    "foundation",
    *(f"apps.{domain}" for domain in TIEOUT_DOMAINS),
    "graph",
]

AUTH_USER_MODEL = "access.User"

MIDDLEWARE = [
    "foundation.requests.request_log",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "config.desk_urls" if roles.current() is roles.Role.DESK else "config.urls"
ASGI_APPLICATION = "config.asgi.application"
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/"
# Cookies do not tell ports apart: a login on the desk is none on the web process beside it.
SESSION_COOKIE_NAME = f"tieout_{roles.current()}"
CSRF_COOKIE_NAME = f"tieout_{roles.current()}_csrf"
SESSION_COOKIE_AGE = 12 * 60 * 60  # a login lasts a working day

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [Path(__file__).parent / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# The desk

UNFOLD = {
    "SITE_TITLE": "Tieout desk",
    "SITE_HEADER": "Tieout desk",
    "SITE_URL": None,
    "SHOW_VIEW_ON_SITE": False,
}

# The graph

# What the desk reads beside an input is also what clients read of the field.
STRAWBERRY_DJANGO = {"FIELD_DESCRIPTION_FROM_HELP_TEXT": True}

# Database

TIEOUT_DATABASE_IS_EXTERNAL = bool(env.str("DATABASE_URL", default=""))
production.refuse_contradictions(
    production=TIEOUT_PRODUCTION,
    key=SECRET_KEY,
    development=TIEOUT_DEV,
    external=TIEOUT_DATABASE_IS_EXTERNAL,
)
TIEOUT_EMBEDDED_HOME = env.path("TIEOUT_EMBEDDED_HOME", default=str(VAR_DIR / "postgres"))
TIEOUT_EMBEDDED_HOME = Path(str(TIEOUT_EMBEDDED_HOME))
TIEOUT_EMBEDDED_MAJOR = env.str("EMBEDDED_PG_MAJOR", default="16")
TIEOUT_EMBEDDED_BINARIES = databases.binaries(env)
TIEOUT_EMBEDDED_DURABLE = env.bool("TIEOUT_EMBEDDED_DURABLE", default=True)
TIEOUT_DEPLOY_SQL = BASE_DIR / "deploy"

DATABASES = {"default": databases.default(env)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Time and language

TIME_ZONE = "UTC"
USE_TZ = True
LANGUAGE_CODE = "en-us"
USE_I18N = False

# Passwords

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]

# Static files

STATIC_URL = "static/"
STATIC_ROOT = VAR_DIR / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if TIEOUT_PRODUCTION
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = not TIEOUT_PRODUCTION
WHITENOISE_AUTOREFRESH = not TIEOUT_PRODUCTION

# Transport: a production process is reached through TLS only

if TIEOUT_PRODUCTION:
    SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", default=True)
    SECURE_REDIRECT_EXEMPT = [r"^(healthz|readyz|metrics)$"]  # asked from inside, without TLS
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_HSTS_SECONDS = env.int("SECURE_HSTS_SECONDS", default=31_536_000)
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
    SESSION_COOKIE_SECURE = True
    CSRF_COOKIE_SECURE = True
SECURE_CONTENT_TYPE_NOSNIFF = True
X_FRAME_OPTIONS = "DENY"

# History of what stewards edit: the context (who, why) stands in the event row itself

PGHISTORY_CONTEXT_FIELD = pghistory.ContextJSONField()
PGHISTORY_CONTEXT_ID_FIELD = pghistory.ContextUUIDField()

# Control jobs: django-q2 on the database, low rate only; the tasks of runs have their own leases

Q_CLUSTER = {
    "name": "tieout",
    "orm": "default",
    "workers": 1,
    "timeout": 3600,
    "retry": 3900,
    "max_attempts": 1,
    "ack_failures": True,
    "catch_up": False,
    "save_limit": 1000,
    "bulk": 1,
    "poll": 2,
}

# The pipeline of a run, in order; apps.run.contracts says what each must be

TIEOUT_STAGES: dict[str, list[str]] = {
    "CONTEXT": [],
    "VALUE": ["apps.result.stages.PricingStage"],
    "GROUP": [],
}
TIEOUT_SINK = "apps.result.sinks.CubeSink"
TIEOUT_FINALISERS = ["apps.result.finalisers.RollupFinaliser"]

# Workers

TIEOUT_LEASE_SECONDS = env.float("TIEOUT_LEASE_SECONDS", default=60.0)
TIEOUT_POLL_SECONDS = env.float("TIEOUT_POLL_SECONDS", default=2.0)
TIEOUT_TASK_SECONDS = env.float("TIEOUT_TASK_SECONDS", default=3600.0)
TIEOUT_STOP_SECONDS = env.float("TIEOUT_STOP_SECONDS", default=25.0)
TIEOUT_BACKOFF_SECONDS = env.float("TIEOUT_BACKOFF_SECONDS", default=5.0)
TIEOUT_CRASHES_BEFORE_SPLIT = env.int("TIEOUT_CRASHES_BEFORE_SPLIT", default=2)
TIEOUT_SPLITS_PER_RUN = env.int("TIEOUT_SPLITS_PER_RUN", default=1000)

# Logs

TIEOUT_LOG_LEVEL = env.str("TIEOUT_LOG_LEVEL", default="INFO")
TIEOUT_LOG_FORMAT = env.str("TIEOUT_LOG_FORMAT", default="json" if TIEOUT_PRODUCTION else "text")
LOGGING = telemetry.logging_settings(TIEOUT_LOG_LEVEL, TIEOUT_LOG_FORMAT)
