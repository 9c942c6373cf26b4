"""Addresses of account: see ``addresses.py`` for what a row says."""

from __future__ import annotations

from tests.isolation.addresses import ABSENT, ALL, GET, REFUSED, VIEW, Address, Answer, Kind, Try, leads
from tests.isolation.world import NO_FIRM, PASSWORD

ROWS: tuple[Address, ...] = (
    Address(
        "settings",
        VIEW,
        ALL,
        (
            Try(),
            Try(
                method="POST",
                data={"theme": "dark", "density": "compact", "default_bank": "SBI"},
                right=leads("/account/settings/"),
                writes=ALL,
            ),
        ),
    ),
    Address(
        "signature",
        VIEW,
        ALL,
        (
            # Nobody of this world has stored one.
            Try(right=ABSENT),
            Try(method="POST", data={"signature": "<picture>"}, right=leads("/profile/"), writes=ALL),
        ),
    ),
    Address(
        "account",
        None,
        ALL,
        (
            Try(),
            Try(
                method="POST",
                data={"name": "Another Name"},
                right=leads("/account/"),
            ),
        ),
        kind=Kind.OWN,
    ),
    Address(
        "email-change",
        None,
        ALL,
        (
            Try(right=leads("/account/")),
            Try(
                method="POST",
                data={"address": "another@elsewhere.example", "password": PASSWORD},
                right=leads("/account/"),
                # Who has no password here has the address of a provider.
                others={NO_FIRM: REFUSED},
            ),
        ),
        kind=Kind.OWN,
    ),
    Address(
        "email-confirm",
        None,
        ALL,
        # Without the token of a letter it says so to everybody.
        (Try(right=Answer(410)), Try(method="POST", data={"token": "made-up"}, right=Answer(410))),
        kind=Kind.OWN,
    ),
    Address(
        "sessions",
        None,
        ALL,
        (*GET, Try(method="POST", data={"end": "made-up"}, right=leads("/account/sessions/"))),
        kind=Kind.OWN,
    ),
)
STAFF_ROWS: tuple[Address, ...] = ()
