"""A firm whose subscription and grace are over: every address, by every method that writes, as its manager.

Nothing of the firm may be changed by any of them. One's own account, sessions and tokens are the control
plane's and go on; what else does is listed with its reason.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from tenants.models import Organization
from tests.isolation.addresses import Address, Kind, Try
from tests.isolation.all_addresses import FIRM_ADDRESSES
from tests.isolation.test_addresses import names_of, request
from tests.isolation.world import MANAGER, NORTH, Outcome, World, built

READING = ("GET", "HEAD", "OPTIONS")
WRITING = [
    pytest.param(address, one, id=f"{address.name}-{place}")
    for address in FIRM_ADDRESSES
    for place, one in enumerate(address.tries)
    if one.method not in READING
]
LOOKING = [
    pytest.param(address, one, id=address.name)
    for address in FIRM_ADDRESSES
    for one in address.tries
    if one.method == "GET" and MANAGER.role in (address.who if one.who is None else one.who)
]
# Forms of what may not be done now: nothing to be looked at.
FORMS_ALONE: Mapping[str, str] = {
    "firm": "The form of what may not be changed now.",
    "firm-example": "Belongs to that form.",
    "reports:new": "The form of what may not be begun now.",
    "people-invite": "The form of a letter that nobody may be sent now.",
    "token-new": "The form of a token with which nothing could be done now.",
    "reports:values": "Belongs to the editor's form.",
    "reports:upgrade": "What would become of a draft that may not be changed now.",
    "bank-change": "The form of what may not be changed now.",
    "bank-letterhead": "The form of what may not be changed now.",
    "bank-empanelment": "The form of what may not be changed now.",
    "branch-add": "The form of what may not be changed now.",
    "branch-change": "The form of what may not be changed now.",
    "bank-format-add": "The form of what may not be changed now.",
    "bank-format-field": "The form of what may not be changed now.",
}
# What goes on: it is written in the control plane.
GOES_ON: Mapping[str, str] = {
    "person": "Names and roles: somebody who left must lose theirs.",
    "person-deactivate": "Somebody who left must be kept out.",
    "person-withdraw": "Whoever should not come in after all must not.",
    "person-sign-out": "A lost telephone does not wait for the renewal.",
    "person-revoke-tokens": "Nor does a lost token.",
}


@pytest.fixture(scope="module")
def world(_migrated: None, django_db_blocker: Any) -> Iterator[World]:
    """The small world, whose first firm may only be read since yesterday."""
    with django_db_blocker.unblock(), built() as world:
        yesterday = timezone.localdate() - timedelta(days=1)
        Organization.objects.filter(org_id=NORTH).update(
            plan="basic",
            limits={"name": "Basic", "features": ["api", "activity_export", "single_sign_on"]},
            subscription_ends_on=yesterday - timedelta(days=15),
            read_only_from=yesterday,
        )
        world.keep()
        yield world


def asked(world: World, address: Address, one: Try) -> Outcome:
    return request(world, address, one, MANAGER, names_of(world, address))


@pytest.mark.parametrize(("address", "one"), WRITING)
def test_nothing_of_the_firm_is_changed(world: World, address: Address, one: Try) -> None:
    outcome = asked(world, address, one)
    assert NORTH not in outcome.written
    if address.kind in (Kind.OPEN, Kind.OWN) or address.name in GOES_ON:
        assert outcome.status < 500
        return
    assert outcome.status == 403, outcome.body[:200]
    if address.kind is Kind.API:
        assert b"subscription has ended" in outcome.body
    else:
        assert b"Nothing can be changed now" in outcome.body


@pytest.mark.parametrize(("address", "one"), LOOKING)
def test_everything_can_be_looked_at(world: World, address: Address, one: Try) -> None:
    outcome = asked(world, address, one)
    assert NORTH not in outcome.written
    if address.name in FORMS_ALONE:
        assert outcome.status == 403
    else:
        assert outcome.status == one.right.status


def test_the_exceptions_are_addresses() -> None:
    names = {address.name for address in FIRM_ADDRESSES}
    assert {*FORMS_ALONE, *GOES_ON} <= names
