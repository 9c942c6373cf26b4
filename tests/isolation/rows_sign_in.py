"""Addresses of sign in: see ``addresses.py`` for what a row says."""

from __future__ import annotations

from tests.isolation.addresses import ALL, OK, REFUSED, Address, Answer, Kind, Try, leads
from tests.isolation.world import NO_FIRM, PASSWORD, SUSPENDED

_OTHER = "another-password-for-tests"
_BUT_SUSPENDED = {SUSPENDED: REFUSED}
_ASKED = leads("/password/reset/sent/")

ROWS: tuple[Address, ...] = (
    Address(
        "password-change",
        None,
        ALL,
        (
            Try(),
            Try(
                method="POST",
                data={"old_password": PASSWORD, "new_password1": _OTHER, "new_password2": _OTHER},
                right=leads("/password/"),
                # Has no password: the page says so.
                others={NO_FIRM: OK},
            ),
        ),
        kind=Kind.OWN,
    ),
    Address(
        "password-reset",
        None,
        ALL,
        (
            Try(others=_BUT_SUSPENDED),
            Try(
                method="POST",
                data={"email": "manager@north-valuers.example"},
                right=_ASKED,
                others=_BUT_SUSPENDED,
            ),
        ),
        kind=Kind.OPEN,
        reason="For whoever cannot sign in. The answer is the same whoever exists.",
    ),
    Address(
        "password-reset-sent",
        None,
        ALL,
        (Try(others=_BUT_SUSPENDED),),
        kind=Kind.OPEN,
        reason="Says the same to everybody.",
    ),
    Address(
        "password-reset-link",
        None,
        ALL,
        (
            Try(right=Answer(410), others=_BUT_SUSPENDED),
            Try(
                method="POST",
                data={"new_password1": _OTHER, "new_password2": _OTHER},
                right=Answer(410),
                others=_BUT_SUSPENDED,
            ),
        ),
        at=("nobody", "made-up"),
        kind=Kind.OPEN,
        reason="Who forgot the password cannot sign in: the signed link says who it is.",
    ),
)
STAFF_ROWS: tuple[Address, ...] = ()
