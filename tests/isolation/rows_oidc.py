"""Addresses of oidc: see ``addresses.py`` for what a row says. There is no provider where these are tried."""

from __future__ import annotations

from tests.isolation.addresses import ABSENT, ALL, REFUSED, Address, Kind, Try, leads
from tests.isolation.world import SUSPENDED

_PAGE = leads("/openid/")

ROWS: tuple[Address, ...] = (
    Address("openid", None, ALL, (Try(),), kind=Kind.OWN),
    Address(
        "openid-connect",
        None,
        ALL,
        (Try(method="POST", data={"password": "wrong"}, right=ABSENT),),
        kind=Kind.OWN,
    ),
    # Nobody of the table is connected.
    Address(
        "openid-disconnect",
        None,
        ALL,
        (Try(method="POST", data={"password": "wrong"}, right=_PAGE),),
        kind=Kind.OWN,
    ),
    Address(
        "openid-sign-in",
        None,
        ALL,
        (Try(right=ABSENT, others={SUSPENDED: REFUSED}),),
        kind=Kind.OPEN,
        reason="This is where people go to the provider to sign in.",
    ),
    Address(
        "openid-callback",
        None,
        ALL,
        (Try(right=ABSENT, others={SUSPENDED: REFUSED}),),
        kind=Kind.OPEN,
        reason="Who comes back from the provider is signed in by what they bring.",
    ),
)
STAFF_ROWS: tuple[Address, ...] = ()
