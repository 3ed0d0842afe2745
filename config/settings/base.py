"""What is the same everywhere, by subject. The environment is read here and nowhere else."""

import sys
from pathlib import Path
from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured

env = environ.Env()
BASE_DIR = Path(__file__).resolve().parent.parent.parent


# Commands that need neither database nor secret: anyone may run them on any machine.
OFFLINE = sys.argv[1:2] == ["verify_certificate"]
_PAPER = {"SECRET_KEY": "offline", "REDIS_URL": "redis://offline.invalid/0"}


def required(name: str, why: str) -> str:
    """The value of an environment variable without which the platform cannot run."""
    value: str = env.str(name, "")
    if not value and OFFLINE:
        return _PAPER.get(name, "postgresql://nobody@offline.invalid/nothing")
    if not value:
        raise ImproperlyConfigured(f"{name} is not set: {why} `make up` sets it; elsewhere put it in the environment.")
    return value


# ------------------------------------------------------------------ place and address
DATA_DIR = Path(env.str("DATA_DIR", str(BASE_DIR / "var"))).absolute()
LOG_DIR = Path(env.str("LOG_DIR", str(DATA_DIR / "logs")))
BACKUP_PATH = Path(env.str("BACKUP_PATH", str(DATA_DIR / "backups")))
JOURNAL_PATH = Path(env.str("JOURNAL_PATH", str(DATA_DIR / "journal")))
PUBLIC_BASE_URL = env.str("PUBLIC_BASE_URL", "http://127.0.0.1:8000").rstrip("/")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["127.0.0.1", "localhost"])
PRODUCT_NAME = "Sottovoce"
OPERATOR_PROFILE = env.str("OPERATOR_PROFILE", "klariqo")
MAINTENANCE = env.bool("MAINTENANCE", False)  # or `manage.py maintenance on`
DEBUG = False
SECRET_KEY = required("SECRET_KEY", "it signs sessions and links.")

# ------------------------------------------------------------------ applications
INSTALLED_APPS = [
    "ground.tenancy",
    "ground.vault",
    "ground.audit",
    "ground.jobs",
    "ground.inventory",
    "accounts",
    "delivery",
    "contacts",
    "consent",
    "subprocessors",
    "billing",
    "agents",
    "calls",
    "retention",
    "insights",
    "dsar",
    "incidents",
    "policy",
    "config.demo",
    "config.apps.AdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.humanize",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "allauth.socialaccount",
    "rest_framework",
    "drf_spectacular",
    "django_filters",
    "django_htmx",
    "csp",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "config.middleware.RequestIdentityMiddleware",
    "config.middleware.ClosedMiddleware",
    "accounts.request_log.RequestLogMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "accounts.middleware.OrganizationMiddleware",
]
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "accounts.context.frame",
                "delivery.context.bell",
            ]
        },
    }
]
INSTALLED_APPS.append("django.forms")

# ------------------------------------------------------------------ databases: two, each by a role that owns nothing
_POOL = {"min_size": 1, "max_size": env.int("DATABASE_POOL_SIZE", 6), "timeout": 10}


def _database(name: str, why: str) -> dict[str, Any]:
    settings: dict[str, Any] = env.db_url_config(required(name, why))
    options = {**settings.get("OPTIONS", {}), "application_name": "sottovoce"}
    if env.bool("DATABASE_POOL", False):
        options["pool"] = _POOL
    settings.update(ENGINE="django.db.backends.postgresql", OPTIONS=options, CONN_MAX_AGE=0, ATOMIC_REQUESTS=False)
    return settings


DATABASES = {
    "default": _database("DATABASE_URL", "it names the main PostgreSQL database."),
    "keyring": _database("KEYRING_DATABASE_URL", "it names the PostgreSQL database that holds the wrapped data keys."),
}
DATABASE_ROUTERS = ["ground.tenancy.routing.KeyringRouter"]
DATABASE_OWNER_URL = env.str("DATABASE_OWNER_URL", "")
KEYRING_DATABASE_OWNER_URL = env.str("KEYRING_DATABASE_OWNER_URL", "")
BACKUP_SCRATCH_URL = env.str("BACKUP_SCRATCH_URL", "")  # where backups are tested; empty: a database made for it
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# ------------------------------------------------------------------ keys, objects
KEYSTORE_BACKEND = env.str("KEYSTORE_BACKEND", "folder")
KEYSTORE_PATH = Path(env.str("KEYSTORE_PATH", str(DATA_DIR / "keystore")))
KEYSTORE_MIRROR_PATH = Path(env.str("KEYSTORE_MIRROR_PATH", str(DATA_DIR / "keystore-mirror")))
KEYSTORE_BUCKET = env.str("KEYSTORE_BUCKET", "")
KEYSTORE_MIRROR_BUCKET = env.str("KEYSTORE_MIRROR_BUCKET", "")
ROOT_KEY_FILE = Path(env.str("ROOT_KEY_FILE", str(DATA_DIR / "keys" / "root.key")))
KMS_KEY_ID = env.str("KMS_KEY_ID", "")
KMS_ENDPOINT_URL = env.str("KMS_ENDPOINT_URL", "")
KMS_REGION = env.str("KMS_REGION", "")
S3_BUCKET = env.str("S3_BUCKET", "")
S3_ENDPOINT_URL = env.str("S3_ENDPOINT_URL", "")
S3_REGION = env.str("S3_REGION", "us-east-1")
S3_ACCESS_KEY_ID = env.str("S3_ACCESS_KEY_ID", "")
S3_SECRET_ACCESS_KEY = env.str("S3_SECRET_ACCESS_KEY", "")
OBJECTS_BACKEND = env.str("OBJECTS_BACKEND", "s3" if S3_BUCKET else "folder")
OBJECTS_PATH = Path(env.str("OBJECTS_PATH", str(DATA_DIR / "objects")))
MEDIA_FETCH_ALLOW_LOOPBACK = env.bool("MEDIA_FETCH_ALLOW_LOOPBACK", False)
MEDIA_FETCH_MAX_BYTES = env.int("MEDIA_FETCH_MAX_BYTES", 200 * 1024 * 1024)
MEDIA_FETCH_SECONDS = env.int("MEDIA_FETCH_SECONDS", 240)
MEDIA_FETCH_HOSTS = env.list("MEDIA_FETCH_HOSTS", default=[])  # beside those each provider is known to use
INGEST_MAX_BYTES = env.int("INGEST_MAX_BYTES", 1024 * 1024)

# ------------------------------------------------------------------ queue and cache
REDIS_URL = required("REDIS_URL", "it names the Redis or Valkey server that wakes up work.")
REDIS_CACHE_URL = env.str("REDIS_CACHE_URL", REDIS_URL)
CACHES = {
    "default": {
        "BACKEND": "config.cache.RedisCache",
        "LOCATION": REDIS_CACHE_URL,
        "KEY_PREFIX": "sv",
    }
}
CELERY_BROKER_URL = (
    env.str("CELERY_BROKER_URL", REDIS_URL).replace("unix://", "redis+socket://").replace("?db=", "?virtual_host=")
)
SESSION_ENGINE = "accounts.sessions"
SESSION_COOKIE_AGE = 60 * 60 * 12  # seconds
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "accounts.error_views.csrf_failure"

# ------------------------------------------------------------------ people
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = True
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_CHANGE_EMAIL = True
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = True
ACCOUNT_SIGNUP_FORM_HONEYPOT_FIELD = "website"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_TOTP_ISSUER = PRODUCT_NAME
MFA_ADAPTER = "accounts.second_factor.SealingMFAAdapter"
ACCOUNT_FORMS = {
    "add_email": "accounts.signing_in.AddEmailForm",
    "login": "accounts.signing_in.LoginForm",
    "reset_password": "accounts.signing_in.ResetPasswordForm",
    "signup": "accounts.signing_in.SignupForm",
}
ACCOUNT_ADAPTER = "accounts.signing_in.AccountAdapter"
ACCOUNT_SIGNUP_OPEN = env.bool("ACCOUNT_SIGNUP_OPEN", True)
ORGANIZATIONS_OPEN = env.bool("ORGANIZATIONS_OPEN", False)  # whether people may open organizations by themselves
USERSESSIONS_TRACK_ACTIVITY = False
DESTRUCTION_GRACE_SECONDS = env.int("DESTRUCTION_GRACE_SECONDS", 600)  # a confirmed destruction can be undone so long
STAFF_ACCESS_MAX_MINUTES = env.int("STAFF_ACCESS_MAX_MINUTES", 60)  # the longest session of staff at tenant data
STAFF_ACCESS_CONFIRMED_SECONDS = env.int("STAFF_ACCESS_CONFIRMED_SECONDS", 300)  # age of the second factor to open one
SOCIALACCOUNT_EMAIL_AUTHENTICATION = False
SOCIALACCOUNT_STORE_TOKENS = False
ALLAUTH_TRUSTED_PROXY_COUNT = env.int("ALLAUTH_TRUSTED_PROXY_COUNT", 0)

# ------------------------------------------------------------------ e-mail: sealed and queued, sent by a job (ADR 13)
EMAIL_BACKEND = "delivery.backend.QueueingBackend"
EMAIL_FILE_PATH = DATA_DIR / "mail"  # without EMAIL_URL: one file each, to be opened with any mail program
EMAIL_TRANSPORT = "delivery.transport.FolderBackend"
if env.str("EMAIL_URL", ""):
    _mail = env.email_url("EMAIL_URL")
    EMAIL_TRANSPORT = _mail.pop("EMAIL_BACKEND")
    vars().update({name: value for name, value in _mail.items() if name != "EMAIL_FILE_PATH" or value})
EMAIL_TIMEOUT = env.int("EMAIL_TIMEOUT", 20)  # seconds
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", "Sottovoce <no-reply@sottovoce.invalid>")

# ------------------------------------------------------------------ language and time
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("fr", "Français"), ("de", "Deutsch")]
LOCALE_PATHS = [BASE_DIR / "locale"]
FORMAT_MODULE_PATH = "config.formats"
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

# ------------------------------------------------------------------ static files and headers
STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "font-src": ["'self'"],
        "media-src": ["'self'"],
        "connect-src": ["'self'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
        "base-uri": ["'none'"],
    }
}
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"

# ------------------------------------------------------------------ API
REST_FRAMEWORK = {
    "DEFAULT_SCHEMA_CLASS": "accounts.api.openapi.ApiSchema",
    "DEFAULT_AUTHENTICATION_CLASSES": ["accounts.api.authentication.ApiKeyAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["accounts.api.permissions.HasScope"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_THROTTLE_CLASSES": ["accounts.api.throttling.KeyRateThrottle"],
    "DEFAULT_THROTTLE_RATES": {"api_key": env.str("API_RATE_PER_KEY", "1200/min")},
    "EXCEPTION_HANDLER": "accounts.api.problems.problem_handler",
    "UNAUTHENTICATED_USER": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Sottovoce API",
    "DESCRIPTION": "Calls, contacts, agents, periods and proofs of one organization, for programs. "
    "Every request carries an API key; what a key may do are its scopes.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "accounts.api.openapi.complete",
    ],
    "ENUM_NAME_OVERRIDES": {
        "ContactStateEnum": "contacts.models.ContactState",
        "RunStateEnum": "retention.models.RunState",
    },
    # The order of the page that explains the API, as the rail has it.
    "TAGS": [
        {"name": "Calls", "description": "What was said to a voice agent: store it, read it, listen, destroy it."},
        {
            "name": "Contacts",
            "description": "The people an organization knows; no address names them.",
        },
        {"name": "Agents", "description": "What each voice agent may keep, revision by revision."},
        {"name": "Provider connections", "description": "The doors through which voice platforms send calls."},
        {"name": "Retention", "description": "How long each category is kept, and what a change would make leave."},
        {"name": "Holds", "description": "What must not be destroyed for now, and why."},
        {"name": "Proof", "description": "What was destroyed, and the signed certificates of it."},
    ],
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 8 * 1024 * 1024  # bytes
# Uploads stay in memory until they are sealed: a temporary file would leave them readable on a disk.
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.MemoryFileUploadHandler"]
FILE_UPLOAD_MAX_MEMORY_SIZE = 21 * 1024 * 1024  # bytes; larger ones are not taken
METRICS_TOKEN = env.str("METRICS_TOKEN", "")

# ------------------------------------------------------------------ logs: structured, without personal data, by day
LOG_TO_FILES = env.bool("LOG_TO_FILES", False)
from config.logs import logging_configuration  # noqa: E402  (needs LOG_DIR above)

LOGGING_CONFIG = "config.logs.configure"
LOGGING = logging_configuration(LOG_DIR if LOG_TO_FILES else None)
