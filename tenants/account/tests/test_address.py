"""Name and e-mail address, as a person changes them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core import mail, signing
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from tenants.account import address
from tenants.account.address import AddressRefused, ask_for_address, read_link
from tenants.models import AuditEntry, Session, TaskRecord, User
from tenants.operations.people import change_person

ClientFor = Callable[[User], Client]
PASSWORD = "a-password-for-tests-only"
NEW = "vikram.new@elsewhere.example"


@pytest.fixture
def known(valuer: User, settings: Settings) -> User:
    """The valuer, with a password."""
    settings.SITE_URL = "https://reports.example"
    valuer.email = "vikram@alpha.example"
    valuer.set_password(PASSWORD)
    valuer.save()
    return valuer


def ask(client: Client, *, to: str = NEW, password: str = PASSWORD) -> Any:
    return client.post(reverse("email-change"), {"address": to, "password": password})


def deliver(person: User, to: str = NEW) -> str:
    """Run the task that writes to the new address; the link's path."""
    address.send_confirmation.func(str(person.pk), to)
    found = re.search(r"https://reports\.example(\S+)", str(mail.outbox[-1].body))
    assert found
    return found[1]


def token_of(link: str) -> str:
    return parse_qs(urlsplit(link).query)["token"][0]


def asked_for() -> int:
    return TaskRecord.objects.filter(path="tenants.account.address.send_confirmation").count()


def email_of(person: User) -> str:
    return User.objects.get(pk=person.pk).email


# The name ------------------------------------------------------------------------------------------------


def test_a_person_changes_the_own_name(valuer: User, client_for: ClientFor) -> None:
    client_for(valuer).post(reverse("account"), {"name": "Vikram V. Valuer"})
    assert User.objects.get(pk=valuer.pk).name == "Vikram V. Valuer"


def test_another_name_is_audited_with_the_former(valuer: User, client_for: ClientFor) -> None:
    client_for(valuer).post(reverse("account"), {"name": "Vikram V."})
    changes = AuditEntry.objects.get(action="person.changed").details["changes"]
    assert changes == {"name": {"from": "Vikram Valuer", "to": "Vikram V."}}


def test_nobody_is_without_a_name(valuer: User, client_for: ClientFor) -> None:
    assert client_for(valuer).post(reverse("account"), {"name": "  "}).status_code == 422


# Asking ----------------------------------------------------------------------------------------------------


def test_the_letter_goes_to_the_new_address(known: User) -> None:
    deliver(known)
    assert mail.outbox[-1].to == [NEW]


def test_asking_alone_changes_nothing(known: User, client_for: ClientFor) -> None:
    ask(client_for(known))
    assert (asked_for(), email_of(known)) == (1, "vikram@alpha.example")


def test_without_the_password_nothing_is_asked_for(known: User, client_for: ClientFor) -> None:
    answer = ask(client_for(known), password="another-password")
    assert (answer.status_code, asked_for()) == (422, 0)


def test_guessing_the_password_here_locks_as_at_sign_in(
    known: User, client_for: ClientFor, settings: Settings
) -> None:
    client = client_for(known)
    codes = [ask(client, password=f"guess {number}").status_code for number in range(6)]
    assert (codes[-1], ask(client).status_code) == (429, 429)


def test_who_has_no_password_here_cannot_ask(valuer: User, client_for: ClientFor) -> None:
    assert ask(client_for(valuer)).status_code == 403


def test_an_address_that_somebody_has_is_answered_the_same(
    known: User, rival_valuer: User, client_for: ClientFor
) -> None:
    client = client_for(known)
    taken, free = ask(client, to="rita@beta.example"), ask(client)
    assert (taken.status_code, taken.headers["Location"]) == (free.status_code, free.headers["Location"])


def test_an_address_that_somebody_has_gets_no_letter(known: User, rival_valuer: User) -> None:
    address.send_confirmation.func(str(known.pk), rival_valuer.email)
    assert mail.outbox == []


# The link --------------------------------------------------------------------------------------------------


def test_opening_the_link_changes_nothing_yet(known: User, client_for: ClientFor) -> None:
    client_for(known).get(deliver(known))
    assert email_of(known) == "vikram@alpha.example"


def test_confirming_gives_the_person_the_address(known: User, client_for: ClientFor) -> None:
    client_for(known).post(deliver(known))
    assert email_of(known) == NEW


def test_confirming_signs_out_elsewhere_and_not_here(known: User, client_for: ClientFor) -> None:
    here, there = client_for(known), client_for(known)
    here.post(deliver(known))
    left = set(Session.objects.filter(user_id=known.pk).values_list("pk", flat=True))
    assert left == {here.session.session_key}
    assert there.get(reverse("work")).status_code == 302


def test_the_former_address_is_told(known: User, client_for: ClientFor) -> None:
    client_for(known).post(deliver(known))
    record = TaskRecord.objects.get(path="tenants.account.address.send_notice")
    address.send_notice.func(**record.arguments["kwargs"])
    assert mail.outbox[-1].to == ["vikram@alpha.example"]


def test_the_change_is_audited(known: User, client_for: ClientFor) -> None:
    client_for(known).post(deliver(known))
    entry = AuditEntry.objects.get(action="person.email_changed")
    assert entry.details["changes"]["email"] == {"from": "vikram@alpha.example", "to": NEW}


def test_a_link_works_once(known: User, client_for: ClientFor) -> None:
    client, link = client_for(known), deliver(known)
    client.post(link)
    assert client.post(link).status_code == 410


def test_somebody_elses_link_is_refused(known: User, other_valuer: User, client_for: ClientFor) -> None:
    assert client_for(other_valuer).post(deliver(known)).status_code == 410


def test_a_signed_out_browser_is_asked_to_sign_in_first(known: User) -> None:
    link = deliver(known)
    assert reverse("sign-in") in Client().get(link).headers["Location"]


def test_another_password_ends_the_link(known: User) -> None:
    token = token_of(deliver(known))
    known.set_password("quite-another-password")
    with pytest.raises(AddressRefused, match="has changed since"):
        read_link(token, known)


def test_an_old_link_is_refused(known: User, settings: Settings) -> None:
    token = token_of(deliver(known))
    settings.EMAIL_CHANGE_SECONDS = -1
    with pytest.raises(AddressRefused, match="not good any more"):
        read_link(token, known)


@pytest.mark.parametrize("said", ["text", ["list"], {"to": 5}, {}])
def test_what_was_signed_for_something_else_is_refused(said: Any, known: User) -> None:
    with pytest.raises(AddressRefused):
        read_link(signing.dumps(said, salt="tenants.account.address"), known)


def test_an_address_taken_meanwhile_is_refused(
    known: User, other_valuer: User, client_for: ClientFor
) -> None:
    link = deliver(known)
    User.objects.filter(pk=other_valuer.pk).update(email=NEW)
    assert (client_for(known).post(link).status_code, email_of(known)) == (410, "vikram@alpha.example")


def test_asking_is_audited(known: User) -> None:
    ask_for_address(by=known, address=NEW.upper())
    assert AuditEntry.objects.get(action="person.email_asked").details == {"to": NEW}


def test_nobody_fills_inboxes_with_letters(known: User, client_for: ClientFor) -> None:
    client = client_for(known)
    answers = [ask(client, to=f"person{number}@elsewhere.example") for number in range(6)]
    assert [one.status_code for one in answers] == [302] * 5 + [429]
    assert "Ask again in an hour" in answers[-1].content.decode()
    assert asked_for() == 5


def test_the_former_address_learns_that_staff_gave_another(staff: User, known: User) -> None:
    former, known.email = known.email, NEW
    change_person(known, before={"email": former}, by=staff)
    record = TaskRecord.objects.get(path="tenants.account.address.send_notice")
    address.send_notice.func(**record.arguments["kwargs"])
    assert mail.outbox[-1].to == [former]
    assert "the people who run the system gave you another one" in str(mail.outbox[-1].body)
