"""A person's own settings, signature and sessions."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
