"""What a firm writes of a bank and of a branch, its letterhead and its empanelment. Forms validate only."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from django import forms

from banks.merging import BANK_FIELDS, BRANCH_FIELDS
from banks.models import BRANCH_CODE, Bank, Branch
from banks.pages.editing import Current, EditForm
from tenants.forms import FirmForm

_BRANCH_WIDTHS = {
    "name": 8,
    "code": 4,
    "ifsc": 4,
    "micr": 4,
    "street": 12,
    "area": 6,
    "landmark": 6,
    "city": 4,
    "district": 4,
    "state": 4,
    "pin_code": 4,
    "phone": 4,
    "email": 4,
    "manager_name": 6,
    "manager_phone": 6,
    "latitude": 3,
    "longitude": 3,
}
_LETTERHEAD = ("tagline", "address", "phone", "email", "website", "registration")
MOST_ADDRESS_LINES = 5


class _Phone(forms.TextInput):
    input_type = "tel"


def _of_model(model: type[Any], name: str) -> forms.Field:
    """The form field of a model's field with all its rules, which Django leaves to the model."""
    of_model = model._meta.get_field(name)
    field: forms.Field = of_model.formfield()
    field.validators = [*of_model.validators]
    if name in ("phone", "manager_phone"):
        field.widget = _Phone()
    return field


class BankForm(EditForm):
    """The bank's own values."""

    widths = {"name": 8, "short_name": 4, "bank_type": 4, "city": 4, "state": 4}

    def build(self) -> None:
        for name in BANK_FIELDS:
            self.fields[name] = _of_model(Bank, name)

    def clean(self) -> dict[str, Any]:
        self.forgive_untouched()
        return self.cleaned_data


class BranchForm(EditForm):
    """A branch's values: names, address, contact."""

    widths = _BRANCH_WIDTHS

    def build(self) -> None:
        for name in BRANCH_FIELDS:
            self.fields[name] = _of_model(Branch, name)

    def _clean_fields(self) -> None:
        if self.data.get("ifsc"):
            # An IFSC is written in capitals; nobody is sent back for that.
            self.amend({"ifsc": str(self.data["ifsc"]).strip().upper()})
        super()._clean_fields()

    def clean(self) -> dict[str, Any]:
        self.forgive_untouched()
        return self.cleaned_data


class NewBranchForm(BranchForm):
    """A branch that only this firm has."""

    def build(self) -> None:
        super().build()
        code = forms.CharField(
            max_length=40,
            validators=[BRANCH_CODE],
            required=False,
            help_text="A short name for lists and exports. The IFSC is taken when it is left empty.",
        )
        self.fields = {"code": code, **self.fields}

    def clean(self) -> dict[str, Any]:
        return self.cleaned_data


class LetterheadForm(EditForm):
    """Lines of the letterhead for this bank's reports; what is empty is printed as the firm's own."""

    widths = {
        "name": 6,
        "tagline": 6,
        "address": 12,
        "phone": 4,
        "email": 4,
        "website": 4,
        "registration": 12,
    }

    def __init__(self, data: Any = None, *, current: Current, own: dict[str, str]) -> None:
        self._own = own
        super().__init__(data, current=current)

    def build(self) -> None:
        self.fields["name"] = deepcopy(FirmForm.base_fields["letterhead_name"])
        for name in _LETTERHEAD:
            self.fields[name] = deepcopy(FirmForm.base_fields[name])
        for name, field in self.fields.items():
            field.required = False
            field.help_text = ""
            field.widget.attrs["placeholder"] = self._own.get(name, "")

    def clean_address(self) -> str:
        lines = [line.strip() for line in str(self.cleaned_data["address"]).splitlines()]
        written = [line for line in lines if line]
        if len(written) > MOST_ADDRESS_LINES:
            raise forms.ValidationError(f"At most {MOST_ADDRESS_LINES} lines fit beside the name.")
        return "\n".join(written)


class EmpanelmentForm(EditForm):
    """Under what number the bank lists the firm, and until when."""

    widths = {"number": 6, "category": 6, "since": 3, "until": 3, "remarks": 12}

    number = forms.CharField(
        label="Number",
        max_length=80,
        required=False,
        help_text="As the bank wrote it; reports for this bank print it.",
    )
    category = forms.CharField(
        label="Category",
        max_length=80,
        required=False,
        help_text="For example: land and building, category A.",
    )
    since = forms.DateField(label="Since", required=False)
    until = forms.DateField(
        label="Until",
        required=False,
        help_text="The last day. Two months before it, the list of banks says so.",
    )
    remarks = forms.CharField(label="Remarks", max_length=400, required=False, widget=forms.Textarea)

    def clean(self) -> dict[str, Any]:
        cleaned = self.cleaned_data
        since, until = cleaned.get("since"), cleaned.get("until")
        if since and until and until < since:
            self.add_error("until", "It ends before it begins; give a later day, or correct the first.")
        return cleaned
