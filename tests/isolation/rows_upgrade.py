"""Addresses of bringing a draft up to date: see ``addresses.py`` for what a row says."""

from __future__ import annotations

from tenants.permissions import Permission
from tests.isolation.addresses import WRITERS, Address, Answer, Try

# The report has the version that is in force: nothing is changed, and the answer says so.
_UP_TO_DATE = Answer(422)

ROWS: tuple[Address, ...] = (
    Address(
        "reports:upgrade",
        Permission.DRAFT_REPORTS,
        WRITERS,
        (Try(), Try(method="POST", data={"version": "1", "base_version": "1"}, right=_UP_TO_DATE)),
        at=("<draft>",),
    ),
)
STAFF_ROWS: tuple[Address, ...] = ()
