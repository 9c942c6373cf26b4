"""A person's own account: name and address, signature, sessions."""

from django.urls import path

from tenants.account import views

urlpatterns = [
    path("", views.account, name="account"),
    path("email/", views.email_change, name="email-change"),
    path("email/confirm/", views.email_confirm, name="email-confirm"),
    path("sessions/", views.sessions, name="sessions"),
    path("signature/", views.signature, name="signature"),
]
