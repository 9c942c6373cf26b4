"""Local sign-in: e-mail and password, lock-out, password reset."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
