"""The firm's people: invitations, roles, seats."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
