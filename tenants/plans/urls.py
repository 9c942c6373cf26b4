"""What a subscription grants, and where that is enforced."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
