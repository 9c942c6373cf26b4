"""A manager's invitations: to whom, with which words, how often, and what ends them."""

from __future__ import annotations

from collections.abc import Callable
from smtplib import SMTPServerDisconnected

import pytest
from django.core import mail
from django.core.exceptions import ValidationError
from django.core.mail.backends.locmem import EmailBackend
from django.utils import timezone
from pytest_django import Settings

from tenants.models import AuditEntry, Organization, User
from tenants.operations.invitations import (
    MOST_A_DAY,
    InvitationNotSent,
    InvitationRefused,
    LinkUsed,
    accept_invitation,
    invitation_link,
    invitation_tokens,
    invite_member,
    resend_invitation,
    withdraw_invitation,
)
from tenants.operations.people import deactivate_person
from tenants.people.standing import State, state_of_person
from tenants.people.tests.asking import colleague, invited_ago
from tenants.permissions import Role

EMAIL = "nora@alpha-valuers.example"
PASSWORD = "plum-orbit-lantern-7"


@pytest.fixture
def boss(firm: Organization) -> User:
    return colleague(firm, "Bina Boss", Role.MANAGER)


@pytest.fixture
def invite(firm: Organization, boss: User) -> Callable[..., User]:
    def once(email: str = EMAIL, role: Role = Role.ASSISTANT, name: str = "Nora New") -> User:
        return invite_member(firm, email=email, name=name, role=role, by=boss)

    return once


def opens(person: User) -> bool:
    """Whether the link that ``person``'s record signs opens the page, by the record as it is now."""
    token = invitation_tokens.make_token(person)
    return invitation_tokens.check_token(User.objects.get(pk=person.pk), token)


def state(person: User) -> State:
    return state_of_person(User.objects.get(pk=person.pk), timezone.now())


def test_it_makes_somebody_of_the_firm_with_the_role(invite: Callable[..., User]) -> None:
    person = invite()
    assert (person.organization_id, person.role, state(person)) == (
        "alpha_valuers",
        "assistant",
        State.INVITED,
    )


def test_the_address_counts_in_any_case(invite: Callable[..., User]) -> None:
    invite()
    with pytest.raises(InvitationRefused, match="is invited already"):
        invite(" Nora@Alpha-Valuers.Example ")


def test_the_letter_names_the_firm_who_invites_the_role_and_the_day(invite: Callable[..., User]) -> None:
    invite()
    body = str(mail.outbox[0].body)
    said = (
        "Alpha Valuers",
        "Bina Boss (bina.boss@alpha-valuers.example)",
        "Assistant. Writes drafts",
        "7 days",
    )
    assert [words for words in said if words not in body] == []


def test_the_letter_says_the_same_in_both_forms(invite: Callable[..., User]) -> None:
    invite()
    letter = mail.outbox[0]
    assert isinstance(letter, mail.EmailMultiAlternatives)
    html = str(letter.alternatives[0][0])
    assert "Bina Boss (bina.boss@alpha-valuers.example)" in html


def test_the_letter_names_single_sign_on_where_there_is_one(
    invite: Callable[..., User], settings: Settings
) -> None:
    settings.OIDC_ENABLED, settings.OIDC_NAME = True, "Example Login"
    invite()
    assert "sign in with Example Login instead" in str(mail.outbox[0].body)


@pytest.mark.parametrize("who", ["rival_valuer", "staff"])
def test_an_address_of_somebody_elsewhere_is_refused_without_saying_where(
    invite: Callable[..., User], who: str, request: pytest.FixtureRequest
) -> None:
    somebody = request.getfixturevalue(who)
    with pytest.raises(InvitationRefused) as refused:
        invite(somebody.email)
    assert str(refused.value) == (
        f"{somebody.email} cannot be invited. Ask the person for another e-mail address."
    )


def test_a_colleague_needs_no_invitation(invite: Callable[..., User], boss: User) -> None:
    with pytest.raises(InvitationRefused, match="has a password already"):
        invite(boss.email)


def test_somebody_deactivated_is_not_let_in_by_an_invitation(
    invite: Callable[..., User], firm: Organization, boss: User
) -> None:
    gone = colleague(firm)
    deactivate_person(gone, by=boss)
    with pytest.raises(InvitationRefused, match="Reactivate the person first"):
        invite(gone.email)


def test_what_is_no_address_names_the_field(invite: Callable[..., User]) -> None:
    with pytest.raises(ValidationError) as refused:
        invite("nobody")
    assert "email" in refused.value.error_dict


def test_inviting_is_recorded_with_who_did_it(invite: Callable[..., User], boss: User) -> None:
    invite()
    entries = AuditEntry.objects.filter(target=EMAIL).order_by("at").values_list("action", "actor", "org_id")
    assert [*entries] == [
        ("person.added", boss.email, "alpha_valuers"),
        ("invitation.sent", boss.email, "alpha_valuers"),
    ]


# What ends an invitation ---------------------------------------------------------------------------------


def test_a_link_opens_until_the_invitation_ends(invite: Callable[..., User]) -> None:
    assert opens(invited_ago(invite(), days=6, hours=23))


def test_a_link_ends_with_its_invitation(invite: Callable[..., User]) -> None:
    assert not opens(invited_ago(invite(), days=7))


def test_an_expired_invitation_is_not_accepted_from_a_page_that_was_open(
    invite: Callable[..., User],
) -> None:
    with pytest.raises(LinkUsed):
        accept_invitation(invited_ago(invite(), days=7), PASSWORD)


def test_its_lifetime_is_its_own(invite: Callable[..., User], settings: Settings) -> None:
    settings.PASSWORD_RESET_TIMEOUT = 0
    assert opens(invite())


def test_accepting_closes_the_invitation(invite: Callable[..., User]) -> None:
    person = invite()
    accept_invitation(person, PASSWORD)
    assert (User.objects.get(pk=person.pk).invited_at, state(person)) == (None, State.ACTIVE)


def test_a_newer_link_ends_the_older_one(invite: Callable[..., User], boss: User) -> None:
    person = invite()
    older = invitation_tokens.make_token(person)
    resend_invitation(User.objects.get(pk=person.pk), by=boss)
    assert not invitation_tokens.check_token(User.objects.get(pk=person.pk), older)


def test_sending_again_gives_the_whole_time_anew(invite: Callable[..., User], boss: User) -> None:
    person = invited_ago(invite(), days=6)
    resend_invitation(person, by=boss)
    assert opens(invited_ago(User.objects.get(pk=person.pk), days=6))


def test_a_withdrawn_link_opens_nothing(invite: Callable[..., User], boss: User) -> None:
    person = invite()
    withdraw_invitation(User.objects.get(pk=person.pk), by=boss)
    assert (opens(person), state(person)) == (False, State.WITHDRAWN)


def test_what_was_accepted_meanwhile_is_not_withdrawn(invite: Callable[..., User], boss: User) -> None:
    person = invite()
    accept_invitation(User.objects.get(pk=person.pk), PASSWORD)
    with pytest.raises(InvitationRefused, match="no open invitation any more"):
        withdraw_invitation(person, by=boss)


def test_what_was_accepted_meanwhile_is_not_sent_again(invite: Callable[..., User], boss: User) -> None:
    person = invite()
    accept_invitation(User.objects.get(pk=person.pk), PASSWORD)
    with pytest.raises(InvitationRefused, match="has changed meanwhile"):
        resend_invitation(person, by=boss)


def test_who_was_withdrawn_is_invited_anew_with_another_role(invite: Callable[..., User], boss: User) -> None:
    person = invite()
    withdraw_invitation(person, by=boss)
    again = invite(role=Role.VALUER, name="Nora Newer")
    assert (again.pk, again.role, again.name, state(again)) == (
        person.pk,
        "valuer",
        "Nora Newer",
        State.INVITED,
    )


def test_the_link_of_a_second_invitation_opens(invite: Callable[..., User], boss: User) -> None:
    withdraw_invitation(invite(), by=boss)
    link = invitation_link(invite())
    assert link.rsplit("/", 2)[1] in str(mail.outbox[-1].body)


def test_an_inbox_is_not_filled(invite: Callable[..., User], boss: User) -> None:
    person = invite()
    for _ in range(MOST_A_DAY - 1):
        resend_invitation(person, by=boss)
    with pytest.raises(InvitationRefused, match="within a day"):
        resend_invitation(person, by=boss)


def test_a_silent_mail_server_is_told_to_the_manager_without_its_address(
    invite: Callable[..., User], monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    def refuse(self: EmailBackend, messages: object) -> int:
        raise SMTPServerDisconnected("Connection unexpectedly closed")

    monkeypatch.setattr(EmailBackend, "send_messages", refuse)
    settings.EMAIL_HOST = "mail.inside.example"
    with pytest.raises(InvitationNotSent) as failed:
        invite()
    assert (settings.EMAIL_HOST in failed.value.for_firm, "Send it again" in failed.value.for_firm) == (
        False,
        True,
    )
