"""The first manager's invitation: an e-mail with a link that gives one person one password, once."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from smtplib import SMTPServerDisconnected

import pytest
from django.core import mail
from django.core.exceptions import ValidationError
from django.core.mail.backends.locmem import EmailBackend
from django.test import Client

from tenants.models import AuditEntry, Organization, User
from tenants.operations.invitations import (
    InvitationNotSent,
    InvitationRefused,
    InvitationTokens,
    LinkUsed,
    accept_invitation,
    invitation_link,
    invitation_tokens,
    invite_manager,
    resend_invitation,
)

EMAIL = "first.manager@alpha-valuers.example"
PASSWORD = "plum-orbit-lantern-7"


def invite(firm: Organization, *, resend: bool = False) -> User:
    return invite_manager(firm, email=EMAIL, name="Farah First", by=None, resend=resend)


def link_in(message: object) -> str:
    found = re.search(r"http://127\.0\.0\.1:8000(/invitation/\S+)", str(getattr(message, "body", "")))
    assert found is not None
    return found.group(1)


def choose(client: Client, link: str, password: str = PASSWORD, again: str = PASSWORD) -> int:
    page = client.get(link, follow=True)
    if page.status_code != 200:
        return page.status_code
    return client.post(
        page.redirect_chain[-1][0], {"new_password1": password, "new_password2": again}
    ).status_code


@pytest.fixture
def no_mail(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: EmailBackend, messages: object) -> int:
        raise SMTPServerDisconnected("Connection unexpectedly closed")

    monkeypatch.setattr(EmailBackend, "send_messages", refuse)


def test_it_makes_a_manager_without_a_password(firm: Organization) -> None:
    person = invite(firm)
    assert (person.role, person.organization_id, person.is_active) == ("manager", firm.org_id, True)
    assert not person.has_usable_password()


def test_it_sends_one_message_to_the_manager(firm: Organization) -> None:
    invite(firm)
    assert [(one.to, one.subject) for one in mail.outbox] == [
        ([EMAIL], "Choose your password for Alpha Valuers")
    ]


def test_a_firms_name_cannot_break_the_message(firm: Organization) -> None:
    firm.name = "A & B\nBcc: everybody@elsewhere.example"
    invite(firm)
    assert mail.outbox[0].subject == "Choose your password for A & B Bcc: everybody@elsewhere.example"


def test_the_html_escapes_what_people_typed(firm: Organization) -> None:
    firm.name = "<b>Bold</b> Valuers"
    invite(firm)
    message = mail.outbox[0]
    assert isinstance(message, mail.EmailMultiAlternatives)
    html = str(message.alternatives[0][0])
    assert "&lt;b&gt;Bold&lt;/b&gt; Valuers" in html
    assert "<b>Bold" not in html


def test_inviting_again_sends_nothing_again(firm: Organization) -> None:
    invite(firm)
    invite(firm)
    assert len(mail.outbox) == 1


def test_a_message_that_never_went_out_is_sent_by_the_next_call(
    firm: Organization, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    with monkeypatch.context():
        request.getfixturevalue("no_mail")
        with pytest.raises(InvitationNotSent, match="Connection unexpectedly closed"):
            invite(firm)
    monkeypatch.undo()
    invite(firm)
    assert len(mail.outbox) == 1


def test_a_failing_mail_server_leaves_the_person(firm: Organization, no_mail: None) -> None:
    with pytest.raises(InvitationNotSent, match="run create_org again"):
        invite(firm)
    assert User.objects.filter(email=EMAIL, organization=firm).exists()


def test_asked_to_it_sends_again(firm: Organization) -> None:
    invite(firm)
    invite(firm, resend=True)
    assert len(mail.outbox) == 2


def test_an_address_of_another_firm_is_refused(firm: Organization, rival_valuer: User) -> None:
    with pytest.raises(InvitationRefused, match="outside “Alpha Valuers”"):
        invite_manager(firm, email=rival_valuer.email, name="Anybody", by=None)


def test_an_address_that_is_none_is_refused(firm: Organization) -> None:
    with pytest.raises(ValidationError):
        invite_manager(firm, email="nobody", name="Nobody", by=None)


def test_somebody_with_a_password_is_not_invited_again(firm: Organization) -> None:
    person = invite(firm)
    accept_invitation(person, PASSWORD)
    with pytest.raises(InvitationRefused, match="has a password already"):
        resend_invitation(User.objects.get(pk=person.pk), by=None)


def test_the_link_signs_the_manager_in(firm: Organization) -> None:
    invite(firm)
    browser = Client()
    assert choose(browser, link_in(mail.outbox[0])) == 302
    assert browser.get("/").context["request"].user.email == EMAIL


def test_accepting_is_recorded(firm: Organization) -> None:
    accept_invitation(invite(firm), PASSWORD)
    assert AuditEntry.objects.filter(action="invitation.accepted", org_id=firm.org_id, actor=EMAIL).exists()


def test_the_address_of_the_page_has_no_token(firm: Organization) -> None:
    link = link_in(invite(firm) and mail.outbox[0])
    page = Client().get(link, follow=True)
    assert page.redirect_chain[-1][0].endswith("/password/")
    assert link.split("/")[-2] not in page.content.decode()


def test_a_link_works_once(firm: Organization) -> None:
    invite(firm)
    link = link_in(mail.outbox[0])
    choose(Client(), link)
    assert choose(Client(), link) == 410


def test_of_two_who_opened_the_link_in_one_moment_one_gets_in(firm: Organization) -> None:
    person = invite(firm)
    first, second = User.objects.get(pk=person.pk), User.objects.get(pk=person.pk)
    accept_invitation(first, PASSWORD)
    with pytest.raises(LinkUsed):
        accept_invitation(second, "quince-ladder-harbour-3")


@pytest.mark.parametrize(
    ("password", "again", "sentence"),
    [
        (PASSWORD, "another-one-entirely", "The two passwords differ"),
        ("short", "short", "too short"),
        ("first.manager", "first.manager", "too similar"),
    ],
)
def test_a_bad_password_is_told_on_the_page(
    firm: Organization, password: str, again: str, sentence: str
) -> None:
    invite(firm)
    browser = Client()
    page = browser.get(link_in(mail.outbox[0]), follow=True)
    sent = {"new_password1": password, "new_password2": again}
    answer = browser.post(page.redirect_chain[-1][0], sent)
    assert answer.status_code == 422
    assert sentence in answer.content.decode()


def dies(person: User, **changes: object) -> bool:
    token = invitation_tokens.make_token(person)
    for name, value in changes.items():
        setattr(person, name, value)
    return not invitation_tokens.check_token(person, token)


@pytest.mark.parametrize(
    "change", [{"password": "!another"}, {"email": "new@alpha-valuers.example"}, {"is_active": False}]
)
def test_a_link_dies_with_what_it_was_signed_for(change: dict[str, object]) -> None:
    assert dies(User(email=EMAIL, password="!one"), **change)


def test_a_link_lives_while_nothing_changes() -> None:
    assert not dies(User(email=EMAIL, password="!one"), name="Another Name")


@pytest.mark.parametrize(("days", "lives"), [(6, True), (8, False)])
def test_a_link_lives_for_seven_days(monkeypatch: pytest.MonkeyPatch, days: int, lives: bool) -> None:
    person = User(email=EMAIL, password="!one")
    token = invitation_tokens.make_token(person)
    later = datetime.now() + timedelta(days=days)  # noqa: DTZ005 - as the base class has it
    monkeypatch.setattr(InvitationTokens, "_now", lambda self: later)
    assert invitation_tokens.check_token(person, token) is lives


def test_a_newer_invitation_ends_the_older_link(firm: Organization) -> None:
    invite(firm)
    invite(firm, resend=True)
    assert choose(Client(), link_in(mail.outbox[0])) == 410


def test_a_made_up_link_and_a_used_one_look_the_same(firm: Organization) -> None:
    person = invite(firm)
    link = invitation_link(person).removeprefix("http://127.0.0.1:8000")
    accept_invitation(person, PASSWORD)
    nobody = re.sub("/invitation/[^/]+/", "/invitation/NjU2NTY1NjU2NTY1NjU2NTY1NjU2NTY1/", link)
    used, made_up = Client().get(link), Client().get(nobody)
    assert (used.status_code, used.content) == (made_up.status_code, made_up.content)
