"""Local sign-in: e-mail and password, lock-out, password reset."""

from django.urls import path

from tenants.sign_in import links, passwords, views

urlpatterns = [
    path("sign-in/", views.sign_in, name="sign-in"),
    path("sign-out/", views.sign_out, name="sign-out"),
    path("invitation/<uidb64>/<token>/", links.invitation, name="invitation"),
    path("appearance/", views.appearance, name="appearance"),
    path("password/", passwords.password, name="password-change"),
    path("password/reset/", passwords.password_reset, name="password-reset"),
    path("password/reset/sent/", passwords.password_reset_sent, name="password-reset-sent"),
    path("password/reset/<uidb64>/<token>/", links.forgotten_password, name="password-reset-link"),
]
