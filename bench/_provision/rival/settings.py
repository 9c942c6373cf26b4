"""django-tenants' documented layout, and nothing that creating a firm does not need."""

import os

SECRET_KEY = "for-benchmarks-only-and-long-enough-to-be-a-key"
USE_TZ = True
SHARED_APPS = [
    "django_tenants",
    "bench._provision.rival.public.apps.PublicConfig",
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.admin",
]
TENANT_APPS = ["bench._provision.rival.firm.apps.FirmConfig"]
INSTALLED_APPS = [*SHARED_APPS, *TENANT_APPS]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
TENANT_MODEL = "provision_public.Firm"
TENANT_DOMAIN_MODEL = "provision_public.Domain"
# The quicker way: a base schema is cloned, and no migration is run for a firm.
if os.environ.get("BENCH_CLONE"):
    TENANT_CREATION_FAKES_MIGRATIONS = True
    TENANT_BASE_SCHEMA = "base_firm"
DATABASE_ROUTERS = ["django_tenants.routers.TenantSyncRouter"]
DATABASES = {
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
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
