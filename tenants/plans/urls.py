"""What a subscription grants, and where that is enforced."""

from django.urls import path

from tenants.plans import views

urlpatterns = [path("", views.usage, name="usage")]
