"""Sign-in with an OpenID Connect provider."""

from django.urls import path

from tenants.oidc import views

urlpatterns = [
    path("", views.account, name="openid"),
    path("sign-in/", views.start, name="openid-sign-in"),
    path("callback/", views.callback, name="openid-callback"),
    path("connect/", views.start_connecting, name="openid-connect"),
    path("disconnect/", views.stop, name="openid-disconnect"),
]
