"""Personal API tokens: to see, to make, to revoke."""

from django.urls import path

from tenants.tokens import views

urlpatterns = [
    path("", views.tokens, name="tokens"),
    path("new/", views.new_token, name="token-new"),
    path("<str:key>/revoke/", views.revoke, name="token-revoke"),
]
