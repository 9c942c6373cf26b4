"""Another password: by a link from a mail for who forgot it, by the present one for who is signed in."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from tenants.models import AuditEntry, CacheEntry, Organization, Session, TaskRecord, User
from tenants.sign_in import passwords
from tenants.sign_in.actions import PasswordNotChanged, reset_password
from tenants.sign_in.lockout import begin_try
from tenants.sign_in.mail import (
    ResetTokens,
    mail_password_changed,
    mail_reset_link,
    reset_link,
    reset_tokens,
)

ClientFor = Callable[[User], Client]
OLD, NEW = "plum-orbit-lantern-7", "quiet-harbour-violin-3"
HOME = "192.0.2.1"
NOBODY = "nobody@alpha-valuers.example"


@pytest.fixture
def person(valuer: User) -> User:
    # The cast's addresses have an underscore in them, which the form does not take.
    valuer.email = "vikram@alpha-valuers.example"
    valuer.set_password(OLD)
    valuer.save()
    return valuer


def ask(email: str, *, client: Client | None = None, **extra: Any) -> Any:
    return (client or Client(REMOTE_ADDR=HOME)).post(reverse("password-reset"), {"email": email}, **extra)


def sent_to(email: str) -> mail.EmailMultiAlternatives:
    """What the background task sends to that e-mail address."""
    mail_reset_link.call(email)
    assert [one.to for one in mail.outbox] == [[email]]
    message = mail.outbox[0]
    assert isinstance(message, mail.EmailMultiAlternatives)
    return message


def path_of(person: User) -> str:
    return reset_link(person).removeprefix("http://127.0.0.1:8000")


def choose(link: str, password: str = NEW, again: str = "", *, client: Client | None = None) -> Any:
    """Open the link and send its form; the answer to whichever came last."""
    client = client or Client()
    page = client.get(link, follow=True)
    if page.status_code != 200:
        return page
    return client.post(
        page.redirect_chain[-1][0], {"new_password1": password, "new_password2": again or password}
    )


def works(person: User, password: str) -> bool:
    return User.objects.get(pk=person.pk).check_password(password)


# Asking for a link ----------------------------------------------------------------------------------


def test_asking_is_answered_alike_whoever_exists(person: User, other_valuer: User) -> None:
    other_valuer.email, other_valuer.is_active = "other@alpha-valuers.example", False
    other_valuer.save()
    answers = {
        (response.status_code, response["Location"], response.content)
        for response in map(ask, [NOBODY, person.email, other_valuer.email])
    }
    assert answers == {(302, reverse("password-reset-sent"), b"")}


def test_asking_costs_the_same_commands_whoever_exists(person: User, commands: Callable[[], Any]) -> None:
    said = []
    for email in (NOBODY, person.email):
        with commands() as sent:
            ask(email)
        said.append([(one.name, one.collection) for one in sent])
    assert said[0] == said[1]


def test_asking_sends_nothing_by_itself(person: User) -> None:
    ask(person.email)
    assert (len(mail.outbox), TaskRecord.objects.count()) == (0, 1)


def test_what_is_no_e_mail_address_is_said(database: None) -> None:
    response = ask("nobody")
    assert (response.status_code, TaskRecord.objects.count()) == (422, 0)


def test_the_fourth_mail_to_an_address_within_an_hour_is_not_sent(person: User) -> None:
    answers = {ask(person.email.upper()).status_code for _ in range(4)}
    assert (answers, TaskRecord.objects.count()) == ({302}, passwords.MAILS_TO_ADDRESS)


def test_who_asks_for_many_is_told_to_wait(database: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "MAILS_FROM_ADDRESS", 2)
    answers = [ask(f"{number}@firm.example") for number in range(3)]
    assert [one.status_code for one in answers] == [302, 302, 429]
    assert 3590 <= int(answers[-1]["Retry-After"]) <= 3600


def test_asking_works_for_who_is_signed_in(person: User, client_for: ClientFor) -> None:
    assert ask(person.email, client=client_for(person)).status_code == 302
    assert TaskRecord.objects.get().org_id == ""


def test_what_was_typed_is_counted_by_its_hash(database: None) -> None:
    ask(NOBODY)
    assert "nobody" not in str([one.key for one in CacheEntry.objects.all()])


# The mail -------------------------------------------------------------------------------------------


def test_the_mail_has_a_link_that_works(person: User) -> None:
    found = re.search(r"http://127\.0\.0\.1:8000(/password/reset/\S+)", str(sent_to(person.email).body))
    assert found is not None
    assert choose(found.group(1)).status_code == 302


def test_both_parts_of_the_mail_have_the_link(person: User) -> None:
    message = sent_to(person.email)
    link = re.search(r"http://\S+/password/reset/\S+/", str(message.body))
    assert link is not None
    assert link.group() in str(message.alternatives[0][0])


def test_a_made_up_host_does_not_come_into_the_link(person: User, settings: Settings) -> None:
    settings.ALLOWED_HOSTS, settings.SITE_URL = ["*"], "https://valuation.example"
    ask(person.email, headers={"host": "evil.example", "x-forwarded-host": "evil.example"})
    record = TaskRecord.objects.get()
    mail_reset_link.call(*record.arguments["args"])
    assert "https://valuation.example/password/reset/" in str(mail.outbox[0].body)
    assert "evil" not in str(mail.outbox[0].message())


@pytest.mark.parametrize("email", [NOBODY, "gone@alpha-valuers.example"])
def test_nobody_and_somebody_deactivated_get_nothing(person: User, email: str) -> None:
    person.email, person.is_active = "gone@alpha-valuers.example", False
    person.save()
    mail_reset_link.call(email)
    assert mail.outbox == []


def test_who_signs_in_by_a_provider_is_told_so_and_gets_no_link(person: User) -> None:
    person.set_unusable_password()
    person.oidc_issuer, person.cognito_id = "https://provider.example", "subject-1"
    person.save()
    message = sent_to(person.email)
    assert ("single sign-on" in str(message.body), "/password/reset/" in str(message.body)) == (True, False)


def test_who_is_invited_is_led_to_the_invitation(person: User) -> None:
    person.set_unusable_password()
    person.save()
    message = sent_to(person.email)
    assert ("invitation" in str(message.body), "/password/reset/" in str(message.body)) == (True, False)


def test_a_sent_link_is_audited(person: User, firm: Organization) -> None:
    mail_reset_link.call(person.email)
    entry = AuditEntry.objects.get(action="password.reset_sent")
    assert (entry.target, entry.org_id) == (person.email, firm.org_id)


# The link -------------------------------------------------------------------------------------------


def test_the_token_leaves_the_address_before_anything_is_shown(person: User) -> None:
    link = path_of(person)
    response = Client().get(link)
    assert response.status_code == 302
    assert link.split("/")[-2] not in response["Location"]


def test_choosing_changes_the_password(person: User) -> None:
    choose(path_of(person))
    assert (works(person, NEW), works(person, OLD)) == (True, False)


def test_choosing_signs_nobody_in(person: User) -> None:
    client = Client()
    assert choose(path_of(person), client=client)["Location"] == reverse("sign-in")
    assert "_auth_user_id" not in client.session


def test_the_sign_in_page_says_that_it_was_changed(person: User) -> None:
    client = Client()
    choose(path_of(person), client=client)
    assert "Your password was changed." in client.get(reverse("sign-in")).content.decode()


def test_choosing_ends_every_session(person: User, client_for: ClientFor) -> None:
    here, elsewhere = client_for(person), client_for(person)
    assert choose(path_of(person), client=here).status_code == 302
    assert not Session.objects.filter(user_id=person.pk).exists()
    assert elsewhere.get(reverse("work")).status_code == 302


def test_a_link_works_once(person: User) -> None:
    link = path_of(person)
    choose(link)
    assert (choose(link, "another-harbour-violin-9").status_code, works(person, NEW)) == (410, True)


def test_of_two_who_opened_it_one_changes_the_password(person: User) -> None:
    link, first, second = path_of(person), Client(), Client()
    pages = [client.get(link, follow=True).redirect_chain[-1][0] for client in (first, second)]
    first.post(pages[0], {"new_password1": NEW, "new_password2": NEW})
    late = second.post(pages[1], {"new_password1": OLD, "new_password2": OLD})
    assert (late.status_code, works(person, NEW)) == (410, True)


def test_of_two_in_the_same_moment_one_changes_the_password(person: User) -> None:
    first, second = User.objects.get(pk=person.pk), User.objects.get(pk=person.pk)
    reset_password(first, NEW)
    with pytest.raises(PasswordNotChanged):
        reset_password(second, "another-harbour-violin-9")
    assert works(person, NEW)


def expired(seconds: int, person: User, monkeypatch: pytest.MonkeyPatch) -> str:
    now = ResetTokens._now
    with monkeypatch.context() as then:
        then.setattr(ResetTokens, "_now", lambda self: now(self) - timedelta(seconds=seconds))
        return path_of(person)


def test_a_link_works_for_an_hour(person: User, monkeypatch: pytest.MonkeyPatch) -> None:
    assert choose(expired(3590, person, monkeypatch)).status_code == 302


def test_after_an_hour_a_link_is_dead(person: User, monkeypatch: pytest.MonkeyPatch) -> None:
    assert choose(expired(3610, person, monkeypatch)).status_code == 410


def test_a_link_dies_with_a_change_of_the_password(person: User) -> None:
    link = path_of(person)
    person.set_password("meanwhile-another-one-5")
    person.save()
    assert choose(link).status_code == 410


def test_a_link_dies_with_the_next_sign_in(person: User) -> None:
    link = path_of(person)
    Client().post(reverse("sign-in"), {"username": person.email, "password": OLD})
    assert choose(link).status_code == 410


def test_a_link_of_somebody_deactivated_is_dead(person: User) -> None:
    link = path_of(person)
    User.objects.filter(pk=person.pk).update(is_active=False)
    assert Client().get(link, follow=True).status_code == 410


def test_a_made_up_link_is_dead(person: User) -> None:
    link = reverse("password-reset-link", args=["bm9ib2R5", reset_tokens.make_token(person)])
    assert choose(link).status_code == 410


def test_an_invitation_s_token_is_no_reset_s(person: User) -> None:
    from tenants.operations.invitations import invitation_tokens

    link = path_of(person).split("/")
    link[-2] = invitation_tokens.make_token(person)
    assert choose("/".join(link)).status_code == 410


@pytest.mark.parametrize(
    ("password", "again", "words"),
    [
        ("short", "short", "too short"),
        (NEW, f"{NEW}-other", "The two passwords differ"),
        ("qwertyuiop12", "qwertyuiop12", "too common"),
        ("vikram@alpha-valuers", "vikram@alpha-valuers", "too similar"),
        ("AlphaValuers-2026!", "AlphaValuers-2026!", "your firm&#x27;s name"),
        ("valuation-reports-1", "valuation-reports-1", "your firm&#x27;s name"),
    ],
)
def test_a_weak_password_is_refused_with_the_rule(
    person: User, password: str, again: str, words: str
) -> None:
    response = choose(path_of(person), password, again)
    assert (response.status_code, words in response.content.decode()) == (422, True)
    assert works(person, OLD)


@pytest.mark.parametrize(
    "password",
    ["correct horse battery staple", "730184650927", "ñandú über alles 愛", "x7" * 64, " in spaces  "],
)
def test_a_long_password_of_any_characters_is_taken_as_it_is(person: User, password: str) -> None:
    choose(path_of(person), password)
    assert works(person, password)


def test_a_reset_lifts_the_lock(person: User) -> None:
    for _ in range(6):
        begin_try(person.email, HOME)
    choose(path_of(person))
    assert begin_try(person.email, HOME).granted


def test_a_reset_is_audited_and_told(person: User, firm: Organization) -> None:
    choose(path_of(person))
    entry = AuditEntry.objects.get(action="password.reset")
    assert (entry.actor, entry.org_id, NEW in str(vars(entry))) == (person.email, firm.org_id, False)
    assert TaskRecord.objects.get().path == "tenants.sign_in.mail.mail_password_changed"


def test_the_notice_says_when_and_the_way_out(person: User) -> None:
    mail_password_changed.call(str(person.pk), timezone.now().isoformat())
    body = str(mail.outbox[0].body)
    assert ("http://127.0.0.1:8000/password/reset/" in body, timezone.localdate().strftime("%Y") in body) == (
        True,
        True,
    )


# The own password -----------------------------------------------------------------------------------


def change(client: Client, old: str = OLD, new: str = NEW, again: str = "") -> Any:
    data = {"old_password": old, "new_password1": new, "new_password2": again or new}
    return client.post(reverse("password-change"), data)


def test_signed_out_it_asks_to_sign_in(database: None) -> None:
    assert reverse("sign-in") in Client().get(reverse("password-change"))["Location"]


def test_the_own_password_is_changed(person: User, client_for: ClientFor) -> None:
    assert (change(client_for(person)).status_code, works(person, NEW)) == (302, True)


def test_staff_change_theirs_at_the_same_place(staff: User, client_for: ClientFor) -> None:
    staff.set_password(OLD)
    staff.save()
    assert (change(client_for(staff)).status_code, works(staff, NEW)) == (302, True)


def test_other_sessions_end_and_this_one_goes_on_under_another_key(
    person: User, client_for: ClientFor
) -> None:
    here, elsewhere = client_for(person), client_for(person)
    before = here.cookies["sessionid"].value
    change(here)
    assert here.cookies["sessionid"].value != before
    # On the server, not only refused when it is used.
    assert [one.pk for one in Session.objects.filter(user_id=person.pk)] == [here.cookies["sessionid"].value]
    assert (here.get(reverse("work")).status_code, elsewhere.get(reverse("work")).status_code) == (200, 302)


@pytest.mark.parametrize(
    ("old", "new", "again", "words"),
    [
        ("not-my-password", NEW, NEW, "not your present password"),
        ("", NEW, NEW, "This field is required."),
        (OLD, "short", "short", "too short"),
        (OLD, NEW, f"{NEW}-other", "The two passwords differ"),
    ],
)
def test_a_wrong_form_changes_nothing_and_names_the_rule(
    person: User, client_for: ClientFor, old: str, new: str, again: str, words: str
) -> None:
    response = change(client_for(person), old, new, again)
    assert (response.status_code, words in response.content.decode()) == (422, True)
    assert works(person, OLD)


def test_guessing_the_present_password_is_locked_as_at_the_sign_in(
    person: User, client_for: ClientFor
) -> None:
    client = client_for(person)
    answers = [change(client, "not-my-password").status_code for _ in range(5)]
    assert answers == [422, 422, 422, 422, 429]
    assert (change(client).status_code, works(person, OLD)) == (429, True)
    assert AuditEntry.objects.filter(action="sign_in.locked", details__at="password change").count() == 1


def test_a_change_is_audited_and_told(person: User, client_for: ClientFor, firm: Organization) -> None:
    change(client_for(person))
    entry = AuditEntry.objects.get(action="password.changed")
    assert (entry.actor, entry.org_id, entry.details) == (person.email, firm.org_id, {})
    assert TaskRecord.objects.get().path == "tenants.sign_in.mail.mail_password_changed"


def test_who_has_no_password_reads_why(valuer: User, client_for: ClientFor) -> None:
    page = client_for(valuer).get(reverse("password-change"))
    assert (page.status_code, "single sign-on" in page.content.decode()) == (200, True)


def test_who_has_no_password_gets_none_by_the_form(valuer: User, client_for: ClientFor) -> None:
    change(client_for(valuer), "anything")
    assert not User.objects.get(pk=valuer.pk).has_usable_password()


def test_the_page_asks_the_databases_once(
    person: User, client_for: ClientFor, commands: Callable[[], Any]
) -> None:
    client = client_for(person)
    with commands() as sent:
        client.get(reverse("password-change"))
    assert [(one.name, one.collection) for one in sent] == [("aggregate", "sessions")]


def test_the_neighbours_of_an_ipv6_network_ask_together(
    database: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passwords, "MAILS_FROM_ADDRESS", 2)
    answers = [
        Client(REMOTE_ADDR=f"2001:db8::{number}").post(
            reverse("password-reset"), {"email": f"{number}@firm.example"}
        )
        for number in range(3)
    ]
    assert [one.status_code for one in answers] == [302, 302, 429]
