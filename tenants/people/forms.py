"""What a manager says about somebody of the firm. Forms validate; actions store."""

from __future__ import annotations

from typing import Any

from django import forms

from tenants.models import User
from tenants.models.users import normalise_email
from tenants.permissions import Role

_REQUIRED = {"required": "Say what the person is in the firm."}


def _name() -> forms.CharField:
    return forms.CharField(
        max_length=100,
        help_text="As colleagues know the person; each writes the block they sign with themselves.",
        error_messages={"required": "Give the person's name."},
    )


def _role(initial: str = "") -> forms.ChoiceField:
    return forms.ChoiceField(
        choices=Role.choices, widget=forms.RadioSelect, initial=initial, error_messages=_REQUIRED
    )


class InviteForm(forms.Form):
    """Who is invited, and as what."""

    name = _name()
    email = forms.EmailField(
        label="E-mail",
        max_length=254,
        help_text="The invitation goes there; the person signs in with it.",
        error_messages={"required": "Give the address to which the invitation goes."},
    )
    # Nothing is chosen beforehand: what a colleague may do is decided, not overlooked.
    role = _role()

    def clean_email(self) -> str:
        return normalise_email(self.cleaned_data["email"])

    def clean_role(self) -> Role:
        return Role(self.cleaned_data["role"])


class PersonForm(forms.Form):
    """Another name or role; the role is asked only where the firm decides it."""

    name = _name()
    role = _role()

    def __init__(self, data: Any = None, *, person: User, asks_role: bool) -> None:
        super().__init__(data, initial={"name": person.name, "role": person.role})
        self._present = Role(person.role)
        if not asks_role:
            del self.fields["role"]

    def chosen_role(self) -> Role:
        """The role after the form. Only for a valid form."""
        return Role(self.cleaned_data.get("role", self._present))
