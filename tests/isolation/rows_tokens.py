"""Addresses of tokens: see ``addresses.py`` for what a row says."""

from __future__ import annotations

from tests.isolation.addresses import ABSENT, ALL, REFUSED, Address, Answer, Kind, Try
from tests.isolation.world import NO_FIRM, STAFF

# Nobody has a token of their own who belongs to no firm.
WITHOUT_TOKENS = {STAFF: REFUSED, NO_FIRM: REFUSED}
NEW_TOKEN = {"name": "Nightly import", "scopes": "read", "days": "30", "key": "00112233445566ff"}

ROWS: tuple[Address, ...] = (
    Address("tokens", None, ALL, (Try(others=WITHOUT_TOKENS),), kind=Kind.OWN),
    Address(
        "token-new",
        None,
        ALL,
        (
            Try(others=WITHOUT_TOKENS),
            # Nobody has sent the password that is asked for.
            Try(method="POST", data=NEW_TOKEN, right=Answer(422), others=WITHOUT_TOKENS),
        ),
        kind=Kind.OWN,
    ),
    Address(
        "token-revoke",
        None,
        ALL,
        # What is not one's own is not there; the tests of tokens have one's own.
        (Try(method="POST", data={}, right=ABSENT, others=WITHOUT_TOKENS),),
        at=("00112233445566ff",),
        kind=Kind.OWN,
    ),
)
STAFF_ROWS: tuple[Address, ...] = ()
