"""Sign-in with an OpenID Connect provider."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
