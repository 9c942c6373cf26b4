from django.apps import AppConfig


class FirmConfig(AppConfig):
    name = "bench._requests.rival.firm"
    label = "rival_firm"
    default_auto_field = "django.db.models.BigAutoField"
