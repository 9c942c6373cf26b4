from django.apps import AppConfig


class PublicConfig(AppConfig):
    name = "bench._provision.rival.public"
    label = "provision_public"
    default_auto_field = "django.db.models.BigAutoField"
