"""Whoever guesses passwords is locked out, by all workers, and learns nothing of who exists."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.auth import authenticate
from django.contrib.auth.hashers import MD5PasswordHasher
from django.core.cache import caches
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.urls import reverse
from pytest_django import Settings

from tenants.models import AuditEntry, CacheEntry, Organization, User
from tenants.mongodb.cache import MongoCache
from tenants.sign_in import lockout
from tenants.sign_in.actions import unlock_sign_in
from tenants.sign_in.lockout import begin_try, succeeded, unlock
from tenants.sign_in.tests.test_cache import at_once

PASSWORD = "plum-orbit-lantern-7"
WRONG = "not-the-password-of-anybody"
HOME, CAFE = "192.0.2.1", "192.0.2.2"
STRANGER = "nobody@alpha-valuers.example"
LIMIT = 5


@pytest.fixture
def person(valuer: User) -> User:
    # The cast's addresses have an underscore in them, which the form does not take.
    valuer.email = "vikram@alpha-valuers.example"
    valuer.set_password(PASSWORD)
    valuer.save()
    return valuer


def sign_in(email: str, password: str = WRONG, *, ip: str = HOME) -> Any:
    return Client(REMOTE_ADDR=ip).post(reverse("sign-in"), {"username": email, "password": password})


def fail(email: str, times: int = LIMIT, *, ip: str = HOME) -> None:
    for _ in range(times):
        sign_in(email, ip=ip)


def gets_in(person: User, *, ip: str = HOME) -> bool:
    return bool(sign_in(person.email, PASSWORD, ip=ip).status_code == 302)


def same(response: HttpResponse, email: str) -> tuple[int, str]:
    """The answer without what was typed and what is another one each time."""
    page = response.content.decode().replace(email, "E-MAIL")
    return response.status_code, re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "TOKEN", page)


# Locking --------------------------------------------------------------------------------------------------


def test_four_failures_do_not_lock(person: User) -> None:
    fail(person.email, LIMIT - 1)
    assert gets_in(person)


def test_five_failures_refuse_the_right_password(person: User) -> None:
    fail(person.email)
    response = sign_in(person.email, PASSWORD)
    assert (response.status_code, "_auth_user_id" in response.client.session) == (429, False)


def test_the_failure_that_locks_says_so_itself(person: User) -> None:
    fail(person.email, LIMIT - 1)
    assert sign_in(person.email).status_code == 429


def test_the_locked_answer_says_when_and_what_helps(person: User) -> None:
    fail(person.email)
    response = sign_in(person.email)
    said = response.content.decode()
    assert 890 <= int(response["Retry-After"]) <= 900
    assert ("in 15 minutes" in said, reverse("password-reset") in said) == (True, True)


def test_the_locked_answer_keeps_what_was_typed_and_the_way_back(person: User) -> None:
    fail(person.email)
    data = {"username": person.email, "password": WRONG, "next": "/reports/"}
    said = Client(REMOTE_ADDR=HOME).post(reverse("sign-in"), data).content.decode()
    assert (person.email in said, 'value="/reports/"' in said, WRONG in said) == (True, True, False)


def test_the_locked_answer_leads_to_no_other_site(person: User) -> None:
    fail(person.email)
    data = {"username": person.email, "password": WRONG, "next": "https://elsewhere.example/"}
    assert b"elsewhere" not in Client(REMOTE_ADDR=HOME).post(reverse("sign-in"), data).content


def test_the_lock_counts_for_every_worker(person: User, monkeypatch: pytest.MonkeyPatch) -> None:
    fail(person.email, LIMIT - 1)
    monkeypatch.setattr(lockout, "cache", MongoCache("", {}))
    fail(person.email, 1)
    monkeypatch.undo()
    assert not gets_in(person)


def test_many_tries_at_once_get_no_more_than_five(database: None) -> None:
    tries = at_once(lambda _: begin_try("somebody@firm.example", HOME).granted)
    assert tries.count(True) == LIMIT


def test_the_lock_ends_by_itself(person: User) -> None:
    fail(person.email)
    CacheEntry.objects.all().update(expires_at=datetime(2020, 1, 1, tzinfo=UTC))
    assert gets_in(person)


def test_trying_under_the_lock_does_not_prolong_it(person: User) -> None:
    fail(person.email)
    ends = [begin_try(person.email, HOME).until for _ in range(2)]
    assert ends[0] is not None
    assert ends[0] == ends[1]


def test_another_e_mail_address_is_not_locked(person: User) -> None:
    fail(STRANGER)
    assert gets_in(person)


def test_from_elsewhere_the_person_still_gets_in(person: User) -> None:
    fail(person.email, ip=CAFE)
    assert gets_in(person, ip=HOME)


def test_other_letters_are_the_same_e_mail_address(person: User) -> None:
    for email in (person.email.upper(), person.email.title(), f" {person.email}", person.email, person.email):
        sign_in(email)
    assert not gets_in(person)


def test_an_e_mail_address_tried_from_many_places_is_locked_everywhere(
    person: User, settings: Settings
) -> None:
    settings.SIGN_IN_FAILURES_OF_EMAIL = 6
    fail(person.email, 3, ip=HOME)
    fail(person.email, 3, ip=CAFE)
    assert not gets_in(person, ip="192.0.2.3")


def test_a_network_address_that_tries_everybody_is_locked(person: User, settings: Settings) -> None:
    settings.SIGN_IN_FAILURES_FROM_ADDRESS = 3
    for number in range(3):
        sign_in(f"somebody.{number}@firm.example")
    assert (gets_in(person), gets_in(person, ip=CAFE)) == (False, True)


def test_the_neighbours_of_an_ipv6_network_count_as_one(database: None, settings: Settings) -> None:
    settings.SIGN_IN_FAILURES_FROM_ADDRESS = 2
    for number in (1, 2):
        begin_try(f"{number}@firm.example", f"2001:db8::{number}")
    assert not begin_try("3@firm.example", "2001:db8::ffff").granted
    assert begin_try("3@firm.example", "2001:db8:0:1::1").granted


def test_an_ipv4_address_in_ipv6_clothes_is_itself(database: None, settings: Settings) -> None:
    settings.SIGN_IN_FAILURES_FROM_ADDRESS = 1
    begin_try("1@firm.example", "::ffff:192.0.2.1")
    assert not begin_try("2@firm.example", HOME).granted


def test_signing_in_begins_anew(person: User) -> None:
    fail(person.email, LIMIT - 1)
    assert gets_in(person)
    fail(person.email, LIMIT - 1)
    assert gets_in(person)


def test_the_own_password_gives_no_more_tries_at_others(database: None, settings: Settings) -> None:
    settings.SIGN_IN_FAILURES_FROM_ADDRESS = 3
    for number in range(3):
        begin_try(f"{number}@firm.example", HOME)
        if number < 2:
            succeeded(begin_try("own@firm.example", HOME))
    assert not begin_try("more@firm.example", HOME).granted


def test_staff_are_locked_out_at_the_same_door(staff: User) -> None:
    staff.set_password(PASSWORD)
    staff.save()
    fail(staff.email)
    assert not gets_in(staff)


def test_an_empty_password_is_no_try(person: User) -> None:
    for _ in range(LIMIT):
        assert sign_in(person.email, "").status_code == 422
    assert gets_in(person)


def test_nothing_that_was_typed_is_kept(database: None) -> None:
    sign_in("secret@elsewhere.example")
    assert "elsewhere" not in str([(one.key, one.value) for one in CacheEntry.objects.all()])


# Unlocking ------------------------------------------------------------------------------------------------


def test_unlocking_lets_the_person_try_from_everywhere(person: User) -> None:
    fail(person.email, ip=HOME)
    fail(person.email, ip=CAFE)
    unlock(person.email.upper())
    assert (gets_in(person, ip=HOME), gets_in(person, ip=CAFE)) == (True, True)


def test_unlocking_is_audited(person: User, staff: User) -> None:
    unlock_sign_in(person, by=staff)
    entry = AuditEntry.objects.get(action="sign_in.unlocked")
    assert (entry.actor, entry.target, entry.org_id) == (staff.email, person.email, "alpha_valuers")


# Nobody learns who exists -----------------------------------------------------------------------------------


def kinds(person: User, other: User, third: User) -> list[str]:
    """E-mail addresses of nobody, of somebody, of somebody deactivated, of somebody without a password."""
    other.email, third.email = "other@alpha-valuers.example", "third@alpha-valuers.example"
    other.set_password(PASSWORD)
    other.is_active = False
    other.save()
    third.save()
    return [STRANGER, person.email, other.email, third.email]


def test_every_failure_is_answered_with_the_same_bytes(
    person: User, other_valuer: User, viewer: User
) -> None:
    emails = kinds(person, other_valuer, viewer)
    assert len({same(sign_in(email), email) for email in emails}) == 1


def test_the_right_password_of_a_deactivated_person_is_answered_like_a_wrong_one(
    person: User, other_valuer: User
) -> None:
    other_valuer.email = "other@alpha-valuers.example"
    other_valuer.set_password(PASSWORD)
    other_valuer.is_active = False
    other_valuer.save()
    refused = sign_in(other_valuer.email, PASSWORD)
    assert same(refused, other_valuer.email) == same(sign_in(person.email), person.email)


def test_an_unknown_e_mail_address_is_locked_with_the_same_bytes(person: User) -> None:
    fail(person.email)
    fail(STRANGER, ip=CAFE)
    answers = [same(sign_in(person.email), person.email), same(sign_in(STRANGER, ip=CAFE), STRANGER)]
    # The minute may turn between the two.
    said = [(status, re.sub(r"datetime=\S+>\d\d:\d\d", "", page)) for status, page in answers]
    assert (said[0][0], said[0] == said[1]) == (429, True)


def test_every_failure_hashes_exactly_once(
    person: User, other_valuer: User, viewer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    emails = kinds(person, other_valuer, viewer)
    hashed: list[str] = []
    encode = MD5PasswordHasher.encode

    def counted(self: MD5PasswordHasher, password: str, salt: str) -> str:
        hashed.append(password)
        return encode(self, password, salt)

    monkeypatch.setattr(MD5PasswordHasher, "encode", counted)
    counts = []
    for email in emails:
        hashed.clear()
        assert authenticate(RequestFactory().post("/"), username=email, password=WRONG) is None
        counts.append(len(hashed))
    assert counts == [1, 1, 1, 1]


def test_every_failure_costs_the_same_commands(
    person: User, other_valuer: User, viewer: User, commands: Callable[[], Any]
) -> None:
    said = []
    for email in kinds(person, other_valuer, viewer):
        with commands() as sent:
            sign_in(email)
        said.append([(one.name, one.collection) for one in sent])
    assert said == [said[0]] * 4


# The record -------------------------------------------------------------------------------------------------


def test_a_failure_is_recorded_with_the_person_it_was_about(person: User, firm: Organization) -> None:
    sign_in(person.email)
    entry = AuditEntry.objects.get(action="sign_in.failed")
    assert (entry.actor, entry.target, entry.org_id, entry.ip) == (
        "unknown",
        person.email,
        firm.org_id,
        HOME,
    )


def test_a_failure_of_nobody_is_recorded_without_what_was_typed(firm: Organization) -> None:
    sign_in("hunter2-typed-in-the-wrong-box@elsewhere.example")
    entry = AuditEntry.objects.get(action="sign_in.failed")
    assert (entry.target, entry.org_id) == ("", "")
    assert "hunter2" not in str(vars(entry))


def test_a_lock_is_recorded_once(person: User) -> None:
    fail(person.email, LIMIT + 3)
    assert [AuditEntry.objects.filter(action=f"sign_in.{word}").count() for word in ("failed", "locked")] == [
        LIMIT,
        1,
    ]


def test_the_password_is_recorded_nowhere(person: User) -> None:
    sign_in(person.email)
    assert WRONG not in str([vars(one) for one in AuditEntry.objects.all()])


# How it is wired --------------------------------------------------------------------------------------------


def test_the_counts_are_kept_where_all_workers_look() -> None:
    assert isinstance(caches["default"], MongoCache)


def test_nobody_is_authenticated_without_a_request(database: None) -> None:
    with pytest.raises(Exception, match="requires a request"):
        authenticate(HttpRequest.__new__(HttpRequest) and None, username="a@b.example", password=WRONG)


def test_the_package_makes_no_collections(database: None) -> None:
    from django.apps import apps
    from django.db import connections

    tables = {model._meta.db_table for model in apps.get_app_config("axes").get_models()}
    made = set(connections["default"].database.list_collection_names())  # type: ignore[attr-defined]
    assert tables
    assert not tables & made
