"""The list page with constants where the databases' answers were: what the page costs by itself.

The view is the application's own; only the two functions that ask for the numbers and the rows are replaced.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponseBase

from bench._requests.data import PERSON, ROLE, firms, reports
from reports import listing
from tenants.models import Organization, OrganizationStatus, User

FIRM = firms(1)[0]
_ORGANIZATION = Organization(
    org_id=FIRM.org_id,
    name=FIRM.name,
    initials=FIRM.initials,
    status=OrganizationStatus.ACTIVE,
    letterhead={"name": FIRM.name},
)
_PERSON = User(pk="1" * 24, email=FIRM.email, name=PERSON, organization=_ORGANIZATION, role=ROLE)


class ConstantPersonMiddleware:
    """Everybody is the one person of the one firm."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        request.user = _PERSON
        request.organization = _ORGANIZATION  # type: ignore[attr-defined]
        request.read_only = ""  # type: ignore[attr-defined]
        return self.get_response(request)


def _answers() -> tuple[listing.Tally, list[listing.Row]]:
    """What both functions would answer for the firm's first page, made of the same reports."""
    newest = datetime.fromisoformat(os.environ["BENCH_NEWEST"])
    count = int(os.environ["BENCH_REPORTS"])
    stored = list(reports(FIRM, count=count, me=str(_PERSON.pk), newest=newest))
    numbers = Counter((one["status"], one["bank_code"], one["bank_name"]) for one in stored)
    shown = stored[: listing.PAGE_SIZE]
    rows = [{"pk": f"{number:024x}", **one} for number, one in enumerate(shown)]
    return listing.Tally(numbers), listing.to_rows(
        {name: row[name] for name in listing.ROW_FIELDS} for row in rows
    )


def replace_the_queries() -> None:
    """From now on this process's list page asks nobody. The functions must still be those the view calls."""
    tally, rows = _answers()

    def constant_tally(filters: listing.Filters, user_id: str) -> listing.Tally:
        return tally

    def constant_rows(filters: listing.Filters, user_id: str, **bounds: Any) -> list[listing.Row]:
        return rows

    for name, function in (("tally", constant_tally), ("rows", constant_rows)):
        if not hasattr(listing, name):
            raise RuntimeError(f"reports.listing has no {name}() any more: the benchmark must follow")
        setattr(listing, name, function)
