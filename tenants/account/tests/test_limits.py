"""Sessions end when they are not used and when they are old, whatever the browser's cookie says."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.conf import settings as configured
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from tenants.models import Session, User
from tenants.mongodb.monitoring import Command
from tenants.permissions import Role
from tenants.sessions import SessionStore, end_other_sessions, ends_at

ClientFor = Callable[[User], Client]
Commands = Callable[[], AbstractContextManager[list[Command]]]
NOON = datetime(2026, 11, 23, 12, 0, tzinfo=timezone.get_default_timezone())
HOUR = timedelta(hours=1)
PASSWORD = "a-password-for-tests-only"


def at_work(client: Client) -> bool:
    return client.get(reverse("work")).status_code == 200


def of(person: User) -> Any:
    return Session.objects.get(user_id=person.pk)


@pytest.fixture(autouse=True)
def _noted_every_five_minutes(settings: Settings) -> None:
    settings.SESSION_SEEN_SECONDS = 300


def make_older(person: User, **ago: timedelta) -> None:
    """Put times of the person's sessions back; ``expire_date`` stays in the future unless it is named."""
    Session.objects.filter(user_id=person.pk).update(
        **{name: timezone.now() - by for name, by in ago.items()}
    )


def with_password(person: User) -> User:
    person.email = "vikram@alpha.example"
    person.set_password(PASSWORD)
    person.save()
    return person


def sign_in(client: Client, person: User) -> Any:
    return client.post(reverse("sign-in"), {"username": person.email, "password": PASSWORD})


# The limits -------------------------------------------------------------------------------------------


def test_a_session_ends_when_it_is_not_used() -> None:
    assert ends_at(NOON, NOON) == NOON + 2 * HOUR


def test_use_does_not_carry_a_session_beyond_its_absolute_end() -> None:
    assert ends_at(NOON, NOON - 11 * HOUR) == NOON + HOUR


@pytest.mark.parametrize(
    ("ago", "works"),
    [
        ({"last_seen_at": 2 * HOUR - timedelta(minutes=1)}, True),
        ({"last_seen_at": 2 * HOUR}, False),
        ({"signed_in_at": 12 * HOUR - timedelta(minutes=1)}, True),
        ({"signed_in_at": 12 * HOUR}, False),
        ({"expire_date": timedelta(seconds=1)}, False),
    ],
)
def test_it_is_over_by_each_limit_alone(
    ago: dict[str, timedelta], works: bool, valuer: User, client_for: ClientFor
) -> None:
    client = client_for(valuer)
    make_older(valuer, **ago)
    assert at_work(client) is works


def test_a_limit_that_was_made_shorter_holds_for_sessions_that_exist(
    valuer: User, client_for: ClientFor, settings: Settings
) -> None:
    client = client_for(valuer)
    make_older(valuer, last_seen_at=timedelta(minutes=20))
    settings.SESSION_IDLE_SECONDS = 15 * 60
    assert not at_work(client)


def test_a_session_of_which_nobody_knows_when_it_began_is_none(valuer: User, client_for: ClientFor) -> None:
    client = client_for(valuer)
    Session.objects.filter(user_id=valuer.pk).update(signed_in_at=None)
    assert not at_work(client)


# Its use ------------------------------------------------------------------------------------------------


def test_the_use_of_a_session_is_noted_after_some_minutes(valuer: User, client_for: ClientFor) -> None:
    client = client_for(valuer)
    make_older(valuer, last_seen_at=timedelta(minutes=6))
    at_work(client)
    assert timezone.now() - of(valuer).last_seen_at < timedelta(minutes=1)


def test_noting_its_use_moves_the_end(valuer: User, client_for: ClientFor) -> None:
    client = client_for(valuer)
    make_older(valuer, last_seen_at=HOUR, expire_date=-HOUR)
    at_work(client)
    assert of(valuer).expire_date - timezone.now() > timedelta(minutes=119)


def test_a_page_writes_nothing_to_a_session_that_was_used_just_now(
    valuer: User, client_for: ClientFor, commands: Commands
) -> None:
    client = client_for(valuer)
    with commands() as sent:
        at_work(client)
    of_control_plane = [(one.name, one.collection) for one in sent if one.database == "valuation_admin"]
    assert of_control_plane == [("aggregate", "sessions")]


def test_noting_it_is_one_command(valuer: User, client_for: ClientFor, commands: Commands) -> None:
    client = client_for(valuer)
    make_older(valuer, last_seen_at=HOUR)
    with commands() as sent:
        at_work(client)
    of_sessions = [one.name for one in sent if one.collection == "sessions"]
    assert of_sessions == ["aggregate", "update"]


def test_saving_a_session_does_not_make_it_younger(valuer: User, client_for: ClientFor) -> None:
    client = client_for(valuer)
    make_older(valuer, signed_in_at=11 * HOUR)
    session = client.session
    session["changed"] = "by a page"
    session.save()
    assert of(valuer).expire_date - timezone.now() < HOUR + timedelta(minutes=1)


# Signing in ---------------------------------------------------------------------------------------------


def test_signing_in_gives_the_browser_another_key(valuer: User) -> None:
    client = Client()
    before = client.session
    before["from"] = "before"
    before.save()
    client.cookies[configured.SESSION_COOKIE_NAME] = str(before.session_key)
    sign_in(client, with_password(valuer))
    assert client.cookies[configured.SESSION_COOKIE_NAME].value != before.session_key


def test_the_key_from_before_signing_in_is_worth_nothing(valuer: User) -> None:
    client = Client()
    before = client.session
    before["from"] = "before"
    before.save()
    client.cookies[configured.SESSION_COOKIE_NAME] = str(before.session_key)
    sign_in(client, with_password(valuer))
    assert not Session.objects.filter(pk=before.session_key).exists()


def test_a_key_that_the_server_never_made_is_not_adopted(valuer: User) -> None:
    client = Client()
    client.cookies[configured.SESSION_COOKIE_NAME] = "chosenbysomebodyelse0123456789ab"
    sign_in(client, with_password(valuer))
    assert of(valuer).session_key != "chosenbysomebodyelse0123456789ab"


def test_it_notes_from_where_and_how_somebody_signed_in(valuer: User) -> None:
    client = Client(headers={"user-agent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"})
    sign_in(client, with_password(valuer))
    stored = of(valuer)
    assert (stored.ip, stored.signed_in_by, "Firefox" in stored.agent) == ("127.0.0.1", "password", True)


def test_a_new_key_begins_anew(valuer: User, client_for: ClientFor) -> None:
    client = client_for(valuer)
    make_older(valuer, signed_in_at=11 * HOUR)
    former = of(valuer).public_id
    session = client.session
    session.cycle_key()
    session.save()
    stored = of(valuer)
    assert (stored.public_id != former, timezone.now() - stored.signed_in_at < HOUR) == (True, True)


def test_a_session_before_signing_in_lives_no_longer_than_an_idle_one(database: None) -> None:
    store = SessionStore()
    store["for"] = "the way to the provider"
    store.save()
    left = Session.objects.get(pk=store.session_key).expire_date - timezone.now()
    assert left <= 2 * HOUR


def test_ending_the_others_keeps_one(valuer: User, client_for: ClientFor) -> None:
    here, there = client_for(valuer), client_for(valuer)
    ended = end_other_sessions(valuer, keep=here.session.session_key)
    assert (ended, at_work(here), at_work(there)) == (1, True, False)


def test_ending_the_others_leaves_other_people_alone(
    valuer: User, other_valuer: User, client_for: ClientFor
) -> None:
    of_other = client_for(other_valuer)
    end_other_sessions(valuer, keep="")
    assert at_work(of_other)


def test_htmx_is_told_that_the_session_is_over(valuer: User, client_for: ClientFor) -> None:
    client = client_for(valuer)
    make_older(valuer, last_seen_at=3 * HOUR)
    answer = client.get(reverse("work"), headers={"hx-request": "true"})
    assert (answer.status_code, "signed out" in answer.content.decode()) == (401, True)


def test_another_role_ends_them_all(valuer: User, manager: User, client_for: ClientFor) -> None:
    from tenants.operations.people import change_person

    here, there = client_for(valuer), client_for(valuer)
    valuer.role = Role.ASSISTANT
    change_person(valuer, before={"role": Role.VALUER}, by=manager)
    assert (at_work(here), at_work(there)) == (False, False)
