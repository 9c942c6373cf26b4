"""What a person says about themselves, and a manager about the firm. Forms validate; actions store."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.validators import RegexValidator
from django.utils import timezone

from tenants.models import Organization
from tenants.models.control import ACCENTS
from tenants.reference import PatternProblem, read_pattern

MOST_REGISTRATIONS = 8
# Empty pairs offered beside the filled ones.
_SPARE_PAIRS = 2
PHONE = RegexValidator(r"^[0-9+()/,. -]{4,60}$", "Use digits, spaces and + - ( ) / only.")


def lines(text: str) -> list[str]:
    """The non-empty lines of a text, each trimmed."""
    return [line.strip() for line in text.splitlines() if line.strip()]


def _area(rows: int, placeholder: str = "") -> forms.Textarea:
    return forms.Textarea(attrs={"rows": rows, "placeholder": placeholder})


def _tel() -> forms.TextInput:
    return forms.TextInput(attrs={"type": "tel"})


class ProfileForm(forms.Form):
    """The block under which a valuer signs; registrations are pairs of fields, ``label_0``, ``number_0`` …"""

    name = forms.CharField(
        label="Name as printed",
        max_length=100,
        help_text="With the title, as it stands on your registration.",
    )
    qualifications = forms.CharField(
        max_length=200, required=False, help_text="For example: B.E. (Civil), M.I.E., F.I.V."
    )
    memberships = forms.CharField(max_length=600, required=False, widget=_area(2), help_text="One a line.")
    empanelment = forms.CharField(
        label="Empanelment with banks",
        max_length=300,
        required=False,
        help_text="Number and date, as banks ask.",
    )
    address = forms.CharField(max_length=400, required=False, widget=_area(2))
    phone = forms.CharField(max_length=60, required=False, validators=[PHONE], widget=_tel())

    def __init__(self, data: Any = None, *, block: Mapping[str, Any]) -> None:
        """``block`` is the stored valuer block; see ``tenants.models.UserSettings``."""
        memberships = block.get("memberships") or ()
        initial = {
            name: block.get(name, "")
            for name in ("name", "qualifications", "empanelment", "address", "phone")
        }
        initial["memberships"] = memberships if isinstance(memberships, str) else "\n".join(memberships)
        pairs = [tuple(pair) for pair in block.get("registrations") or ()]
        self.pair_count = min(MOST_REGISTRATIONS, len(pairs) + _SPARE_PAIRS)
        for place, (label, number) in enumerate(pairs[:MOST_REGISTRATIONS]):
            initial[f"label_{place}"], initial[f"number_{place}"] = label, number
        super().__init__(data, initial=initial)
        for place in range(self.pair_count):
            self.fields[f"label_{place}"] = forms.CharField(
                label="Registration with", max_length=100, required=False
            )
            self.fields[f"number_{place}"] = forms.CharField(label="Number", max_length=100, required=False)

    def clean(self) -> dict[str, Any]:
        cleaned = self.cleaned_data
        for place in range(self.pair_count):
            label, number = cleaned.get(f"label_{place}"), cleaned.get(f"number_{place}")
            if label and not number:
                self.add_error(f"number_{place}", "Give the number, or clear the name beside it.")
            elif number and not label:
                self.add_error(f"label_{place}", "Say with whom, or clear the number beside it.")
        return cleaned

    def block(self) -> dict[str, Any]:
        """The valuer block as it is stored. Only for a valid form."""
        cleaned = self.cleaned_data
        pairs = [(cleaned[f"label_{place}"], cleaned[f"number_{place}"]) for place in range(self.pair_count)]
        return {
            **{name: cleaned[name] for name in ("name", "qualifications", "empanelment", "phone")},
            "address": ", ".join(lines(cleaned["address"])),
            "memberships": lines(cleaned["memberships"]),
            "registrations": [[label, number] for label, number in pairs if label],
        }


class FirmForm(forms.Form):
    """The firm as its reports and pages show it."""

    letterhead_name = forms.CharField(label="Name on the letterhead", max_length=120)
    tagline = forms.CharField(
        label="Line under the name",
        max_length=160,
        required=False,
        help_text="For example: Government approved valuers.",
    )
    address = forms.CharField(
        label="Address",
        max_length=400,
        required=False,
        widget=_area(3),
        help_text="As many lines as shall be printed, at most 5.",
    )
    phone = forms.CharField(max_length=60, required=False, validators=[PHONE], widget=_tel())
    email = forms.EmailField(label="E-mail", required=False)
    website = forms.CharField(
        max_length=120,
        required=False,
        validators=[
            RegexValidator(r"^(https?://)?[\w.-]+\.[a-z]{2,}(/\S*)?$", "Write it like www.example.com.")
        ],
    )
    registration = forms.CharField(
        label="Registration of the firm",
        max_length=160,
        required=False,
        help_text="Printed at the foot of the letterhead.",
    )
    initials = forms.CharField(
        max_length=6,
        validators=[RegexValidator(r"^[A-Z0-9]{1,6}$", "Use 1 to 6 capital letters or digits.")],
        help_text="{initials} in the reference number.",
    )
    reference_pattern = forms.CharField(
        label="Pattern of reference numbers",
        max_length=80,
        help_text="{initials} {bank} {seq:04} {DDMMYYYY} {YYYY} {FY}; {seq:04:year} begins anew each year.",
    )
    accent = forms.ChoiceField(label="Colour", choices=ACCENTS, widget=forms.RadioSelect)
    valuers_may_review = forms.BooleanField(
        label="Valuers may review and approve each other's reports",
        required=False,
        help_text="Otherwise managers alone do.",
    )
    own_reports_may_be_approved = forms.BooleanField(
        label="Whoever submitted a report may approve it",
        required=False,
        help_text="For a firm of one valuer. Otherwise two people stand behind every report.",
    )
    logo = forms.FileField(required=False)
    remove_logo = forms.BooleanField(required=False)

    def __init__(self, data: Any = None, files: Any = None, *, organization: Organization) -> None:
        letterhead = organization.letterhead or {}
        address = letterhead.get("address") or ()
        initial = {
            name: letterhead.get(name, "")
            for name in ("tagline", "phone", "email", "website", "registration")
        }
        initial |= {
            "letterhead_name": letterhead.get("name") or organization.name,
            "address": address if isinstance(address, str) else "\n".join(address),
            "initials": organization.initials,
            "reference_pattern": organization.reference_pattern,
            "accent": organization.accent,
            "valuers_may_review": organization.valuers_may_review,
            "own_reports_may_be_approved": organization.own_reports_may_be_approved,
        }
        super().__init__(data, files, initial=initial)

    def clean_address(self) -> str:
        given: str = self.cleaned_data["address"]
        if len(lines(given)) > 5:
            raise forms.ValidationError("At most 5 lines fit beside the name.")
        return given

    def clean_reference_pattern(self) -> str:
        pattern: str = self.cleaned_data["reference_pattern"].strip()
        try:
            read_pattern(pattern)
        except PatternProblem as problem:
            raise forms.ValidationError(str(problem)) from problem
        return pattern

    def letterhead(self) -> dict[str, Any]:
        """The letterhead as it is stored, without the logo. Only for a valid form."""
        cleaned = self.cleaned_data
        return {
            "name": cleaned["letterhead_name"],
            **{name: cleaned[name] for name in ("tagline", "phone", "email", "website", "registration")},
            "address": lines(cleaned["address"]),
        }


def reference_example(pattern: str, initials: str) -> str:
    """The 42nd reference number of today by ``pattern``. Raises PatternProblem."""
    filled: str = read_pattern(pattern).fill(
        number=42, day=timezone.localdate(), initials=initials, bank_code="SBI"
    )
    return filled
