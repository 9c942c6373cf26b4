"""The forms of signing in and of choosing a password. They check; they store nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.forms import AuthenticationForm, SetPasswordForm

from tenants.models import User

if TYPE_CHECKING:
    # As the form that is extended here has it.
    _SetPasswordForm = SetPasswordForm[AbstractBaseUser]
else:
    _SetPasswordForm = SetPasswordForm


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


class ChoosePasswordForm(_SetPasswordForm):
    """The password twice."""

    error_messages = {"password_mismatch": "The two passwords differ. Type the same one twice."}

    def clean(self) -> dict[str, Any]:
        """What is wrong with the password is said where it is typed first."""
        self.validate_passwords("new_password1", "new_password2")
        self.validate_password_for_user(self.user, "new_password1")
        return self.cleaned_data


class ChangePasswordForm(ChoosePasswordForm):
    """The present password, and the new one twice."""

    old_password = forms.CharField(label="Present password", strip=False)

    def clean_old_password(self) -> str:
        """Whoever calls counts the tries."""
        typed: str = self.cleaned_data["old_password"]
        if not self.user.check_password(typed):
            raise forms.ValidationError(
                "That is not your present password. Capitals count.", code="password_incorrect"
            )
        return typed

    @property
    def knows_the_password(self) -> bool:
        """Whether the present password was right."""
        return "old_password" in getattr(self, "cleaned_data", {})


class ForgottenForm(forms.Form):
    """The e-mail address of somebody who forgot the password. Whether somebody has it is not said."""

    email = forms.EmailField(
        label="E-mail address",
        max_length=User._meta.get_field("email").max_length,
        error_messages={"required": "Type the e-mail address with which you sign in."},
    )
