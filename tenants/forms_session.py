"""The sign-in form."""

from __future__ import annotations

from django import forms
from django.contrib.auth.forms import AuthenticationForm


class SignInForm(AuthenticationForm):
    """E-mail and password. One message for every failure, so that nobody learns who exists."""

    error_messages = {
        "invalid_login": "E-mail and password do not match. Check both; capitals count in the password.",
        "inactive": "E-mail and password do not match. Check both; capitals count in the password.",
    }

    username = forms.EmailField(
        label="E-mail",
        widget=forms.EmailInput(attrs={"autocomplete": "username", "autofocus": True}),
    )
    password = forms.CharField(
        label="Password",
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
