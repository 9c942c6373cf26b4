"""Addresses of the firm's pages of banks: see ``addresses.py`` for what a row says.

Banks and formats are everybody's, so no address names one firm's object; what a firm changes of them is its
own, and only its managers change it.
"""

from __future__ import annotations

from collections.abc import Mapping

from tenants.permissions import Permission
from tests.isolation.addresses import ABSENT, ALL, GET, MANAGERS, NONE, Address, Answer, Roles, Try, leads

_LOOK, _CHANGE = Permission.VIEW_REPORTS, Permission.MANAGE_OVERRIDES
_BANK = ("SBI",)
_BRANCH = ("SBI", "SBI_DEL_CP")
_FORMAT = ("SBI", "general", "land_building")
_SECTION = (*_FORMAT, "general", "extent")
_FIELD = (*_SECTION, "extent_deed")
_AT_BANK, _AT_BRANCH = "/banks/SBI/", "/banks/SBI/branches/SBI_DEL_CP/"
_AT_EAST = "/banks/SBI/branches/OWN_EAST/"
_AT_FORMAT = "/banks/SBI/formats/general/land_building/"
_AT_SECTION = f"{_AT_FORMAT}general/extent/"
# Of a firm that has changed nothing yet.
_FIRST = {"version": "0", "was": "{}"}
_GATE = {"label": "Gate", "type": "text", "after": "extent_deed"}
_EXTENT = {"label": "Extent as the deed has it", "required": "true"}
_PLACE = {"name": "Connaught Place", "city": "New Delhi", "state": "Delhi"}


def _seen(name: str, at: tuple[str, ...] = ()) -> Address:
    return Address(name, _LOOK, ALL, GET, at=at)


def _form(name: str, at: tuple[str, ...], to: str, data: Mapping[str, str]) -> Address:
    sent = Try(method="POST", data={**_FIRST, **data}, right=leads(to), writes=MANAGERS)
    return Address(name, _CHANGE, MANAGERS, (Try(), sent), at=at)


def _button(
    name: str,
    at: tuple[str, ...],
    right: Answer,
    data: Mapping[str, str] | None = None,
    writes: Roles = MANAGERS,
) -> Address:
    sent = Try(method="POST", data={**_FIRST, **(data or {})}, right=right, writes=writes)
    return Address(name, _CHANGE, MANAGERS, (sent,), at=at)


ROWS: tuple[Address, ...] = (
    _seen("banks"),
    _seen("bank", _BANK),
    _seen("bank-branches", _BANK),
    _seen("branch", _BRANCH),
    _seen("bank-format", _FORMAT),
    _seen("bank-format-section", _SECTION),
    _form("bank-change", _BANK, _AT_BANK, {"name": "State Bank", "bank_type": "public"}),
    _form("bank-letterhead", _BANK, _AT_BANK, {"tagline": "For the State Bank"}),
    _form("bank-empanelment", _BANK, _AT_BANK, {"number": "SBI/0042"}),
    _form(
        "branch-add",
        _BANK,
        "/banks/SBI/branches/OWN_EAST/",
        {**_PLACE, "code": "EAST", "ifsc": "SBIN0NEW001"},
    ),
    _form("branch-change", _BRANCH, _AT_BRANCH, {**_PLACE, "ifsc": "SBIN0DEMO01", "phone": "000 0000 0004"}),
    _form(
        "bank-format-add", _SECTION, _AT_SECTION, {"label": "Gate", "type": "text", "after": "extent_deed"}
    ),
    _form(
        "bank-format-field", _FIELD, _AT_SECTION, {"label": "Extent as the deed has it", "required": "true"}
    ),
    _button("bank-format-figures", _FORMAT, leads(_AT_FORMAT), {"realizable_percent": "85"}),
    _button("bank-hidden", _BANK, leads("/banks/"), {"hidden": "yes"}),
    _button("branch-hidden", _BRANCH, leads(_AT_BANK), {"hidden": "yes"}),
    # There is nothing yet to take back, to keep, or to remove.
    _button("bank-reset", _BANK, leads(_AT_BANK), {"place": "bank.name"}, writes=NONE),
    _button("bank-accept", _BANK, leads(_AT_BANK), {"place": "bank.name"}, writes=NONE),
    _button("branch-remove", _BRANCH, leads(_AT_BANK), writes=NONE),
    _button("bank-format-remove", _FIELD, ABSENT, writes=NONE),
)
STAFF_ROWS: tuple[Address, ...] = ()
