"""This project's app, and Django's own apps with object ids for keys."""

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig
from django.contrib.auth.apps import AuthConfig
from django.contrib.contenttypes.apps import ContentTypesConfig

OBJECT_ID = "django_mongodb_backend.fields.ObjectIdAutoField"


class ValuationConfig(AppConfig):
    name = "valuation"
    default_auto_field = OBJECT_ID

    def ready(self) -> None:
        # Registers the system checks.
        from valuation import checks  # noqa: F401, PLC0415


class MongoAdminConfig(AdminConfig):
    default_auto_field = OBJECT_ID
    default_site = "valuation.admin_site.StaffSite"


class MongoAuthConfig(AuthConfig):
    default_auto_field = OBJECT_ID


class MongoContentTypesConfig(ContentTypesConfig):
    default_auto_field = OBJECT_ID
