"""Bearer tokens of the API: a provider's and personal ones."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
