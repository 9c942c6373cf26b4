"""What the views of these pages share: answers' statuses, "back to the bank's" within a form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import QueryDict

from banks.pages.editing import EditForm, plain
from tenants.access import TenantRequest

_INVALID, _CONFLICT = 422, 409
PAGE_LENGTH = 25


def status_of(form: EditForm) -> int:
    """What a page with the form answers."""
    if form.conflicts:
        return _CONFLICT
    return _INVALID if form.errors else 200


def resetting(request: TenantRequest, below: Mapping[str, Any]) -> QueryDict | None:
    """What was posted, with the field whose "back to" button was used as it is ``below``; None for a GET.

    The rest that was typed is saved along: nothing typed is lost.
    """
    if request.method != "POST":
        return None
    name = request.POST.get("reset", "")
    if name not in below:
        return request.POST
    data = request.POST.copy()
    value = plain(below[name])
    if isinstance(value, list):
        data.setlist(name, [str(one) for one in value])
    elif value is False:
        data.pop(name, None)
    else:
        data[name] = "true" if value is True else str(value)
    return data


def page_number(text: str | None) -> int:
    """The number of a page as an address gives it; 1 for anything else."""
    return max(1, int(text)) if text and text.isascii() and text.isdigit() and len(text) < 7 else 1
