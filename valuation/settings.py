"""Settings, from the environment. What is missing is named at once; nothing has a guessable secret."""

from __future__ import annotations

import os
from email.utils import formataddr
from pathlib import Path
from typing import Any

import environ
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from tenants.oidc import configuration
from tenants.registry import Databases

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()

DEBUG = env.bool("DJANGO_DEBUG", default=False)
SECRET_KEY = env.str("DJANGO_SECRET_KEY", default="")
if not SECRET_KEY:
    raise ImproperlyConfigured("Set DJANGO_SECRET_KEY (“make run” and “make test” make one of their own).")
# What the system calls itself on pages that belong to no firm.
SITE_NAME = env.str("SITE_NAME", default="Valuation reports")
ALLOWED_HOSTS = env.list("DJANGO_ALLOWED_HOSTS", default=["127.0.0.1", "localhost"])
CSRF_TRUSTED_ORIGINS = env.list("DJANGO_CSRF_TRUSTED_ORIGINS", default=[])
# How many proxies of our own stand before the application: so many entries of X-Forwarded-For are believed.
TRUSTED_PROXIES = env.int("TRUSTED_PROXIES", default=0)
# Whether browsers reach the site by https; off only for an address on the own machine.
HTTPS = env.bool("DJANGO_HTTPS", default=True)

INSTALLED_APPS = [
    "valuation.apps.ValuationConfig",
    "valuation.apps.MongoAdminConfig",
    "valuation.apps.MongoAuthConfig",
    "valuation.apps.MongoContentTypesConfig",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_mongodb_backend",
    "django_htmx",
    "csp",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_tasks",
    "tenants.sign_in.apps.LockOutConfig",
    "tenants.apps.TenantsConfig",
    "banks.apps.BanksConfig",
    "reports.apps.ReportsConfig",
]

MIDDLEWARE = [
    "valuation.health.HealthMiddleware",
    "valuation.metrics.MetricsMiddleware",
    "tenants.origin.OriginMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "tenants.middleware.PersonMiddleware",
    # Before anything asks whose session it is.
    "tenants.tokens.middleware.BearerMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "valuation.middleware.PagesMiddleware",
    "tenants.support.middleware.SupportMiddleware",
    # Before anything of the firm is touched, and after the person is known.
    "tenants.oidc.renewal.Renewal",
    "tenants.middleware.OrganizationMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "valuation.urls"
WSGI_APPLICATION = "valuation.wsgi.application"

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "builtins": ["valuation.templatetags.constants"],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "valuation.context.appearance",
            ],
        },
    },
]

# Databases -------------------------------------------------------------------------------------------

# Every MongoDB address of this process by the name of its setting: MONGODB_URI holds the control plane and
# the shared resources, MONGODB_URI_<NAME> further clusters. A cluster record names one of these settings.
MONGODB_ADDRESSES: dict[str, str] = {
    name: value
    for name, value in os.environ.items()
    if name == "MONGODB_URI" or name.startswith("MONGODB_URI_")
}
# Who reads the shared resources, where a user that can only read them has been made (restrict_shared): the
# application's own user is used for staff's changes alone then. Without it that user reads them too.
READER_ADDRESSES: dict[str, str] = {
    name: os.environ[name] for name in ("SHARED_READER_URI",) if os.environ.get(name)
}
# An unreachable server must fail a request in seconds, and a write counts when the majority has it.
MONGODB_CLIENT_OPTIONS: dict[str, Any] = {
    "serverSelectionTimeoutMS": env.int("MONGODB_SELECTION_TIMEOUT_MS", default=1500),
    "connectTimeoutMS": 2000,
    # How soon a server that went silent is noticed.
    "heartbeatFrequencyMS": 2000,
    # What one operation may take in all: waiting for a server and a connection, tries, the answer. Uploads
    # and changes of a schema ask for more; commands of manage.py have no limit.
    "timeoutMS": env.int("MONGODB_OPERATION_TIMEOUT_MS", default=2000),
    "maxPoolSize": env.int("MONGODB_POOL_SIZE", default=32),
    "w": "majority",
    "retryWrites": True,
    "retryReads": True,
}
DATABASES = Databases(
    default={"ENGINE": "tenants.mongodb", "NAME": "valuation_admin", "ADDRESS_SETTING": "MONGODB_URI"},
    shared={
        "ENGINE": "tenants.mongodb",
        "NAME": "shared_resources",
        "ADDRESS_SETTING": "MONGODB_URI",
        "READER_SETTING": "SHARED_READER_URI",
    },
)
DATABASE_ROUTERS = ["tenants.router.PlaneRouter"]
DEFAULT_AUTO_FIELD = "django_mongodb_backend.fields.ObjectIdAutoField"
# Third-party migrations create integer keys, which MongoDB has not; these are theirs with object ids.
MIGRATION_MODULES: dict[str, str | None] = {
    "admin": "valuation.mongo_migrations.admin",
    "auth": "valuation.mongo_migrations.auth",
    "contenttypes": "valuation.mongo_migrations.contenttypes",
    # Its models are not used: without migrations, “migrate” makes no collection for them.
    "axes": None,
}
# How many organizations' connection settings a process keeps, least recently used dropped first.
ORGANIZATION_DATABASES = env.int("ORGANIZATION_DATABASES", default=50)
# How many organizations' connection wrappers each thread keeps. A wrapper is a few kilobytes and no socket;
# making one costs a tenth of an indexed read.
ORGANIZATION_CONNECTIONS = env.int("ORGANIZATION_CONNECTIONS", default=1000)
# Organizations with a database user of their own: the key that their passwords are made from, how many
# clients of theirs a process keeps (each costs threads and sockets), and connections for each.
ORGANIZATION_USERS_KEY = env.str("ORGANIZATION_USERS_KEY", default="")
ORGANIZATION_CLIENTS = env.int("ORGANIZATION_CLIENTS", default=20)
ORGANIZATION_POOL_SIZE = env.int("ORGANIZATION_POOL_SIZE", default=8)

# Operations ------------------------------------------------------------------------------------------

# Dropping, renaming and freezing collections is more than the application's own user may: these addresses are
# for operations alone, OPERATIONS_MONGODB_URI[_<NAME>] for the cluster of MONGODB_URI[_<NAME>]. Without one,
# an operation uses the cluster's own address.
OPERATIONS_ADDRESSES: dict[str, str] = {
    name.removeprefix("OPERATIONS_"): value
    for name, value in os.environ.items()
    if name == "OPERATIONS_MONGODB_URI" or name.startswith("OPERATIONS_MONGODB_URI_")
}
# How long whoever runs an operation may give no sign of life before somebody else may go on with it.
OPERATION_LEASE_SECONDS = env.float("OPERATION_LEASE_SECONDS", default=30.0)
# How long a process may write on the strength of what it read of an organization's state.
WRITES_KNOWN_SECONDS = env.float("WRITES_KNOWN_SECONDS", default=1.0)

# Backups ---------------------------------------------------------------------------------------------

# Where backups may be kept: BACKUP_STORES is name=address pairs with commas between them; an address is
# file:///directory or s3://bucket/prefix?endpoint=…&region=… (keys as boto3 finds them: AWS_ACCESS_KEY_ID …).
BACKUP_STORES: dict[str, str] = {
    pair.partition("=")[0].strip(): pair.partition("=")[2].strip()
    for pair in env.list("BACKUP_STORES", default=[f"local=file://{BASE_DIR / 'var' / 'backups'}"])
}
# The one that they go to unless another is asked for.
BACKUP_STORE = env.str("BACKUP_STORE", default=next(iter(BACKUP_STORES)))
# Public keys of age (age1…): with any, backups are sealed for them, and nobody else can read them.
BACKUP_RECIPIENTS = env.list("BACKUP_RECIPIENTS", default=[])
# A file of age's secret keys (AGE-SECRET-KEY-1…), needed for reading sealed backups and for nothing else.
BACKUP_IDENTITIES_FILE = env.str("BACKUP_IDENTITIES_FILE", default="")

# Background tasks ------------------------------------------------------------------------------------

# "mongodb": workers of our own run them (manage.py runworker); "celery": Celery's (same command), on Redis.
TASKS_BACKEND = env.str("TASKS_BACKEND", default="mongodb")
_TASK_BACKENDS = {
    "mongodb": "tenants.tasks.mongodb.MongoBackend",
    "celery": "tenants.tasks.celery.CeleryBackend",
}
if TASKS_BACKEND not in _TASK_BACKENDS:
    raise ImproperlyConfigured(f"TASKS_BACKEND is one of {', '.join(_TASK_BACKENDS)}.")
TASK_QUEUES = ["default", "operations"]
TASKS = {"default": {"BACKEND": _TASK_BACKENDS[TASKS_BACKEND], "QUEUES": TASK_QUEUES}}
CELERY_BROKER_URL = env.str("CELERY_BROKER_URL", default="redis://127.0.0.1:6379/0")
# How long a worker may give no sign of life before another begins its tasks anew.
TASK_LEASE_SECONDS = env.float("TASK_LEASE_SECONDS", default=30.0)
TASK_POLL_SECONDS = env.float("TASK_POLL_SECONDS", default=1.0)
# A task that failed is tried again after this, then twice as late each time, and so often in all.
TASK_RETRY_SECONDS = env.float("TASK_RETRY_SECONDS", default=5.0)
TASK_LONGEST_WAIT_SECONDS = 600.0
TASK_ATTEMPTS = env.int("TASK_ATTEMPTS", default=5)
# How long tasks that have ended are kept; dead letters stay until somebody looks at them.
TASK_KEPT_DAYS = env.int("TASK_KEPT_DAYS", default=7)

# People ----------------------------------------------------------------------------------------------

AUTH_USER_MODEL = "tenants.User"
# The first one refuses before any password is looked at.
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "tenants.authentication.EmailBackend"]
# Length counts, and what others guess first is refused; which kinds of characters it has is nobody's matter.
AUTH_PASSWORD_VALIDATORS: list[dict[str, Any]] = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "tenants.sign_in.validators.ContextWordsValidator"},
]
# The tests name a quicker hasher: a password's hash is slow on purpose.
PASSWORD_HASHERS = env.list(
    "DJANGO_PASSWORD_HASHERS",
    default=[
        "django.contrib.auth.hashers.PBKDF2PasswordHasher",
        "django.contrib.auth.hashers.ScryptPasswordHasher",
    ],
)
LOGIN_URL = "sign-in"
LOGIN_REDIRECT_URL = "work"
LOGOUT_REDIRECT_URL = "sign-in"
CSRF_COOKIE_SECURE = HTTPS
CSRF_COOKIE_HTTPONLY = True

# Sign-in ---------------------------------------------------------------------------------------------

# What all workers share for a while: counts of failures and of requests.
CACHES = {"default": {"BACKEND": "tenants.mongodb.cache.MongoCache"}}
# After so many failures within the time that a lock lasts, nobody signs in until it is over: of one e-mail
# address from one network address, of one e-mail address from anywhere, of anybody from one network address.
SIGN_IN_FAILURES = env.int("SIGN_IN_FAILURES", default=5)
SIGN_IN_FAILURES_OF_EMAIL = env.int("SIGN_IN_FAILURES_OF_EMAIL", default=20)
SIGN_IN_FAILURES_FROM_ADDRESS = env.int("SIGN_IN_FAILURES_FROM_ADDRESS", default=50)
SIGN_IN_LOCK_SECONDS = env.int("SIGN_IN_LOCK_SECONDS", default=15 * 60)
# django-axes asks and tells; the counts are tenants.sign_in.lockout's, and its own models are not used.
AXES_HANDLER = "tenants.sign_in.handler.LockOutHandler"
AXES_LOCKOUT_CALLABLE = "tenants.sign_in.views.locked_answer"
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_CLIENT_IP_CALLABLE = "tenants.origin.ip_of"
AXES_USERNAME_FORM_FIELD = "username"
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False
# How long the link is good for with which somebody who forgot the password chooses another.
PASSWORD_RESET_SECONDS = env.int("PASSWORD_RESET_SECONDS", default=60 * 60)

# Sessions --------------------------------------------------------------------------------------------

SESSION_ENGINE = "tenants.sessions"
# Whoever does nothing for so long is signed out; whoever signed in so long ago too, whatever they do.
SESSION_IDLE_SECONDS = env.int("SESSION_IDLE_SECONDS", default=2 * 60 * 60)
SESSION_ABSOLUTE_SECONDS = env.int("SESSION_ABSOLUTE_SECONDS", default=12 * 60 * 60)
# How often at most the use of a session is noted.
SESSION_SEEN_SECONDS = env.int("SESSION_SEEN_SECONDS", default=300)
# How long the link in the letter to a person's new e-mail address is good for.
EMAIL_CHANGE_SECONDS = env.int("EMAIL_CHANGE_SECONDS", default=60 * 60)
# The cookie lives as long as a session can; when one is over is for the server to say.
SESSION_COOKIE_AGE = SESSION_ABSOLUTE_SECONDS
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = HTTPS

# OpenID Connect --------------------------------------------------------------------------------------

# Sign-in with a provider (Amazon Cognito, or any other): on as soon as the client's id there is set.
OIDC_RP_CLIENT_ID = env.str("OIDC_RP_CLIENT_ID", default="")
OIDC_RP_CLIENT_SECRET = env.str("OIDC_RP_CLIENT_SECRET", default="")
OIDC_ENABLED = bool(OIDC_RP_CLIENT_ID)
# What the button on the sign-in page calls it: “Sign in with …”.
OIDC_NAME = env.str("OIDC_NAME", default="Single sign-on")
# Exactly what the tokens say as “iss”. Endpoints that are not set are read from its discovery document.
OIDC_ISSUER = env.str("OIDC_ISSUER", default="")
OIDC_OP_AUTHORIZATION_ENDPOINT = env.str("OIDC_OP_AUTHORIZATION_ENDPOINT", default="")
OIDC_OP_TOKEN_ENDPOINT = env.str("OIDC_OP_TOKEN_ENDPOINT", default="")
OIDC_OP_USER_ENDPOINT = env.str("OIDC_OP_USER_ENDPOINT", default="")
OIDC_OP_JWKS_ENDPOINT = env.str("OIDC_OP_JWKS_ENDPOINT", default="")
OIDC_OP_LOGOUT_ENDPOINT = env.str("OIDC_OP_LOGOUT_ENDPOINT", default="")
OIDC_SCOPES = env.str("OIDC_SCOPES", default="openid email profile")
OIDC_RP_SIGN_ALGO = "RS256"
OIDC_USE_PKCE = True
OIDC_PKCE_CODE_CHALLENGE_METHOD = "S256"
# The claim with the firm's org_id, the one with the person's groups, and which group makes which role. A
# person without a group keeps the role that the firm gave, or ("viewer") becomes a viewer.
OIDC_ORGANIZATION_CLAIM = env.str("OIDC_ORGANIZATION_CLAIM", default="custom:organization_id")
OIDC_ROLES_CLAIM = env.str("OIDC_ROLES_CLAIM", default="cognito:groups")
OIDC_ROLES: dict[str, str] = configuration.roles_of(env.list("OIDC_ROLES", default=[]))
OIDC_NO_GROUPS = env.str("OIDC_NO_GROUPS", default="keep")
# How long the provider may take for one answer, and how far its clock may be off.
OIDC_TIMEOUT = env.float("OIDC_TIMEOUT", default=5.0)
OIDC_CLOCK_SKEW_SECONDS = env.int("OIDC_CLOCK_SKEW_SECONDS", default=60)
# How often at most a token with a key that is not known has the provider's keys fetched anew.
OIDC_KEYS_REFETCH_SECONDS = env.float("OIDC_KEYS_REFETCH_SECONDS", default=30.0)
# How often the provider is asked whether the person is still signed in there, and still who they were.
OIDC_RENEW_SECONDS = env.int("OIDC_RENEW_SECONDS", default=15 * 60)
# How its sign-out is asked: “standard” (RP-Initiated Logout 1.0) or “cognito” (its own parameters).
OIDC_LOGOUT_STYLE = env.str("OIDC_LOGOUT_STYLE", default="standard")
# Whether the session keeps the ID token as a hint for sign-out: for a provider that asks again without it.
OIDC_STORE_ID_TOKEN = env.bool("OIDC_STORE_ID_TOKEN", default=False)
# Further origins that the provider leads through (its sign-in pages, a bank's own provider behind it).
OIDC_ORIGINS = configuration.origins_of(
    [
        OIDC_ISSUER,
        OIDC_OP_AUTHORIZATION_ENDPOINT,
        OIDC_OP_LOGOUT_ENDPOINT,
        *env.list("OIDC_ORIGINS", default=[]),
    ]
)
if OIDC_ENABLED and (_problem := configuration.problem_of(globals())):
    raise ImproperlyConfigured(_problem)

# Tokens ----------------------------------------------------------------------------------------------

# Whose access tokens the API takes, besides personal tokens: those of OIDC_ISSUER made for these clients.
API_CLIENT_IDS = env.list("API_CLIENT_IDS", default=[OIDC_RP_CLIENT_ID] if OIDC_ENABLED else [])
# What “token_use” must be, as Amazon Cognito says it. Empty for a provider without that claim: its tokens
# must be of the type at+jwt then (RFC 9068).
API_TOKEN_USE = env.str("API_TOKEN_USE", default="access")
# What “aud” must hold where a token has one; a token with one is refused while this is empty.
API_AUDIENCE = env.str("API_AUDIENCE", default="")
# The provider's scopes that are ours, as provider=ours pairs. A token with none of them only reads.
API_SCOPES: dict[str, str] = {
    theirs.strip(): ours.strip()
    for theirs, _, ours in (pair.rpartition("=") for pair in env.list("API_SCOPES", default=[]))
}
if not set(API_SCOPES.values()) <= {"read", "draft"} or "" in API_SCOPES:
    raise ImproperlyConfigured("API_SCOPES is provider=ours pairs; ours is read or draft.")

# Support access --------------------------------------------------------------------------------------

# The longest that a member of the staff may be inside a firm with one reason.
SUPPORT_MAX_MINUTES = env.int("SUPPORT_MAX_MINUTES", default=120)

# Plans -----------------------------------------------------------------------------------------------

# How long a firm goes on as before after its subscription has ended; then it can only be read.
SUBSCRIPTION_GRACE_DAYS = env.int("SUBSCRIPTION_GRACE_DAYS", default=14)
# How many requests with bad or no credentials an address may make to the API in a minute.
API_FAILURES_A_MINUTE = env.int("API_FAILURES_A_MINUTE", default=30)

# E-mail ----------------------------------------------------------------------------------------------

# smtp+tls://user:password@host:587, smtp+ssl://…:465, consolemail:// (prints what it would send). On the own
# machine it prints; elsewhere a mail server beside the application is tried.
_OWN_MACHINE = DEBUG or not HTTPS
# Whether mail is kept in files under var/outbox instead, which the page /outbox/ shows: own machine only.
MAIL_OUTBOX = env.bool("MAIL_OUTBOX", default=DEBUG and not HTTPS)
if MAIL_OUTBOX and HTTPS:
    raise ImproperlyConfigured(
        "MAIL_OUTBOX shows everybody's mail: it needs DJANGO_HTTPS=0, the own machine."
    )
if MAIL_OUTBOX:
    EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    EMAIL_FILE_PATH = str(BASE_DIR / "var" / "outbox")
else:
    vars().update(
        env.email_url("EMAIL_URL", default="consolemail://" if _OWN_MACHINE else "smtp://localhost:25")
    )
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default=formataddr((SITE_NAME, "no-reply@localhost")))
# Where people reach the site, for the links in e-mails.
SITE_URL = env.str("SITE_URL", default="http://127.0.0.1:8000" if _OWN_MACHINE else "")
# How long the link in an invitation is good for.
PASSWORD_RESET_TIMEOUT = 7 * 24 * 60 * 60

# Invitations -----------------------------------------------------------------------------------------

# How long somebody may take to follow an invitation; afterwards the seat it held is free again.
INVITATION_DAYS = env.int("INVITATION_DAYS", default=7)
if not 1 <= INVITATION_DAYS <= 30:
    raise ImproperlyConfigured("INVITATION_DAYS is 1 to 30: an open invitation is a way in for who reads it.")

# Exports ---------------------------------------------------------------------------------------------

# Where the archives of everything that a firm owns are written, a directory for each organization.
EXPORTS_DIRECTORY = env.str("EXPORTS_DIRECTORY", default=str(BASE_DIR / "var" / "exports"))

# The browser -----------------------------------------------------------------------------------------

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:", "blob:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        # Signing out leads to the sign-in provider, and a browser holds redirects of forms to this too.
        "form-action": [SELF, *(OIDC_ORIGINS if OIDC_ENABLED else [])],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
    },
}
SECURE_SSL_REDIRECT = HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_HSTS_PRELOAD = HTTPS
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

# Files -----------------------------------------------------------------------------------------------

STATIC_URL = "static/"
STATIC_ROOT = env.path("DJANGO_STATIC_ROOT", default=str(BASE_DIR / "var" / "static"))
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "tenants.files.OrganizationStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if env.bool("DJANGO_STATIC_MANIFEST", default=not DEBUG)
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
MAX_UPLOAD_BYTES = 15 * 1024 * 1024
# Twenty photographs at once, and the form around them.
MAX_REQUEST_BYTES = 20 * MAX_UPLOAD_BYTES + 1024 * 1024
FILE_UPLOAD_HANDLERS = [
    "valuation.uploads.BoundedUpload",
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]
MAX_IMAGE_PIXELS = 60_000_000
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 4000
FILE_UPLOAD_MAX_MEMORY_SIZE = 4 * 1024 * 1024

# Language, time, logs --------------------------------------------------------------------------------

LANGUAGE_CODE = "en-gb"
TIME_ZONE = env.str("TIME_ZONE", default="Asia/Kolkata")
USE_I18N = True
USE_TZ = True

LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", default="INFO")},
    "loggers": {"pymongo": {"level": "WARNING"}, "fontTools": {"level": "WARNING"}},
}

# Whoever sends this as a bearer token may read /metrics; without it, nobody may.
METRICS_TOKEN = env.str("METRICS_TOKEN", default="")

# The API ---------------------------------------------------------------------------------------------

REST_FRAMEWORK: dict[str, Any] = {
    # A bearer token first: whoever sends one asks with it alone.
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "tenants.tokens.bearer.BearerAuthentication",
        "tenants.authentication.OrganizationSessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["tenants.authentication.IsMember"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["tenants.api.parsing.ExactJSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_THROTTLE_CLASSES": ["tenants.plans.throttling.PlanThrottle"],
    "EXCEPTION_HANDLER": "valuation.api.problem_response",
    "UNAUTHENTICATED_USER": None,
    "COERCE_DECIMAL_TO_STRING": True,
    # What an answer is made of is the Accept header's to say, not a query parameter's.
    "URL_FORMAT_OVERRIDE": None,
}
SPECTACULAR_SETTINGS: dict[str, Any] = {
    "TITLE": "Valuation reports",
    "DESCRIPTION": "Reports, banks and the signed-in person of one firm of valuers.",
    "VERSION": "1.0.0",
    # A body and an answer of the same name may differ in what is required.
    "COMPONENT_SPLIT_REQUEST": True,
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "tenants.api.schema.describe_refusals",
    ],
    "ENUM_NAME_OVERRIDES": {
        "ReportStatus": "reports.models.ReportStatus",
        "Role": "tenants.permissions.Role",
        "BankType": "banks.models.BankType",
    },
}
