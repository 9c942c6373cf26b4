from django.apps import AppConfig


class BanksConfig(AppConfig):
    name = "banks"
    verbose_name = "Shared resources"
    default_auto_field = "django_mongodb_backend.fields.ObjectIdAutoField"
