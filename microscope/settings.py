"""All settings. What can be set from outside is read here, once; names carry their units from here on."""

import os
import secrets
import socket
from datetime import timedelta
from pathlib import Path

from camera.drivers.simulated_scene import MODELS
from microscope import environment as env

BASE_DIR = Path(__file__).resolve().parent.parent
env.read_env_file(BASE_DIR / ".env")

# Where it runs

HOST = env.text("HOST", "127.0.0.1")
PORT = env.whole_number("PORT", 3000, 1, 65535)
DEBUG = env.switch("DEBUG", False)
DATA_PATH = env.folder("DATA_PATH", "data", BASE_DIR)
HTTPS = env.switch("HTTPS", False)
ALLOWED_HOSTS = [*env.word_list("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]"), socket.gethostname()]
ALLOWED_ORIGINS = env.word_list("ALLOWED_ORIGINS")
TRUSTED_PROXIES = env.whole_number("TRUSTED_PROXIES", 0, 0, 10)
SERVER_THREADS = env.whole_number("SERVER_THREADS", 96, 8, 1000)

# The camera

CAMERA_DRIVER = env.choice("CAMERA_DRIVER", "auto", ["auto", "pixelink", "simulated"])
CAMERA_SERIAL_NUMBER = env.text("CAMERA_SERIAL_NUMBER")
CAMERA_IDLE_SECONDS = env.number("CAMERA_IDLE_SECONDS", 10, 0, 86_400)
SIMULATED_CAMERA = env.choice("SIMULATED_CAMERA", "colour-2mp", list(MODELS))
DEFAULT_EXPOSURE_MS = env.number("DEFAULT_EXPOSURE", 50, 0.001, 3_600_000)
DEFAULT_GAIN_DB = env.number("DEFAULT_GAIN", 6, 0, 100)
SERVICE_TIMEOUT_MS = env.whole_number("SERVICE_TIMEOUT", 10_000, 100, 3_600_000)
LIVE_MAX_WATCHERS = env.whole_number("LIVE_MAX_WATCHERS", 50, 1, 900)
LIVE_MAX_FPS = env.number("LIVE_MAX_FPS", 30, 0.1, 240)

# The library

IMAGE_SAVE_PATH = env.folder("IMAGE_SAVE_PATH", "images", DATA_PATH)
IMAGE_FORMAT = env.choice("IMAGE_FORMAT", "jpg", ["jpg", "png", "tiff"])
IMAGE_QUALITY = env.whole_number("IMAGE_QUALITY", 95, 1, 100)
TIFF_COMPRESSION = env.choice("TIFF_COMPRESSION", "none", ["none", "zlib"])
MINIMUM_FREE_MB = env.whole_number("MINIMUM_FREE_MB", 1000, 0, 10**9)

# The first administrator, read by `manage.py serve` where there is none yet

ADMIN_USERNAME = env.text("ADMIN_USERNAME", "admin")
ADMIN_PASSWORD = env.text("ADMIN_PASSWORD")


def _read_or_make_secret_key(path: Path) -> str:
    """The key of this installation, made on first use and kept where only this user can read it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with open(path, "x", opener=_open_private) as file:
            file.write(secrets.token_urlsafe(64))
    except FileExistsError:
        pass
    return path.read_text()


def _open_private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


SECRET_KEY = env.secret("SECRET_KEY", 32) or _read_or_make_secret_key(DATA_PATH / "secret-key")

# Django

INSTALLED_APPS = [
    "microscope",
    "accounts",
    "camera",
    "images",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "corsheaders",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "rest_framework",
    "rest_framework_simplejwt.token_blacklist",
]

MIDDLEWARE = [
    "microscope.middleware.ArrivalMiddleware",
    "microscope.audit.AuditMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "microscope.middleware.ContentSecurityPolicyMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "corsheaders.middleware.CorsMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "microscope.middleware.ErrorTableMiddleware",
]

ROOT_URLCONF = "microscope.urls"
WSGI_APPLICATION = "microscope.wsgi.application"
APPEND_SLASH = False

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "microscope.context.shell",
            ],
        },
    },
]

DATABASES = {"default": env.database("DATABASE_URL", f"sqlite:///{(DATA_PATH / 'microscope.sqlite3').as_posix()}")}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # Without IMMEDIATE, transactions that read and then write fail with "database is locked" under load.
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 10,
        # Each thread has a connection of its own, and each would come to hold 2 MB of pages that the system holds
        # anyway: with threads for all who watch that is more than all else together.
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; "
        "PRAGMA cache_size=-512",
    }
    DATABASES["default"]["CONN_MAX_AGE"] = None
else:
    # Threads share a pool: the server has more of them than PostgreSQL allows connections.
    DATABASES["default"]["OPTIONS"] = {
        **DATABASES["default"].get("OPTIONS", {}),
        "pool": {"min_size": 1, "max_size": 20, "timeout": 5},
        "connect_timeout": 5,
        # A table that somebody holds is an error in bounded time, as on SQLite. To compile a query takes longer than
        # to answer any of ours.
        "options": "-c lock_timeout=10s -c jit=off",
    }
    # After the database was away, connections from before are dead: they are tried before they are lent.
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["accounts.throttling.ThrottledBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "sign-in"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "sign-in"

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_I18N = False
USE_TZ = True

STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = True
WHITENOISE_ALLOW_ALL_ORIGINS = False

# Who may ask, and how

CORS_ALLOWED_ORIGINS = ALLOWED_ORIGINS
CSRF_TRUSTED_ORIGINS = ALLOWED_ORIGINS
CORS_EXPOSE_HEADERS = ["Content-Disposition", "ETag"]
SESSION_COOKIE_NAME = "microscope_session"
CSRF_COOKIE_NAME = "microscope_csrf"
SESSION_COOKIE_SAMESITE = "Lax"
SECURE_CONTENT_TYPE_NOSNIFF = True
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
if HTTPS:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_SSL_REDIRECT = True
    SECURE_REDIRECT_EXEMPT = [r"^health$"]
    SECURE_HSTS_SECONDS = 31_536_000
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
    SESSION_COOKIE_SECURE = True
    CSRF_COOKIE_SECURE = True

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "accounts.tokens.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["microscope.permissions.HasNeeded"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["microscope.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "microscope.errors.answer_api_error",
    # NaN reaches the fields, which can then say which of them is wrong; they let none pass.
    "STRICT_JSON": False,
    # `?format=` filters images; it does not choose how answers are written.
    "URL_FORMAT_OVERRIDE": None,
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}

SIMPLE_JWT = {
    "ACCESS_TOKEN_LIFETIME": timedelta(minutes=15),
    "REFRESH_TOKEN_LIFETIME": timedelta(days=7),
    "ROTATE_REFRESH_TOKENS": True,
    "BLACKLIST_AFTER_ROTATION": True,
    "CHECK_REVOKE_TOKEN": True,
    "AUTH_TOKEN_CLASSES": ["accounts.tokens.RevocableAccessToken"],
}

SPECTACULAR_SETTINGS = {
    "TITLE": "Microscope",
    "DESCRIPTION": "Watch, capture and find microscope images. Times are UTC, exposures milliseconds, gains decibels.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["microscope.permissions.HasNeeded"],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "SCHEMA_PATH_PREFIX": r"/api/v1",
    "ENUM_NAME_OVERRIDES": {},
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "microscope.schema.describe_errors",
    ],
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "INFO"},
    "loggers": {
        "django": {"handlers": [], "level": "INFO", "propagate": True},
        "django.server": {"handlers": ["console"], "level": "INFO", "propagate": False},
        "PIL": {"level": "WARNING"},
    },
}
