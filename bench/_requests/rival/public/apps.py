from django.apps import AppConfig


class PublicConfig(AppConfig):
    name = "bench._requests.rival.public"
    label = "rival_public"
    default_auto_field = "django.db.models.BigAutoField"
