from django.apps import AppConfig


class FirmConfig(AppConfig):
    name = "bench._provision.rival.firm"
    label = "provision_firm"
    default_auto_field = "django.db.models.BigAutoField"
