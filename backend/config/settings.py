"""Django's and Celery's settings, read from the environment and from `.env`. Importing them starts no server."""

import os
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

from backend.config import environment
from backend.config.ownership import require_own
from backend.config.secrets import kept_secret, new_fernet_key, new_secret_key

ROOT = Path(__file__).resolve().parents[2]
env = environment.load(ROOT)

UPKEEP_HOME = Path(env.str("UPKEEP_HOME", default=str(ROOT / ".upkeep"))).absolute()
require_own(UPKEEP_HOME)
MEDIA_ROOT = Path(env.str("MEDIA_ROOT", default=str(UPKEEP_HOME / "media"))).absolute()
MEDIA_URL = "/media/"
STATIC_URL = "/static/"
WHITENOISE_USE_FINDERS = True

DEBUG = env.bool("DEBUG", default=False)
DEFAULT_EXCEPTION_REPORTER_FILTER = "backend.config.errors.ReporterFilter"
SECRET_KEY = env.secret_key("SECRET_KEY") or kept_secret(UPKEEP_HOME / "secret_key", new_secret_key)
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])
FERNET_KEYS = env.fernet_keys("FERNET_KEYS") or [kept_secret(UPKEEP_HOME / "fernet_key", new_fernet_key)]

PUBLIC_URL = env.public_url("PUBLIC_URL")
"""Where browsers reach the web; empty: on this machine alone."""
_place = PUBLIC_URL.partition("://")[2]
_tls = PUBLIC_URL.startswith("https:")
_header = env.str("SECURE_PROXY_SSL_HEADER", default="")
ALLOWED_HOSTS = env.list(
    "ALLOWED_HOSTS", default=[*filter(None, [re.sub(r":\d+$", "", _place)]), "localhost", "127.0.0.1"]
)
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[PUBLIC_URL] if PUBLIC_URL else [])
SESSION_COOKIE_SECURE = env.bool("SESSION_COOKIE_SECURE", default=_tls)
CSRF_COOKIE_SECURE = env.bool("CSRF_COOKIE_SECURE", default=_tls)
SECURE_HSTS_SECONDS = env.int("SECURE_HSTS_SECONDS", default=365 * 24 * 3600 if _tls else 0)
SECURE_PROXY_SSL_HEADER = (f"HTTP_{_header.upper().replace('-', '_')}", "https") if _header else None
"""The proxy's header that says whether a request came by TLS: only where the proxy is known to set it always."""
CLIENT_ADDRESS_HEADER = env.str("CLIENT_ADDRESS_HEADER", default="")
"""The proxy's header that says from which address a request came: as the one above."""
SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", default=_tls and SECURE_PROXY_SSL_HEADER is not None)
SECURE_SSL_HOST = _place or None
SILENCED_SYSTEM_CHECKS = [
    "security.W005",  # HSTS for all hosts of the domain, and
    "security.W021",  # in the browsers' lists, are not for one of its hosts to decide
]
if not PUBLIC_URL:  # on this machine alone there is no TLS
    SILENCED_SYSTEM_CHECKS += [f"security.{number}" for number in ("W004", "W008", "W012", "W016")]
elif not SECURE_PROXY_SSL_HEADER:
    SILENCED_SYSTEM_CHECKS += ["security.W008"]  # who redirects to TLS is the proxy: we do not know what came by it

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.postgres",  # Django 6 insists on it for our array fields and indexes
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "axes",
    "django_celery_beat",
    "upkeep.embedded",
    "upkeep.operations",
    "upkeep.worker",
    "backend.accounts",
    "backend.collection",
    "backend.tracking",
    "backend.search",
    "backend.reports",
    "tasks",
]
MIDDLEWARE = [
    "backend.config.health.health_checks",
    "backend.config.headers.security_headers",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "axes.middleware.AxesMiddleware",  # the last: it answers for whoever guesses passwords
]
ROOT_URLCONF = "backend.config.urls"
WSGI_APPLICATION = "backend.config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
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

DATABASES = {
    "default": env.database("DATABASE_URL", "DATABASE_PASSWORD")
    or {"ENGINE": "upkeep.embedded.postgresql", "NAME": "upkeep", "HOME": UPKEEP_HOME}
}
DATABASES["default"].setdefault("CONN_HEALTH_CHECKS", True)
DATABASE_POOLER = env.pooler("DATABASE_POOLER")
if DATABASE_POOLER:
    DATABASES["default"] = environment.behind_pooler(DATABASES["default"])

CACHES: dict[str, dict[str, Any]] = {
    "default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"},  # Django wants one; nothing of ours uses it
    "downloads": {
        "BACKEND": "backend.tracking.services.download_cache.DownloadCache",
        "LOCATION": UPKEEP_HOME / "cache" / "downloads",
        "TIMEOUT": 30 * 24 * 3600,
        "OPTIONS": {"MAX_ENTRIES": 5_000},
    },
}
"""In `downloads` a page of a tracker is an entry, of some tens of kilobytes; when it is full, a third of them goes."""

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "accounts.User"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]

AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]  # so that nobody locks others out from elsewhere
AXES_CLIENT_IP_CALLABLE = "backend.config.headers.client_address"
AXES_USERNAME_CALLABLE = "backend.accounts.logins.username"
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_RESET_ON_SUCCESS = True
AXES_USE_ATTEMPT_EXPIRATION = True
AXES_DISABLE_ACCESS_LOG = True
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False

LANGUAGE_CODE = "en-gb"
TIME_ZONE = env.str("TIME_ZONE", default="UTC")
USE_TZ = True
REDIS_URL = env.server("REDIS_URL", "REDIS_PASSWORD")
"""Empty: the embedded redis-server, started when it is first needed."""

CELERY_BROKER_URL = env.server("CELERY_BROKER_URL", "CELERY_BROKER_PASSWORD") or REDIS_URL
if os.environ.get("CELERY_BROKER_URL"):
    os.environ["CELERY_BROKER_URL"] = CELERY_BROKER_URL  # Celery looks there first, whatever the settings say
CELERY_RESULT_BACKEND = "upkeep.worker.results.RunBackend"
CELERY_RESULT_EXPIRES = None  # runs are records: nothing of Celery's cleans them up
CELERY_TIMEZONE = TIME_ZONE
CELERY_ENABLE_UTC = True
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_SERIALIZER = "json"
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_TASK_CREATE_MISSING_QUEUES = False
CELERY_TASK_ACKS_LATE = False
CELERY_TASK_TRACK_STARTED = True
CELERY_WORKER_SEND_TASK_EVENTS = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = env.float("WORKER_SOFT_SHUTDOWN_TIMEOUT", default=10.0)
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": env.int("BROKER_VISIBILITY_TIMEOUT", default=3600),
    "max_retries": 0,  # of a sender: a run whose message cannot be sent stays queued, and is sent later
    "socket_connect_timeout": 2.0,
    "socket_timeout": 3.0,  # of Redis, whose longest command takes a second; without it, a sender waits for ever
}
CELERY_TASK_SOFT_TIME_LIMIT = env.float("TASK_SOFT_TIME_LIMIT", default=None)
"""Seconds after which a run is handed over to the next free worker process."""
CELERY_TASK_TIME_LIMIT = env.float("TASK_TIME_LIMIT", default=None)
"""Seconds after which a worker process is killed; its run goes on in another."""
CELERY_BEAT_SCHEDULER = "upkeep.worker.beat:Scheduler"

UPKEEP = {
    "CELERY_APP": "backend.celery_app",
    "DEFAULT_QUEUE": "default",
    "SCHEDULE": "tasks.schedule.SCHEDULE",
    "SHIMS": "required",
    "LAYOUT": "backend.config.layout.Layout",
    "FERNET_KEYS": FERNET_KEYS,
    "VERSION": env.str("UPKEEP_VERSION", default=""),
    "GATE": env.bool("UPKEEP_GATE", default=False),
    "PREVIEW_MAX_AGE": env.float("PREVIEW_MAX_AGE", default=86_400.0),
    "REVIEW_REQUIRED": tuple(env.list("REVIEW_REQUIRED", default=[])),
    "MAX_CHANGES": env.int("RUN_MAX_CHANGES", default=10_000),
    "LEASE_SECONDS": env.float("RUN_LEASE_SECONDS", default=20.0),
    "POLL_SECONDS": env.float("RUN_POLL_SECONDS", default=1.0),
    "SWEEP_SECONDS": env.float("RUN_SWEEP_SECONDS", default=3.0),
    "RESEND_SECONDS": env.float("RUN_RESEND_SECONDS", default=30.0),
    "BACKOFF_SECONDS": env.float("RUN_BACKOFF_SECONDS", default=1.0),
    "RECONNECT_SECONDS": env.float("RUN_RECONNECT_SECONDS", default=60.0),
}
"""The library's settings; see `upkeep.conf`."""

TMDB_API_KEY = env.str("TMDB_API_KEY", default="")
TMDB_API_URL = env.str("TMDB_API_URL", default="https://api.themoviedb.org/3")
TMDB_REQUESTS_PER_SECOND = env.float("TMDB_REQUESTS_PER_SECOND", default=40.0)
YTS_API_URL = env.str("YTS_API_URL", default="")
EMBEDDER = env.str("EMBEDDER", default="builtin")
"""The module of `backend.search.embedders` that turns texts into vectors."""
OLLAMA_URL = env.str("OLLAMA_URL", default="http://localhost:11434")
OLLAMA_EMBEDDING_MODEL = env.str("OLLAMA_EMBEDDING_MODEL", default="bge-m3")
OLLAMA_CHAT_MODEL = env.str("OLLAMA_CHAT_MODEL", default="")
OLLAMA_TIMEOUT = env.float("OLLAMA_TIMEOUT", default=60.0)
"""Seconds for one of the four attempts of a request; Ollama loads the model meanwhile, however often it is asked."""
TRACKER_SECRETS = env.list("TRACKER_SECRETS", default=[])
"""Variables that configuration files of organizations get as `${NAME}`, beside those that begin with `TRACKER_`."""
REPORT_USERNAME = env.str("REPORT_USERNAME", default="")
REPORT_PASSWORD = env.str("REPORT_PASSWORD", default="")
"""Of the user of the database whom `make_report_user` makes."""
REMOTE_PROXY = env.proxy("OUTBOUND_PROXY", "NO_PROXY")
REMOTE_HTTP_HOSTS = env.list("REMOTE_HTTP_HOSTS", default=["localhost", "127.0.0.1"])
"""Hosts that may be reached without TLS."""
REMOTE_REDIS_URL = "backend.config.servers.redis_url"
"""The function that says in which Redis the processes share the rate limits of remote hosts."""

FLOWER_CONTROL = env.list("FLOWER_CONTROL", default=[])
"""What Flower's API offers beyond operations: `send-task`, by which a message of any name is sent."""
FLOWER_BASIC_AUTH = env.flower_logins("FLOWER_BASIC_AUTH")

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "text": {
            "()": "upkeep.operations.terminal.escaping.PlainFormatter",
            "format": "%(asctime)s %(levelname)s %(name)s: %(message)s",
        }
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "text"}},
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", default="WARNING")},
}

ENVIRONMENT_NAMES = frozenset(env.names)
"""The variables that were read here; no configuration file of an organization gets one."""
