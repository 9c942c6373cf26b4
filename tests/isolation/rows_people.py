"""Addresses of people: see ``addresses.py`` for what a row says."""

from __future__ import annotations

from collections.abc import Mapping

from tenants.permissions import Permission
from tests.isolation.addresses import GET, MANAGERS, Address, Try, leads
from tests.isolation.staff_addresses import PERSON, asked

_INVITATION = {"name": "Nora New", "email": "nora@new.example", "role": "assistant"}
_PEOPLE = Permission.MANAGE_PEOPLE


def _page(name: str, *tries: Try, at: str = "") -> Address:
    return Address(name, _PEOPLE, MANAGERS, tries, at=(at,) if at else ())


def _button(name: str, person: str, data: Mapping[str, str] | None = None) -> Address:
    """A button of a person's page; all it changes is in the control plane."""
    return _page(name, Try(method="POST", data=data, right=leads(f"/people/{person}/")), at=person)


# A valuer of the firm, somebody with an open invitation, and somebody who was deactivated.
ROWS: tuple[Address, ...] = (
    _page("people", *GET),
    _page("people-invite", Try(), Try(method="POST", data=_INVITATION, right=leads("/people/<new>/"))),
    _page(
        "person",
        Try(),
        Try(
            method="POST",
            data={"name": "Another Name", "role": "viewer"},
            right=leads("/people/<colleague>/"),
        ),
        at="<colleague>",
    ),
    _button("person-resend", "<guest>"),
    _button("person-withdraw", "<guest>"),
    _button("person-deactivate", "<colleague>"),
    _button("person-reactivate", "<left>"),
    _button("person-sign-out", "<colleague>"),
    _button("person-revoke-tokens", "<colleague>"),
)
STAFF_ROWS: tuple[Address, ...] = (
    asked("admin:tenants_user_withdraw", "<invited>", f"{PERSON}<invited>/change/"),
    asked("admin:tenants_user_sign_out", "<person>", f"{PERSON}<person>/change/"),
    asked("admin:tenants_user_unlock", "<person>", f"{PERSON}<person>/change/"),
)
