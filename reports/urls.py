"""Signing in and out, the person's and the firm's own pages."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
