"""The staff's support sessions inside a firm."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
