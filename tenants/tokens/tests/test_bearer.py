"""The API asked with a bearer token: whose it is, what it may do, and what it is told otherwise."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from tenants.models import ApiToken, AuditEntry, Organization, User
from tenants.mongodb.monitoring import Command
from tenants.oidc.keys import ProviderSilent
from tenants.operations.people import deactivate_person
from tenants.permissions import Role
from tenants.tokens import bearer
from tenants.tokens.tests.conftest import Ask, MakeToken
from tenants.tokens.tests.forging import ISSUER, ListedKeys, access_token, private_key

ClientFor = Callable[[User], Client]
Commands = Callable[[], AbstractContextManager[list[Command]]]
CONTROL = "valuation_admin"
REPORTS = "/api/reports"


def entries(action: str) -> list[AuditEntry]:
    return list(AuditEntry.objects.filter(action=action))


def change_firm(firm: Organization, **fields: Any) -> None:
    Organization.objects.filter(pk=firm.pk).update(**fields)


# Personal tokens --------------------------------------------------------------------------------------


def test_it_asks_as_the_token_s_person(made_token: MakeToken, ask: Ask, valuer: User) -> None:
    assert ask(made_token(valuer).token).json()["email"] == valuer.email


def test_a_request_asks_the_control_plane_once(
    made_token: MakeToken, ask: Ask, valuer: User, commands: Commands
) -> None:
    token = made_token(valuer).token
    with commands() as sent:
        ask(token)
    assert [(one.database, one.name, one.collection) for one in sent] == [
        (CONTROL, "aggregate", "api_tokens")
    ]


def test_the_first_request_of_a_minute_also_notes_the_use(
    made_token: MakeToken, ask: Ask, valuer: User, commands: Commands
) -> None:
    token = made_token(valuer, last_used_at=timezone.now() - timedelta(seconds=61)).token
    with commands() as sent:
        ask(token)
    assert [one.name for one in sent] == ["aggregate", "update"]


def test_it_keeps_when_and_from_where_a_token_was_used_last(
    made_token: MakeToken, ask: Ask, valuer: User
) -> None:
    secret = made_token(valuer, last_used_at=None)
    before = timezone.now()
    ask(secret.token, REMOTE_ADDR="203.0.113.7")
    used = ApiToken.objects.get(pk=secret.key)

    assert used.last_used_at is not None
    assert (used.last_used_at >= before - timedelta(seconds=1), used.last_used_from) == (True, "203.0.113.7")


def test_a_token_whose_secret_is_wrong_is_refused(made_token: MakeToken, ask: Ask, valuer: User) -> None:
    secret = made_token(valuer)
    answer = ask(f"vrt_{secret.key}_{'0' * 64}")

    assert (answer.status_code, answer.json()["detail"]) == (401, "The token is not one that is known here.")


def test_a_refusal_says_so_in_the_header_that_programs_read(ask: Ask, database: None) -> None:
    assert ask("vrt_0")["WWW-Authenticate"] == (
        'Bearer realm="api", error="invalid_token", '
        'error_description="The token is not one that is known here."'
    )


@pytest.mark.parametrize("token", ["", "x", "vrt_", "a.b.c", f"vrt_{'0' * 16}_{'0' * 64}", "a" * 9000])
def test_what_is_no_token_is_refused_as_a_problem(ask: Ask, database: None, token: str) -> None:
    answer = ask(token)
    assert (answer.status_code, answer["Content-Type"]) == (401, "application/problem+json")


def test_an_address_that_goes_on_with_wrong_tokens_is_told_to_wait(
    ask: Ask, database: None, settings: Settings
) -> None:
    settings.API_FAILURES_A_MINUTE = 2
    # A minute may begin between two of them, and no more than one does.
    told = [ask("wrong").status_code for _ in range(5)]

    assert set(told) == {401, 429}


def test_good_tokens_are_served_beside_wrong_ones_of_the_same_address(
    made_token: MakeToken, ask: Ask, valuer: User, settings: Settings
) -> None:
    settings.API_FAILURES_A_MINUTE = 1
    token = made_token(valuer).token
    ask("wrong")
    ask("wrong")

    assert ask(token).status_code == 200


def test_a_cut_token_is_refused(made_token: MakeToken, ask: Ask, valuer: User) -> None:
    assert ask(made_token(valuer).token[:-1]).status_code == 401


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"revoked_at": timezone.now()}, "The token cannot be used: it was revoked."),
        ({"expires_at": timezone.now() - timedelta(seconds=1)}, "The token cannot be used: it has expired."),
        (
            {"org_id": "beta_surveyors"},
            "The token cannot be used: its person has left the firm that it was made for.",
        ),
    ],
)
def test_a_token_that_is_over_is_told_so_to_who_has_it(
    made_token: MakeToken, ask: Ask, valuer: User, fields: dict[str, Any], told: str
) -> None:
    answer = ask(made_token(valuer, **fields).token)
    assert (answer.status_code, answer.json()["detail"]) == (401, told)


def test_whoever_has_only_the_key_is_not_told_that_a_token_is_over(
    made_token: MakeToken, ask: Ask, valuer: User
) -> None:
    secret = made_token(valuer, revoked_at=timezone.now())
    assert "revoked" not in ask(f"vrt_{secret.key}_{'0' * 64}").json()["detail"]


def test_a_deactivated_person_s_token_is_refused(
    made_token: MakeToken, ask: Ask, valuer: User, manager: User
) -> None:
    token = made_token(valuer).token
    before = ask(token).status_code
    deactivate_person(valuer, by=manager)

    assert (before, ask(token).status_code) == (200, 401)


def test_a_person_who_was_switched_off_by_any_way_at_all_is_refused(
    made_token: MakeToken, ask: Ask, valuer: User
) -> None:
    token = made_token(valuer).token
    User.objects.filter(pk=valuer.pk).update(is_active=False)

    assert ask(token).status_code == 401


def test_a_person_who_is_gone_leaves_no_token(made_token: MakeToken, ask: Ask, valuer: User) -> None:
    token = made_token(valuer).token
    User.objects.filter(pk=valuer.pk).delete()

    assert ask(token).status_code == 401


@pytest.mark.parametrize("token", ["its secret is wrong", "it was revoked"])
def test_a_refusal_is_recorded_once_a_minute(
    made_token: MakeToken, ask: Ask, valuer: User, token: str
) -> None:
    secret = made_token(valuer, revoked_at=timezone.now())
    sent = secret.token if token == "it was revoked" else f"vrt_{secret.key}_{'0' * 64}"
    ask(sent)
    ask(sent)
    recorded = entries("token.refused")

    assert [(one.org_id, one.details["reason"], one.details["key"]) for one in recorded] == [
        ("alpha_valuers", token, secret.key)
    ]


def test_keys_that_nobody_has_are_not_recorded(ask: Ask, database: None) -> None:
    ask(f"vrt_{'0' * 16}_{'0' * 64}")
    assert entries("token.refused") == []


def test_a_token_in_the_address_opens_nothing(made_token: MakeToken, valuer: User) -> None:
    token = made_token(valuer).token
    asked = [Client().get("/api/me", {name: token}) for name in ("access_token", "token", "authorization")]

    assert {one.status_code for one in asked} == {401}


def test_a_token_in_the_body_opens_nothing(made_token: MakeToken, valuer: User) -> None:
    body = {"access_token": made_token(valuer).token}
    assert Client().post(REPORTS, body).status_code == 401


def test_a_token_opens_no_page(made_token: MakeToken, ask: Ask, valuer: User) -> None:
    answer = ask(made_token(valuer).token, "/tokens/")
    assert (answer.status_code, answer["Location"]) == (302, "/sign-in/?next=/tokens/")


def test_staff_have_no_way_in_with_a_token(made_token: MakeToken, ask: Ask, staff: User) -> None:
    token = made_token(staff, org_id=None or "").token
    assert ask(token).status_code in (401, 403)


# Scopes, roles, plans, firms --------------------------------------------------------------------------


def test_a_token_for_reading_changes_nothing(made_token: MakeToken, ask: Ask, valuer: User) -> None:
    token = made_token(valuer, scopes=("read",)).token
    answer = ask(token, REPORTS, method="post", data={}, content_type="application/json")

    assert (answer.status_code, answer.json()["detail"]) == (
        403,
        "The token's scopes do not allow this (draft_reports).",
    )


def test_a_missing_scope_is_told_in_the_header(made_token: MakeToken, ask: Ask, valuer: User) -> None:
    token = made_token(valuer, scopes=("read",)).token
    answer = ask(token, REPORTS, method="post", data={}, content_type="application/json")

    assert 'error="insufficient_scope"' in answer["WWW-Authenticate"]


def test_a_token_for_drafting_gets_as_far_as_the_values(
    made_token: MakeToken, ask: Ask, valuer: User, formats: None
) -> None:
    answer = ask(made_token(valuer).token, REPORTS, method="post", data={}, content_type="application/json")
    assert answer.status_code == 422


def test_a_token_never_does_more_than_the_role_does_now(
    made_token: MakeToken, ask: Ask, valuer: User
) -> None:
    token = made_token(valuer).token
    User.objects.filter(pk=valuer.pk).update(role=Role.VIEWER)
    answer = ask(token, REPORTS, method="post", data={}, content_type="application/json")

    assert answer.json()["detail"] == "Your role does not allow this (draft_reports)."


@pytest.mark.parametrize(
    ("scopes", "permissions"),
    [(("read", "draft"), ["view_reports", "draft_reports"]), (("read",), ["view_reports"]), ((), [])],
)
def test_a_manager_s_token_has_what_its_scopes_say(
    made_token: MakeToken, ask: Ask, manager: User, scopes: tuple[str, ...], permissions: list[str]
) -> None:
    assert ask(made_token(manager, scopes=scopes).token).json()["permissions"] == permissions


def test_a_token_without_scopes_reads_nothing(made_token: MakeToken, ask: Ask, valuer: User) -> None:
    assert ask(made_token(valuer, scopes=()).token, REPORTS).status_code == 403


def test_a_suspended_firm_s_token_is_refused_with_the_reason(
    made_token: MakeToken, ask: Ask, firm: Organization, valuer: User
) -> None:
    token = made_token(valuer).token
    change_firm(firm, status="suspended")
    answer = ask(token)

    assert (answer.status_code, answer.json()["title"]) == (403, "The firm may not be used now")


def test_while_the_firm_is_updated_a_program_is_told_to_come_back(
    made_token: MakeToken, ask: Ask, firm: Organization, valuer: User
) -> None:
    token = made_token(valuer).token
    change_firm(firm, migrations=[])
    answer = ask(token)

    assert (answer.status_code, answer["Retry-After"]) == (503, "30")


def test_a_plan_without_the_api_says_so(
    made_token: MakeToken, ask: Ask, firm: Organization, valuer: User
) -> None:
    token = made_token(valuer).token
    change_firm(firm, plan="basic", limits={"features": []})
    answer = ask(token)

    assert (answer.status_code, answer.json()["detail"]) == (
        403,
        "Your firm's plan does not include “API with tokens”. A manager of the firm can have it changed.",
    )


def test_in_a_firm_that_is_read_only_a_token_still_reads(
    made_token: MakeToken, ask: Ask, firm: Organization, valuer: User
) -> None:
    token = made_token(valuer).token
    change_firm(firm, read_only_from=timezone.localdate())

    assert ask(token, REPORTS).status_code == 200


def test_in_a_firm_that_is_read_only_a_token_changes_nothing(
    made_token: MakeToken, ask: Ask, firm: Organization, valuer: User
) -> None:
    token = made_token(valuer).token
    change_firm(firm, read_only_from=timezone.localdate())
    answer = ask(token, REPORTS, method="post", data={}, content_type="application/json")

    assert (answer.status_code, answer.json()["title"]) == (403, "Nothing may be changed")


# Beside a session -------------------------------------------------------------------------------------


def test_a_token_counts_and_the_session_beside_it_does_not(
    made_token: MakeToken, ask: Ask, valuer: User, rival_valuer: User, client_for: ClientFor
) -> None:
    browser = client_for(rival_valuer)
    assert ask(made_token(valuer).token, browser=browser).json()["organization"]["org_id"] == "alpha_valuers"


def test_a_wrong_token_is_refused_whatever_session_is_beside_it(
    ask: Ask, valuer: User, client_for: ClientFor
) -> None:
    assert ask("wrong", browser=client_for(valuer)).status_code == 401


def test_the_session_beside_a_token_stays_as_it_is(
    made_token: MakeToken, ask: Ask, valuer: User, rival_valuer: User, client_for: ClientFor
) -> None:
    browser = client_for(rival_valuer)
    ask(made_token(valuer).token, browser=browser)

    assert browser.get("/api/me").json()["email"] == rival_valuer.email


def test_a_firm_that_is_active_already_is_not_left_for_the_token_s(
    made_token: MakeToken,
    ask: Ask,
    valuer: User,
    rival_valuer: User,
    client_for: ClientFor,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tenants.tokens.middleware.bearer_of", lambda request: None)
    answer = ask(made_token(valuer).token, browser=client_for(rival_valuer))

    assert (answer.status_code, answer.json()["detail"]) == (401, "Send the token without a session.")


def test_a_change_by_session_still_asks_for_the_token_against_forged_requests(
    valuer: User, client_for: ClientFor
) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.cookies = client_for(valuer).cookies
    answer = browser.post(REPORTS, {}, content_type="application/json")

    assert (answer.status_code, "CSRF" in answer.json()["detail"]) == (403, True)


def test_nothing_is_active_after_a_request_with_a_token(
    made_token: MakeToken, ask: Ask, valuer: User
) -> None:
    ask(made_token(valuer).token)
    assert Client().get("/api/me").status_code == 401


# Access tokens of the sign-in service -----------------------------------------------------------------


def test_an_access_token_asks_as_the_person_of_its_subject(
    sign_in_service: ListedKeys, connected: User, ask: Ask
) -> None:
    assert ask(access_token()).json()["email"] == connected.email


def test_an_access_token_costs_one_command(
    sign_in_service: ListedKeys, connected: User, ask: Ask, commands: Commands
) -> None:
    token = access_token()
    with commands() as sent:
        ask(token)
    assert [(one.database, one.name, one.collection) for one in sent] == [(CONTROL, "aggregate", "users")]


def test_an_access_token_only_reads_unless_its_scope_says_more(
    sign_in_service: ListedKeys, connected: User, ask: Ask
) -> None:
    told = [ask(access_token(scope=scope)).json()["permissions"] for scope in ("openid", "reports/draft")]
    assert told == [["view_reports"], ["view_reports", "draft_reports"]]


def test_an_unknown_subject_is_refused(sign_in_service: ListedKeys, connected: User, ask: Ask) -> None:
    assert ask(access_token(sub="subject-2")).status_code == 401


def test_the_same_subject_of_another_issuer_is_somebody_else(
    sign_in_service: ListedKeys, connected: User, ask: Ask
) -> None:
    User.objects.filter(pk=connected.pk).update(oidc_issuer="https://another.bank.example")
    assert ask(access_token()).status_code == 401


def test_an_e_mail_address_finds_nobody(sign_in_service: ListedKeys, valuer: User, ask: Ask) -> None:
    assert ask(access_token(email=valuer.email, username=valuer.email)).status_code == 401


def test_a_deactivated_person_s_access_token_is_refused(
    sign_in_service: ListedKeys, connected: User, ask: Ask
) -> None:
    User.objects.filter(pk=connected.pk).update(is_active=False)
    assert ask(access_token()).status_code == 401


def test_an_access_token_of_a_suspended_firm_is_refused(
    sign_in_service: ListedKeys, connected: User, firm: Organization, ask: Ask
) -> None:
    change_firm(firm, status="suspended")
    assert ask(access_token()).status_code == 403


def test_a_token_that_names_another_organization_is_refused_and_recorded(
    sign_in_service: ListedKeys, connected: User, ask: Ask
) -> None:
    answer = ask(access_token(**{"custom:organization_id": "beta_surveyors"}))
    recorded = entries("token.organization_contradicted")

    assert (answer.status_code, [(one.org_id, one.target, one.details) for one in recorded]) == (
        401,
        [("alpha_valuers", connected.email, {"token": "beta_surveyors", "directory": "alpha_valuers"})],
    )


def test_a_token_that_names_the_directory_s_organization_is_good(
    sign_in_service: ListedKeys, connected: User, ask: Ask
) -> None:
    assert ask(access_token(**{"custom:organization_id": "alpha_valuers"})).status_code == 200


def test_a_forged_access_token_is_refused(sign_in_service: ListedKeys, connected: User, ask: Ask) -> None:
    assert ask(access_token(key=private_key("theirs"))).status_code == 401


def test_while_the_sign_in_service_is_silent_a_program_is_told_to_come_back(
    sign_in_service: ListedKeys, connected: User, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bearer, "provider", _Silent)
    answer = ask(access_token())

    assert (answer.status_code, answer["Retry-After"], answer["Content-Type"]) == (
        503,
        "10",
        "application/problem+json",
    )


def test_while_the_sign_in_service_is_silent_personal_tokens_go_on_working(
    sign_in_service: ListedKeys,
    made_token: MakeToken,
    valuer: User,
    ask: Ask,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(bearer, "provider", _Silent)
    assert ask(made_token(valuer).token).status_code == 200


class _Silent:
    def signing_key(self, kid: object) -> Any:
        raise ProviderSilent(f"{ISSUER} does not answer.")
