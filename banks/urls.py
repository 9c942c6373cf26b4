"""The firm's own pages of banks: what it sees of each, and what it changes."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
