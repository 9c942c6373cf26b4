"""The application's settings, on django-tenants: its documented layout, and what the package says it is.

The application's own apps are installed for their templates' tags and the view, and have no tables here.
"""

import os

from valuation.settings import *  # noqa: F403
from valuation.settings import MIDDLEWARE as _SERVED

SHARED_APPS = [
    "django_tenants",
    "bench._requests.rival.public.apps.PublicConfig",
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.admin",
]
TENANT_APPS = ["bench._requests.rival.firm.apps.FirmConfig"]
_WITHOUT_TABLES = [
    "django.contrib.staticfiles",
    "django_htmx",
    "csp",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "tenants.sign_in.apps.LockOutConfig",
    "tenants.apps.TenantsConfig",
    "banks.apps.BanksConfig",
    "reports.apps.ReportsConfig",
]
INSTALLED_APPS = [*SHARED_APPS, *TENANT_APPS, *_WITHOUT_TABLES]
MIGRATION_MODULES = dict.fromkeys(("tenants", "banks", "reports", "axes"), None)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TENANT_MODEL = "rival_public.Firm"
TENANT_DOMAIN_MODEL = "rival_public.Domain"
TENANT_LIMIT_SET_CALLS = True
DATABASE_ROUTERS = ["django_tenants.routers.TenantSyncRouter"]
DATABASES = {  # type: ignore[assignment]
    "default": {
        "ENGINE": "django_tenants.postgresql_backend",
        "NAME": os.environ["BENCH_PG_NAME"],
        "USER": os.environ["BENCH_PG_USER"],
        "PASSWORD": os.environ["BENCH_PG_PASSWORD"],
        "HOST": "127.0.0.1",
        "PORT": os.environ["BENCH_PG_PORT"],
        "CONN_MAX_AGE": None,
    }
}

AUTH_USER_MODEL = "rival_public.Person"
AUTHENTICATION_BACKENDS = ["bench._requests.rival.auth.PersonBackend"]

# Health first, so that nobody must know a firm to ask for it; then the tenant's, at the top as documented.
_IN_PLACE_OF = {
    "valuation.health.HealthMiddleware": [
        "valuation.health.HealthMiddleware",
        "django_tenants.middleware.main.TenantMainMiddleware",
    ],
    "tenants.middleware.PersonMiddleware": ["django.contrib.auth.middleware.AuthenticationMiddleware"],
    "tenants.middleware.OrganizationMiddleware": ["bench._requests.rival.auth.MemberMiddleware"],
    # Ways in that the other one has not; none of them asks a database for the pages measured here.
    "tenants.tokens.middleware.BearerMiddleware": [],
    "tenants.support.middleware.SupportMiddleware": [],
    "tenants.oidc.renewal.Renewal": [],
    "axes.middleware.AxesMiddleware": [],
}
MIDDLEWARE = [name for served in _SERVED for name in _IN_PLACE_OF.get(served, [served])]
ROOT_URLCONF = "bench._requests.rival.urls"
SESSION_ENGINE = "django.contrib.sessions.backends.db"
