"""An uploaded file is kept for whoever uploaded it, for a while, and opened by its ticket alone."""

from __future__ import annotations

import pytest
from django.core.cache import cache

from banks.exchange.keeping import NotKept, Ticket, forget, keep, opened
from tenants.models import User

CONTENT = b"code,name\nA,One\n"


def ticket(digest: str, place: str = "here") -> Ticket:
    return Ticket(place=place, name="a.csv", digest=digest, version="1", deactivate_missing=True)


def test_the_ticket_gives_back_the_file_and_what_was_chosen(staff: User) -> None:
    given = ticket(keep(CONTENT, by=staff))
    assert opened(given.signed(staff), "here", by=staff) == (given, CONTENT)


def test_somebody_else_s_ticket_opens_nothing(staff: User, manager: User) -> None:
    digest = keep(CONTENT, by=staff)
    keep(CONTENT, by=manager)
    with pytest.raises(NotKept):
        opened(ticket(digest).signed(staff), "here", by=manager)


def test_a_ticket_for_one_bank_does_not_serve_another(staff: User) -> None:
    given = ticket(keep(CONTENT, by=staff))
    with pytest.raises(NotKept):
        opened(given.signed(staff), "elsewhere", by=staff)


def test_a_ticket_that_was_tampered_with_opens_nothing(staff: User) -> None:
    given = ticket(keep(CONTENT, by=staff)).signed(staff)
    with pytest.raises(NotKept):
        opened(f"A{given[1:]}" if given[0] != "A" else f"B{given[1:]}", "here", by=staff)


def test_a_file_that_was_changed_in_its_keeping_is_not_used(staff: User) -> None:
    digest, other = keep(CONTENT, by=staff), keep(b"code,name\nB,Two\n", by=staff)
    cache.set(f"banks.exchange:{staff.pk}:{digest}", cache.get(f"banks.exchange:{staff.pk}:{other}"))
    with pytest.raises(NotKept):
        opened(ticket(digest).signed(staff), "here", by=staff)


def test_what_is_forgotten_is_gone_and_said_so(staff: User) -> None:
    digest = keep(CONTENT, by=staff)
    forget(digest, by=staff)
    with pytest.raises(NotKept, match="Upload it again"):
        opened(ticket(digest).signed(staff), "here", by=staff)
