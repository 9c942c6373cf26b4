from django.apps import AppConfig


class FirmConfig(AppConfig):
    name = "bench._fleet.firm"
    label = "fleet_firm"
    default_auto_field = "django.db.models.BigAutoField"
