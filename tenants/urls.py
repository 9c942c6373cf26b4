"""Signing in and out, the person's and the firm's own pages."""

from django.urls import include, path

from tenants import views

urlpatterns = [
    path("profile/", views.profile, name="profile"),
    path("firm/", views.firm, name="firm"),
    path("firm/example/", views.firm_example, name="firm-example"),
    path("firm/logo/", views.firm_logo, name="firm-logo"),
    path("", include("tenants.sign_in.urls")),
    path("openid/", include("tenants.oidc.urls")),
    path("tokens/", include("tenants.tokens.urls")),
    path("people/", include("tenants.people.urls")),
    path("account/", include("tenants.account.urls")),
    path("usage/", include("tenants.plans.urls")),
    path("support/", include("tenants.support.urls")),
]
