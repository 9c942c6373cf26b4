"""The form that makes a personal API token."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpRequest

from tenants.models import User
from tenants.permissions import Scope
from tenants.sign_in.handler import knows_password
from tenants.tokens.actions import MOST_DAYS
from tenants.tokens.personal import KEY, new_key
from tenants.tokens.scopes import scopes_within

DAYS = [(7, "7 days"), (30, "30 days"), (90, "90 days"), (MOST_DAYS, "One year")]


class TokenForm(forms.Form):
    """Name, scopes that the role allows, expiry; and the current password of whoever has one."""

    name = forms.CharField(
        label="Name",
        max_length=60,
        help_text="What you will know it by, e.g. the program that uses it.",
    )
    scopes = forms.MultipleChoiceField(
        label="What it is for",
        help_text="Never more than your role allows at the time.",
    )
    days = forms.TypedChoiceField(label="Good for", choices=DAYS, coerce=int, initial=30)
    password = forms.CharField(
        label="Present password",
        strip=False,
        max_length=4096,
        help_text="So that nobody makes a token on a browser that you left open.",
    )
    # Made with the page: a form that is sent twice makes one token.
    key = forms.RegexField(KEY.pattern + r"\Z")

    def __init__(self, request: HttpRequest, person: User, data: Any = None) -> None:
        super().__init__(data, initial={"key": new_key(), "scopes": [Scope.READ.value]})
        self.request, self.person = request, person
        scopes: Any = self.fields["scopes"]
        scopes.choices = [(one.value, one.label) for one in scopes_within(person.role)]
        if not person.has_usable_password():
            del self.fields["password"]

    def clean_password(self) -> str:
        """Through the doors of the sign-in, which close after too many wrong ones."""
        password = str(self.cleaned_data["password"])
        if not knows_password(self.request, self.person, password):
            raise forms.ValidationError("That is not your present password.")
        # It is needed no more, and must not be found where forms are shown or told.
        return ""
