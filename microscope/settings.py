"""All settings. The variables of the environment are read here, once. From here on names carry their units."""

import socket
from pathlib import Path

from corsheaders.defaults import default_headers

from camera.drivers.names import DRIVERS, NO_CAMERA, SIMULATED_CAMERAS
from microscope import VERSION  # also for the apps, as settings.VERSION
from microscope.http.rest_settings import REST_FRAMEWORK, SIMPLE_JWT, describe_schema  # noqa: F401 (Django's own)
from microscope.log.configuration import LOGGING  # noqa: F401 (Django's own setting)
from microscope.start import environment as env
from microscope.start.data_folder import make_data_folder, name_installation, read_or_make_key
from microscope.start.database.address import SQLITE
from microscope.start.memory import leave_out_postgres

BASE_DIR = Path(__file__).resolve().parent.parent
env.read_env_file(BASE_DIR / ".env")

# Alone, or one of several

MICROSCOPE_ROLE = env.choice("MICROSCOPE_ROLE", "", ["", "instrument", "library"])
INSTRUMENT_NAME = env.text("INSTRUMENT_NAME") or socket.gethostname()
INSTRUMENT_URL = env.web_address("INSTRUMENT_URL")

# Where it runs

HOST = env.text("HOST", "127.0.0.1")
PORT = env.whole_number("PORT", 3000, 1, 65535)
DEBUG = env.switch("DEBUG", False)
DATA_PATH = env.folder("DATA_PATH", "data", BASE_DIR)
ROOT_PATH = env.root_path("ROOT_PATH")
HTTPS = env.switch("HTTPS", False)
HSTS_SECONDS = env.whole_number("HSTS_SECONDS", 0, 0, 63_072_000)
ALLOWED_HOSTS = ["localhost", "127.0.0.1", "[::1]", socket.gethostname(), *env.word_list("ALLOWED_HOSTS")]
if HOST not in ("0.0.0.0", "::"):
    ALLOWED_HOSTS.append(f"[{HOST}]" if ":" in HOST else HOST)
ALLOWED_ORIGINS = env.word_list("ALLOWED_ORIGINS")
TRUSTED_PROXIES = env.whole_number("TRUSTED_PROXIES", 0, 0, 10)
OFFLINE_GRACE_HOURS = env.number("OFFLINE_GRACE_HOURS", 8, 0, 168)
SERVER_THREADS = env.whole_number("SERVER_THREADS", 96, 8, 1000)

# The camera

CAMERA_DRIVER = env.choice("CAMERA_DRIVER", "auto", [*DRIVERS])
if MICROSCOPE_ROLE == "library" and not env.is_set("CAMERA_DRIVER"):
    CAMERA_DRIVER = NO_CAMERA
CAMERA_SERIAL_NUMBER = env.text("CAMERA_SERIAL_NUMBER")
CAMERA_IDLE_SECONDS = env.number("CAMERA_IDLE_SECONDS", 10, 0, 86_400)
SIMULATED_CAMERA = env.choice("SIMULATED_CAMERA", "colour-2mp", [*SIMULATED_CAMERAS])
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
FFMPEG_PATH = env.exact_text("FFMPEG_PATH").strip()
MINIMUM_FREE_MB = env.whole_number("MINIMUM_FREE_MB", 1000, 0, 10**9)
BURST_MEMORY_MB = env.whole_number("BURST_MEMORY_MB", 512, 1, 10**6)

# Backups

BACKUP_TO = env.folder_or_none("BACKUP_TO", BASE_DIR)
BACKUP_HOUR = env.whole_number("BACKUP_HOUR", 3, 0, 23)

# The object store

S3_ENDPOINT = env.host_address("S3_ENDPOINT")
S3_REGION = env.word("S3_REGION", "us-east-1", r"[a-z0-9-]{1,40}", "the name of a region, such as eu-central-1")
S3_BUCKET = env.word("S3_BUCKET", "", r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", "the name of a bucket, such as microscope")
S3_ACCESS_KEY = env.secret("S3_ACCESS_KEY", 3)
S3_SECRET_KEY = env.secret("S3_SECRET_KEY", 8)
S3_PUBLIC_URL = env.host_address("S3_PUBLIC_URL")
S3_PROXY = env.switch("S3_PROXY", not S3_PUBLIC_URL)
S3_MAX_MBPS = env.number("S3_MAX_MBPS", 0, 0, 100_000)
S3_LOCK_DAYS = env.whole_number("S3_LOCK_DAYS", 0, 0, 36_500)
KEEP_LOCAL_DAYS = env.whole_number_or_none("KEEP_LOCAL_DAYS", 1, 36_500)
EVICT_BELOW_MB = env.whole_number("EVICT_BELOW_MB", 0, 0, 10**9)

# Who is told about jobs

JOB_WEBHOOK_URL = env.web_address("JOB_WEBHOOK_URL")
JOB_WEBHOOK_SECRET = env.secret("JOB_WEBHOOK_SECRET", 32)
JOB_PING_URL = env.web_address("JOB_PING_URL")
JOB_EMAIL_TO = env.mail_addresses("JOB_EMAIL_TO")
DEFAULT_FROM_EMAIL = env.mail_address("EMAIL_FROM")
EMAIL_BACKEND = "images.notices.smtp.BoundedEmailBackend"
EMAIL_HOST = env.text("EMAIL_HOST")
EMAIL_PORT = env.whole_number("EMAIL_PORT", 587, 1, 65535)
EMAIL_SECURITY = env.choice("EMAIL_SECURITY", "starttls", ["starttls", "tls", "none"])
EMAIL_USE_TLS, EMAIL_USE_SSL = EMAIL_SECURITY == "starttls", EMAIL_SECURITY == "tls"
EMAIL_HOST_USER = env.text("EMAIL_USER")
EMAIL_HOST_PASSWORD = env.exact_text("EMAIL_PASSWORD")
EMAIL_TIMEOUT = 10  # seconds, for each step

# The first administrator: `manage.py serve` makes it if there is none

ADMIN_USERNAME = env.text("ADMIN_USERNAME", "admin")
ADMIN_PASSWORD = env.exact_text("ADMIN_PASSWORD")

SECRET_KEY = env.secret("SECRET_KEY", 32)
DATABASE = env.database("DATABASE_URL", DATA_PATH / "microscope.sqlite3", BASE_DIR)

# All variables have been read. Nothing is written to disk before a misspelt name is refused.
env.refuse_unknown()
SETTING_NAMES = list(env.DECLARED)
make_data_folder(DATA_PATH)
SECRET_KEY = SECRET_KEY or read_or_make_key(DATA_PATH / "secret-key")

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
    *("corsheaders", "django_filters"),
    *("drf_spectacular", "drf_spectacular_sidecar"),
    *("rest_framework", "rest_framework_simplejwt.token_blacklist"),
]

MIDDLEWARE = [
    "microscope.http.middleware.ArrivalMiddleware",
    "microscope.http.request_number.RequestNumberMiddleware",
    "microscope.audit.AuditMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "microscope.http.middleware.ContentSecurityPolicyMiddleware",
    "microscope.http.middleware.FreshAnswersMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "microscope.setup.door.DoorMiddleware",
    "corsheaders.middleware.CorsMiddleware",
    "microscope.http.proxy.HttpsMiddleware",
    "microscope.http.middleware.ApiTimeMiddleware",
    "microscope.http.middleware.KeptCookieMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "microscope.offline.middleware.OfflineMiddleware",
    "microscope.http.middleware.PageUserMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "microscope.http.middleware.ErrorTableMiddleware",
]

ROOT_URLCONF = "microscope.urls"
FORCE_SCRIPT_NAME = ROOT_PATH or None
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

DATABASES = {"default": DATABASE}
if DATABASES["default"]["ENGINE"] == SQLITE:
    leave_out_postgres()
    # Without IMMEDIATE, transactions that read and then write fail with "database is locked" under load.
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 10,
        # Each thread has its own connection, and by default each connection caches 2 MB of pages that the system
        # caches anyway. With a thread for each watcher that is more than everything else together.
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; "
        "PRAGMA cache_size=-512",
    }
    DATABASES["default"]["CONN_MAX_AGE"] = None
    DATABASES["default"]["TEST"] = {"NAME": ":memory:"}  # as with Django's own engine
else:
    # Threads share a pool, because the server has more threads than PostgreSQL allows connections.
    DATABASES["default"]["OPTIONS"] = {
        **DATABASES["default"].get("OPTIONS", {}),
        "pool": {"min_size": 1, "max_size": 20, "timeout": 5},
        "connect_timeout": 5,
        # A locked table is an error after some seconds, as on SQLite. No JIT: to compile a query takes longer than to
        # run any of ours.
        "options": "-c lock_timeout=10s -c jit=off",
    }
    # After the database was away, old connections are dead, so the pool checks each before it is used.
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
LOGIN_REDIRECT_URL = "live"
LOGOUT_REDIRECT_URL = "sign-in"

LANGUAGE_CODE = "en"
TIME_ZONE = env.time_zone("TIME_ZONE")
USE_I18N = False
FORMAT_MODULE_PATH = "microscope.formats"
USE_TZ = True

STATIC_URL = f"{ROOT_PATH}/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = True
WHITENOISE_ALLOW_ALL_ORIGINS = False

# Who may send requests, and how

CORS_ALLOWED_ORIGINS = ALLOWED_ORIGINS
CSRF_TRUSTED_ORIGINS = ALLOWED_ORIGINS
# Other origins may send every header of the API and read every header of an answer. A test compares both lists with
# the schema.
CORS_ALLOW_HEADERS = [
    *default_headers,
    *("idempotency-key", "if-match", "if-none-match", "if-range", "range", "x-control-lease"),
]
CORS_EXPOSE_HEADERS = [
    *("Accept-Ranges", "Content-Disposition", "Content-Length", "Content-Range", "ETag", "Retry-After"),
    *("X-Frame-Number", "X-Frame-Received-At", "X-Frame-Age-Ms", "X-Frame-Width", "X-Frame-Height"),
    *("X-Significant-Bits", "X-Roi", "X-Binning", "X-Flip", "X-Rotation-Deg", "X-Exposure-Ms", "X-Gain-Db"),
    *("X-Histogram", "X-Clipped", "X-Underexposed", "X-Focus", "X-Request-Number", "X-Control-Asked-By"),
    *("X-Offline", "X-Offline-Until", "X-Offline-Reason"),
]
# A browser sends its cookies to every port of a PC, so each installation has its own cookie names. All nodes of a
# library are one installation: a session goes on at whichever node answers.
INSTALLATION = name_installation(SECRET_KEY, Path("library") if MICROSCOPE_ROLE == "library" else DATA_PATH)
SESSION_COOKIE_NAME = f"microscope_session_{INSTALLATION}"
CSRF_FAILURE_VIEW = "microscope.errors.refuse_forgery"
CSRF_COOKIE_NAME = f"microscope_csrf_{INSTALLATION}"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
SESSION_COOKIE_PATH = CSRF_COOKIE_PATH = ROOT_PATH or "/"
SESSION_ENGINE = "accounts.sessions"
SESSION_COOKIE_SAMESITE = "Lax"
SECURE_CONTENT_TYPE_NOSNIFF = True
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
if HTTPS:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_HSTS_SECONDS = HSTS_SECONDS
    SESSION_COOKIE_SECURE = True
    CSRF_COOKIE_SECURE = True
    SILENCED_SYSTEM_CHECKS = [
        "security.W004",  # HSTS is off by default: a browser remembers it for long, also if the lab gives up TLS.
        "security.W005",  # It must not include other hosts of the lab's domain,
        "security.W021",  # nor the preload lists of browsers: this host cannot promise that for them.
        "security.W008",  # HttpsMiddleware redirects instead, and only if a reverse proxy listens there.
    ]

SPECTACULAR_SETTINGS = describe_schema(VERSION, ROOT_PATH)
