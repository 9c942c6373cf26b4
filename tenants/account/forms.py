"""What a person may change of the own account."""

from __future__ import annotations

from typing import Any

from django import forms

from tenants.models import User
from tenants.models.users import normalise_email


class NameForm(forms.Form):
    """The name that colleagues and the records of what was done show."""

    name = forms.CharField(
        max_length=100,
        help_text="What colleagues see. The name that reports print is in your profile.",
    )


class AddressForm(forms.Form):
    """Another e-mail address, and the password. Whether somebody has the address is not said."""

    address = forms.EmailField(label="New e-mail address", max_length=254)
    password = forms.CharField(label="Present password", strip=False, max_length=4096)

    def __init__(self, data: Any = None, *, person: User) -> None:
        super().__init__(data)
        self._person = person

    def clean_address(self) -> str:
        address = normalise_email(self.cleaned_data["address"])
        if address == self._person.email:
            raise forms.ValidationError("That is your e-mail address already.")
        return address
