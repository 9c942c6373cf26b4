"""The page of one's API tokens: making them, showing each once, revoking them."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from tenants.models import ApiToken, AuditEntry, Organization, Session, User
from tenants.mongodb.monitoring import Command
from tenants.permissions import Role
from tenants.tokens.actions import MOST_TOKENS, TokenNotMade, create_token
from tenants.tokens.tests.conftest import Ask, MakeToken

ClientFor = Callable[[User], Client]
Commands = Callable[[], AbstractContextManager[list[Command]]]
PASSWORD = "a-password-for-tests-only"
KEY = "0123456789abcdef"
FORM = {"name": "Nightly import", "scopes": ["read", "draft"], "days": "30", "key": KEY}


def make(browser: Client, **changed: Any) -> Any:
    return browser.post("/tokens/new/", {**FORM, **changed})


def shown(answer: Any) -> str:
    """The token that a page shows, or nothing."""
    found = re.search(r'value="(vrt_[0-9a-f]{16}_[0-9a-f]{64})"', answer.content.decode())
    return found[1] if found else ""


def revoke(browser: Client, key: str) -> Any:
    return browser.post(f"/tokens/{key}/revoke/")


def is_revoked(key: str) -> bool:
    return ApiToken.objects.get(pk=key).revoked_at is not None


@pytest.fixture
def with_password(valuer: User) -> User:
    valuer.set_password(PASSWORD)
    valuer.save()
    return valuer


# Making -----------------------------------------------------------------------------------------------


def test_the_token_that_is_shown_opens_the_api(client_for: ClientFor, valuer: User, ask: Ask) -> None:
    assert ask(shown(make(client_for(valuer)))).json()["email"] == valuer.email


def test_a_token_is_good_for_as_long_as_was_asked(client_for: ClientFor, valuer: User) -> None:
    make(client_for(valuer), days="7")
    left = ApiToken.objects.get(pk=KEY).expires_at - timezone.now()

    assert timedelta(days=6, hours=23) < left <= timedelta(days=7)


def test_the_page_that_shows_it_is_kept_by_no_browser(client_for: ClientFor, valuer: User) -> None:
    assert make(client_for(valuer))["Cache-Control"] == "no-store"


def test_the_secret_is_stored_nowhere(client_for: ClientFor, valuer: User) -> None:
    secret = shown(make(client_for(valuer))).rpartition("_")[2]
    stored = [
        *ApiToken.objects.values_list("digest", "name", "key"),
        *AuditEntry.objects.values_list("details", "target", "actor"),
        *Session.objects.values_list("session_data", flat=True),
    ]
    assert secret
    assert secret not in str(stored)


def test_the_list_does_not_show_it_again(client_for: ClientFor, valuer: User) -> None:
    browser = client_for(valuer)
    secret = shown(make(browser)).rpartition("_")[2]

    assert secret not in browser.get("/tokens/").content.decode()


def test_a_form_that_is_sent_twice_makes_one_token(client_for: ClientFor, valuer: User) -> None:
    browser = client_for(valuer)
    make(browser)
    again = make(browser)

    assert (again.status_code, again["Location"], ApiToken.objects.count()) == (302, "/tokens/", 1)


def test_every_form_is_for_a_token_of_its_own(client_for: ClientFor, valuer: User) -> None:
    browser = client_for(valuer)
    keys = {
        re.findall(r'name="key" value="(\w+)"', browser.get("/tokens/new/").content.decode())[0] for _ in "ab"
    }

    assert len(keys) == 2


def test_making_one_is_recorded_without_the_secret(client_for: ClientFor, valuer: User) -> None:
    make(client_for(valuer))
    entry = AuditEntry.objects.get(action="token.created")

    assert (entry.actor, entry.org_id, entry.target, entry.details) == (
        valuer.email,
        "alpha_valuers",
        "Nightly import",
        {
            "key": KEY,
            "of": valuer.email,
            "scopes": ["draft", "read"],
            "expires_at": ApiToken.objects.get(pk=KEY).expires_at.isoformat(),
        },
    )


@pytest.mark.parametrize(
    "changed",
    [
        {"name": ""},
        {"name": "n" * 61},
        {"scopes": []},
        {"scopes": ["read", "admin"]},
        {"days": "3650"},
        {"days": ""},
        {"key": "short"},
        {"key": f"{KEY}\n"},
    ],
    ids=str,
)
def test_what_no_form_asks_for_makes_no_token(
    client_for: ClientFor, valuer: User, changed: dict[str, Any]
) -> None:
    answer = make(client_for(valuer), **changed)
    assert (answer.status_code, ApiToken.objects.count()) == (422, 0)


def test_a_viewer_s_token_cannot_be_for_drafting(client_for: ClientFor, viewer: User) -> None:
    answer = make(client_for(viewer))
    assert (answer.status_code, ApiToken.objects.count()) == (422, 0)


@pytest.mark.parametrize(
    "changed",
    [{"scopes": ["draft"]}, {"scopes": []}, {"scopes": ["admin"]}, {"days": 366}, {"days": 0}],
    ids=str,
)
def test_whoever_calls_it_cannot_make_more_than_the_role_and_the_year_allow(
    viewer: User, firm: Organization, changed: dict[str, Any]
) -> None:
    asked: dict[str, Any] = {"key": KEY, "name": "Nightly import", "scopes": ["read"], "days": 30, **changed}
    with pytest.raises(TokenNotMade):
        create_token(by=viewer, organization=firm, **asked)


def test_nobody_has_more_good_tokens_than_the_limit(
    client_for: ClientFor, made_token: MakeToken, valuer: User
) -> None:
    for _ in range(MOST_TOKENS):
        made_token(valuer)
    answer = make(client_for(valuer))

    assert (answer.status_code, "You have 20 tokens" in answer.content.decode()) == (422, True)


def test_tokens_that_are_over_do_not_count(
    client_for: ClientFor, made_token: MakeToken, valuer: User
) -> None:
    for _ in range(MOST_TOKENS):
        made_token(valuer, revoked_at=timezone.now())
    assert make(client_for(valuer)).status_code == 200


def test_a_plan_without_the_api_makes_no_tokens(
    client_for: ClientFor, firm: Organization, valuer: User
) -> None:
    browser = client_for(valuer)
    Organization.objects.filter(pk=firm.pk).update(plan="basic", limits={"features": []})
    answer = make(browser)

    assert (answer.status_code, ApiToken.objects.count()) == (403, 0)


def test_a_firm_that_is_read_only_makes_no_tokens(
    client_for: ClientFor, firm: Organization, valuer: User
) -> None:
    browser = client_for(valuer)
    Organization.objects.filter(pk=firm.pk).update(read_only_from=timezone.localdate())
    answer = make(browser)

    assert (answer.status_code, ApiToken.objects.count()) == (403, 0)


# The current password -----------------------------------------------------------------------------------


@pytest.mark.parametrize("password", [None, "", "wrong", f"{PASSWORD} "])
def test_without_the_current_password_no_token_is_made(
    client_for: ClientFor, with_password: User, password: str | None
) -> None:
    answer = make(client_for(with_password), **({} if password is None else {"password": password}))
    assert (answer.status_code, ApiToken.objects.count()) == (422, 0)


def test_with_the_current_password_a_token_is_made(client_for: ClientFor, with_password: User) -> None:
    assert shown(make(client_for(with_password), password=PASSWORD))


def test_a_form_that_comes_back_has_no_password_in_it(client_for: ClientFor, with_password: User) -> None:
    answer = make(client_for(with_password), password=PASSWORD, name="")
    assert PASSWORD not in answer.content.decode()


def test_somebody_else_s_password_makes_no_token(
    client_for: ClientFor, with_password: User, other_valuer: User
) -> None:
    other_valuer.set_password("another-password-for-tests")
    other_valuer.save()
    answer = make(
        client_for(with_password), password="another-password-for-tests", username=other_valuer.email
    )

    assert answer.status_code == 422


# Seeing and revoking ------------------------------------------------------------------------------------


def test_a_revoked_token_opens_nothing_from_the_next_request_on(
    client_for: ClientFor, made_token: MakeToken, valuer: User, ask: Ask
) -> None:
    secret = made_token(valuer)
    before = ask(secret.token).status_code
    revoke(client_for(valuer), secret.key)

    assert (before, ask(secret.token).status_code) == (200, 401)


def test_revoking_is_recorded_once(client_for: ClientFor, made_token: MakeToken, valuer: User) -> None:
    key, browser = made_token(valuer).key, client_for(valuer)
    revoke(browser, key)
    revoke(browser, key)

    assert AuditEntry.objects.filter(action="token.revoked").count() == 1


def test_a_link_revokes_nothing(client_for: ClientFor, made_token: MakeToken, valuer: User) -> None:
    key = made_token(valuer).key
    assert (client_for(valuer).get(f"/tokens/{key}/revoke/").status_code, is_revoked(key)) == (405, False)


def test_a_colleague_s_token_is_not_there(
    client_for: ClientFor, made_token: MakeToken, valuer: User, other_valuer: User
) -> None:
    key = made_token(valuer).key
    assert (revoke(client_for(other_valuer), key).status_code, is_revoked(key)) == (404, False)


def test_a_manager_revokes_a_token_of_the_firm_s_people(
    client_for: ClientFor, made_token: MakeToken, valuer: User, manager: User
) -> None:
    key = made_token(valuer).key
    revoke(client_for(manager), key)
    entry = AuditEntry.objects.get(action="token.revoked")

    assert (is_revoked(key), entry.actor, entry.details["of"]) == (True, manager.email, valuer.email)


def test_another_firm_s_manager_finds_no_token_here(
    client_for: ClientFor, made_token: MakeToken, valuer: User, rival_manager: User
) -> None:
    key = made_token(valuer).key
    assert (revoke(client_for(rival_manager), key).status_code, is_revoked(key)) == (404, False)


@pytest.mark.parametrize("key", ["nothing", "0" * 16, "0" * 17, "$ne"])
def test_what_is_no_token_of_the_firm_is_not_there(client_for: ClientFor, manager: User, key: str) -> None:
    assert revoke(client_for(manager), key).status_code == 404


def test_in_a_firm_that_is_read_only_tokens_can_be_revoked(
    client_for: ClientFor, made_token: MakeToken, firm: Organization, valuer: User
) -> None:
    key, browser = made_token(valuer).key, client_for(valuer)
    Organization.objects.filter(pk=firm.pk).update(read_only_from=timezone.localdate())

    assert (revoke(browser, key).status_code, is_revoked(key)) == (302, True)


def test_a_person_sees_no_token_but_the_own(
    client_for: ClientFor, made_token: MakeToken, valuer: User, other_valuer: User
) -> None:
    mine, theirs = made_token(valuer).key, made_token(other_valuer).key
    page = client_for(valuer).get("/tokens/").content.decode()

    assert (mine in page, theirs in page) == (True, False)


def test_a_manager_sees_the_good_tokens_of_the_firm_s_people_and_of_no_other(
    client_for: ClientFor, made_token: MakeToken, manager: User, valuer: User, rival_valuer: User
) -> None:
    good, rival = made_token(valuer).key, made_token(rival_valuer).key
    over = made_token(valuer, revoked_at=timezone.now()).key
    page = client_for(manager).get("/tokens/").content.decode()

    assert [one in page for one in (good, over, rival)] == [True, False, False]


def test_a_deactivated_person_s_token_is_told_so_to_the_manager(
    client_for: ClientFor, made_token: MakeToken, manager: User, valuer: User
) -> None:
    made_token(valuer)
    User.objects.filter(pk=valuer.pk).update(is_active=False)

    assert "Person deactivated" in client_for(manager).get("/tokens/").content.decode()


def test_it_tells_when_and_from_where_a_token_was_used(
    client_for: ClientFor, made_token: MakeToken, valuer: User
) -> None:
    made_token(valuer, last_used_from="203.0.113.7")
    assert "from 203.0.113.7" in client_for(valuer).get("/tokens/").content.decode()


def test_a_name_is_shown_as_it_was_typed(client_for: ClientFor, made_token: MakeToken, valuer: User) -> None:
    made_token(valuer, name="<script>alert(1)</script>")
    assert "<script>alert" not in client_for(valuer).get("/tokens/").content.decode()


@pytest.mark.parametrize(("role", "expected"), [(Role.VALUER, 2), (Role.MANAGER, 3)])
def test_the_list_costs_one_command_more_than_a_page_and_two_for_a_manager(
    client_for: ClientFor, made_token: MakeToken, valuer: User, commands: Commands, role: Role, expected: int
) -> None:
    User.objects.filter(pk=valuer.pk).update(role=role)
    made_token(valuer)
    browser = client_for(valuer)
    browser.get("/tokens/")
    with commands() as sent:
        browser.get("/tokens/")

    assert len(sent) == expected


@pytest.mark.parametrize("path", ["/tokens/", "/tokens/new/"])
def test_staff_have_no_tokens(client_for: ClientFor, staff: User, path: str) -> None:
    assert client_for(staff).get(path).status_code == 403


def test_right_passwords_lock_nobody_out(client_for: ClientFor, with_password: User) -> None:
    browser = client_for(with_password)
    made = [make(browser, key=f"{number:016x}", password=PASSWORD).status_code for number in range(7)]
    assert made == [200] * 7
