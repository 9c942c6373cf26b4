"""The pages of single sign-on, with a provider that misbehaves as no real one does."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from conftest import person
from tenants.models import AuditEntry, Organization, Session, User
from tenants.mongodb.monitoring import Command
from tenants.oidc import actions
from tenants.oidc.actions import SignInRefused, person_of
from tenants.oidc.http import ProviderSilent
from tenants.oidc.matching import Claims, Reason
from tenants.oidc.tests import forging
from tenants.oidc.tests.conftest import EMAIL, FakeProvider
from tenants.oidc.tests.forging import CLIENT_ID, ISSUER
from tenants.permissions import Role

PASSWORD = "four unrelated words here"


@pytest.fixture
def connected(firm: Organization) -> User:
    one = person(firm, "Vikram Connected", Role.VALUER)
    one.email, one.oidc_issuer, one.cognito_id = EMAIL, ISSUER, "subject-1"
    one.save()
    return one


def is_signed_in(site: Client) -> bool:
    return "_auth_user_id" in site.session


def test_without_a_provider_there_is_nothing_to_sign_in_with(database: None) -> None:
    assert Client().get("/openid/sign-in/").status_code == 404
    assert Client().get("/openid/callback/?code=x&state=y").status_code == 404


def test_it_signs_in_who_is_known_by_issuer_and_subject(fake: FakeProvider, connected: User) -> None:
    site = Client()
    response = fake.come_back(site, "/openid/sign-in/?next=/profile/")
    assert (response.status_code, response["Location"]) == (302, "/profile/")
    assert is_signed_in(site)


def test_the_secret_goes_in_a_header_and_is_encoded(fake: FakeProvider, connected: User) -> None:
    fake.come_back(Client())
    ((url, fields, basic),) = fake.asked
    assert (url, basic) == (f"{ISSUER}/token", (CLIENT_ID, "to%20be%3A%20encoded%2F"))
    assert set(fields) == {"grant_type", "code", "redirect_uri", "code_verifier"}


@pytest.mark.parametrize("next_url", ["https://rival.example/", "//rival.example/", "javascript:alert(1)"])
def test_it_leads_to_no_other_site_afterwards(fake: FakeProvider, connected: User, next_url: str) -> None:
    assert fake.come_back(Client(), f"/openid/sign-in/?next={next_url}")["Location"] == "/"


@pytest.mark.parametrize(
    "changed",
    [
        {"nonce": "another"},
        {"aud": "another"},
        {"azp": "another"},
        {"iss": "https://rival.example"},
        {"exp": 1},
    ],
    ids=str,
)
def test_a_token_that_is_not_to_be_believed_signs_nobody_in(
    fake: FakeProvider, connected: User, changed: dict[str, Any]
) -> None:
    fake.claims = changed
    site = Client()
    response = fake.come_back(site)
    assert response.status_code == 400
    assert "start again" in response.content.decode()
    assert not is_signed_in(site)


def test_an_unsigned_token_signs_nobody_in(fake: FakeProvider, connected: User) -> None:
    fake.sign = lambda said: forging.unsigned_token()
    site = Client()
    assert fake.come_back(site).status_code == 400
    assert not is_signed_in(site)


def test_what_is_told_of_another_subject_signs_nobody_in(fake: FakeProvider, connected: User) -> None:
    fake.userinfo = {"sub": "subject-2", "email": EMAIL}
    site = Client()
    assert fake.come_back(site).status_code == 400
    assert not is_signed_in(site)


def test_what_is_signed_counts_more_than_what_is_told(fake: FakeProvider, connected: User) -> None:
    fake.claims = {"custom:organization_id": "alpha_valuers"}
    fake.userinfo = {"sub": "subject-1", "custom:organization_id": "beta_surveyors"}
    assert fake.come_back(Client())["Location"] == "/"


@pytest.mark.parametrize("state", ["", "unknown", "x" * 5000], ids=["none", "unknown", "long"])
def test_an_unknown_state_is_a_page_that_says_to_begin_anew(
    fake: FakeProvider, connected: User, state: str
) -> None:
    site = Client()
    site.get("/openid/sign-in/")
    response = site.get("/openid/callback/", {"state": state, "code": "code"})
    assert response.status_code == 400
    assert "no-store" in response["Cache-Control"]
    assert fake.asked == []


def test_an_error_with_an_unknown_state_ends_no_session(
    fake: FakeProvider, valuer: User, client_for: Callable[[User], Client]
) -> None:
    site = client_for(valuer)
    assert site.get("/openid/callback/?error=login_required&state=unknown").status_code == 400
    assert is_signed_in(site)


def test_a_state_is_forgotten_after_a_quarter_of_an_hour(fake: FakeProvider, connected: User) -> None:
    site = Client()
    site.get("/openid/sign-in/")
    store = site.session
    ((state, begun),) = store["oidc_states"].items()
    begun["added_on"] -= 15 * 60 + 1
    store.save()
    assert site.get("/openid/callback/", {"state": state, "code": "code"}).status_code == 400
    assert fake.asked == []


def test_a_state_that_two_requests_bring_at_once_is_good_for_one(fake: FakeProvider, connected: User) -> None:
    site = Client()
    site.get("/openid/sign-in/")
    stored = site.session
    (state,) = stored["oidc_states"]
    kept = dict(stored.items())
    site.get("/openid/callback/", {"state": state, "code": "code"})
    # As if the other request had read the session before the first one stored it.
    other = Client()
    other.get("/sign-in/")
    store = other.session
    store.update(kept)
    store.save()
    other.cookies["sessionid"] = str(store.session_key)
    assert other.get("/openid/callback/", {"state": state, "code": "code"}).status_code == 400
    assert len(fake.asked) == 1


def test_an_answer_in_another_issuers_name_is_no_answer(fake: FakeProvider, connected: User) -> None:
    assert fake.come_back(Client(), iss="https://rival.example").status_code == 400
    assert fake.asked == []


def test_a_used_code_is_a_page_that_says_to_begin_anew(fake: FakeProvider, connected: User) -> None:
    fake.token_answer = 400, {"error": "invalid_grant"}
    assert fake.come_back(Client()).status_code == 400


@pytest.mark.parametrize(
    "answer",
    [(401, {"error": "invalid_client"}), (400, {}), (400, {"error": "unauthorized_client"})],
    ids=str,
)
def test_a_client_that_is_refused_is_no_fault_of_the_persons(
    fake: FakeProvider, connected: User, answer: tuple[int, dict[str, Any]]
) -> None:
    fake.token_answer = answer
    assert fake.come_back(Client()).status_code == 503


@pytest.mark.parametrize("error", ["server_error", "temporarily_unavailable", "<script>"])
def test_an_error_of_the_service_is_a_page_without_its_words(
    fake: FakeProvider, database: None, error: str
) -> None:
    response = fake.come_back(Client(), error=error, error_description="<b>their words</b>")
    assert response.status_code == 503
    assert error not in response.content.decode().split("<body>")[1]


def test_nothing_that_opens_a_door_is_logged(
    fake: FakeProvider, connected: User, caplog: pytest.LogCaptureFixture
) -> None:
    fake.claims = {"aud": "another"}
    with caplog.at_level(logging.DEBUG):
        fake.come_back(Client(), code="the-code")
    assert "The ID token is refused" in caplog.text
    assert "eyJ" not in caplog.text
    assert "the-code" not in caplog.text


def test_few_at_a_time_wait_for_a_slow_service(
    fake: FakeProvider, connected: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tenants.oidc import backend

    monkeypatch.setattr(backend, "_WAIT_SECONDS", 0.01)
    with backend._one_of_few(), backend._one_of_few():
        assert fake.come_back(Client()).status_code == 503
    assert fake.come_back(Client()).status_code == 302


def test_somebody_of_a_suspended_firm_sees_the_firms_page(fake: FakeProvider, connected: User) -> None:
    Organization.objects.filter(org_id="alpha_valuers").update(status="suspended")
    site = Client()
    assert fake.come_back(site)["Location"] == "/"
    response = site.get("/")
    assert response.status_code == 403
    assert "This firm is suspended" in response.content.decode()


def test_who_is_deactivated_is_refused_and_the_firm_reads_of_it(fake: FakeProvider, connected: User) -> None:
    User.objects.filter(pk=connected.pk).update(is_active=False)
    site = Client()
    assert fake.come_back(site).status_code == 403
    assert not is_signed_in(site)
    entry = AuditEntry.objects.get(action="openid.refused")
    assert (entry.org_id, entry.details["reason"]) == ("alpha_valuers", "deactivated")


def test_an_address_of_somebody_with_a_password_is_not_enough(fake: FakeProvider, firm: Organization) -> None:
    one = person(firm, "Vikram Valuer", Role.MANAGER)
    one.email = EMAIL
    one.set_password(PASSWORD)
    one.save()
    site = Client()
    response = fake.come_back(site)
    assert response.status_code == 403
    assert "Sign in with your password first" in response.content.decode()
    assert not is_signed_in(site)


def test_an_address_under_another_issuer_is_not_enough(fake: FakeProvider, connected: User) -> None:
    User.objects.filter(pk=connected.pk).update(oidc_issuer="https://other.example")
    fake.claims = {"custom:organization_id": "alpha_valuers"}
    site = Client()
    response = fake.come_back(site)
    assert response.status_code == 403
    assert "connected with another sign-in account" in response.content.decode()
    assert not is_signed_in(site)


@pytest.mark.parametrize("reason", list(Reason))
def test_every_refusal_has_words_of_its_own(fake: FakeProvider, reason: Reason) -> None:
    from django.test import RequestFactory

    from tenants.models import User as Person
    from tenants.oidc.pages import refused_page

    request = RequestFactory().get("/openid/callback/")
    request.user = Person()
    text = refused_page(request, SignInRefused(reason, EMAIL)).content.decode()
    others = "connected with somebody else's account here already"
    assert (others in text) is (reason is Reason.TAKEN)
    assert EMAIL in text


def said(**changed: Any) -> Claims:
    good = {"issuer": ISSUER, "subject": "subject-1", "email": EMAIL, "email_verified": True}
    return Claims(**{**good, "organization": "alpha_valuers", **changed})


def refusal_of(claims: Claims) -> Reason:
    with pytest.raises(SignInRefused) as refusal:
        person_of(claims)
    return refusal.value.reason


def test_a_full_firm_takes_nobody_in(manager: User, firm: Organization) -> None:
    manager.set_password(PASSWORD)
    manager.save()
    Organization.objects.filter(pk=firm.pk).update(
        plan="basic", limits={"seats": 1, "features": ["single_sign_on"]}
    )
    assert refusal_of(said()) is Reason.NO_SEAT
    assert not User.objects.filter(email=EMAIL).exists()


def test_a_plan_without_it_takes_nobody_in(firm: Organization) -> None:
    Organization.objects.filter(pk=firm.pk).update(plan="basic", limits={"seats": 9, "features": []})
    assert refusal_of(said()) is Reason.NOT_INCLUDED


def test_a_firm_whose_subscription_is_over_takes_nobody_in(firm: Organization) -> None:
    Organization.objects.filter(pk=firm.pk).update(read_only_from=timezone.localdate())
    assert refusal_of(said()) is Reason.NOT_OPEN


def test_unknown_and_suspended_firms_are_refused_in_the_same_words(firm: Organization) -> None:
    Organization.objects.filter(pk=firm.pk).update(status="suspended")
    assert refusal_of(said()) is refusal_of(said(organization="no_such_firm")) is Reason.NOT_OPEN


def test_an_old_invitation_lets_nobody_in(firm: Organization) -> None:
    invited = person(firm, "Vikram Invited", Role.VALUER)
    User.objects.filter(pk=invited.pk).update(email=EMAIL, invited_at=timezone.now() - timedelta(days=8))
    assert refusal_of(said(organization=None)) is Reason.INVITATION_OLD


def test_two_first_sign_ins_at_once_make_one_person(firm: Organization, django_db_blocker: Any) -> None:
    def come(_: int) -> Any:
        with django_db_blocker.unblock():
            return person_of(said()).person.pk

    with ThreadPoolExecutor(6) as pool:
        found = set(pool.map(come, range(6)))
    (made,) = User.objects.filter(cognito_id="subject-1")
    assert found == {made.pk}
    assert AuditEntry.objects.filter(action="person.added", target=EMAIL).count() == 1


def test_first_sign_ins_at_once_do_not_share_the_last_seat(
    firm: Organization, django_db_blocker: Any
) -> None:
    Organization.objects.filter(pk=firm.pk).update(
        plan="basic", limits={"seats": 1, "features": ["single_sign_on"]}
    )

    def come(number: int) -> str:
        claims = said(subject=f"subject-{number}", email=f"person-{number}@alpha-valuers.example")
        with django_db_blocker.unblock():
            try:
                return person_of(claims).person.cognito_id
            except SignInRefused as refusal:
                return refusal.reason

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(come, range(4)))
    assert sorted(found)[:3] == [Reason.NO_SEAT] * 3
    assert User.objects.filter(organization="alpha_valuers").count() == 1


def test_a_confirmed_address_is_followed_while_nobody_else_has_it(connected: User, valuer: User) -> None:
    person_of(said(email="new@alpha-valuers.example"))
    assert User.objects.get(pk=connected.pk).email == "new@alpha-valuers.example"
    entry = AuditEntry.objects.get(action="person.changed")
    assert entry.details == {"changes": {"email": {"from": EMAIL, "to": "new@alpha-valuers.example"}}}
    assert entry.actor == actions.ACTOR
    for claims in (said(email=valuer.email), said(email="other@a.example", email_verified=False)):
        person_of(claims)
        assert User.objects.get(pk=connected.pk).email == "new@alpha-valuers.example"


def test_the_last_manager_follows_the_service_and_the_entry_says_so(connected: User, settings: Any) -> None:
    settings.OIDC_ROLES = {"managers": "manager"}
    User.objects.filter(pk=connected.pk).update(role=Role.MANAGER)
    person_of(said(groups=frozenset()))
    assert User.objects.get(pk=connected.pk).role == Role.VIEWER
    assert AuditEntry.objects.get(action="person.changed").details["last_manager"] is True


def test_a_renewal_that_changes_nothing_costs_one_command(
    connected: User, commands: Callable[[], AbstractContextManager[list[Command]]]
) -> None:
    with commands() as sent:
        person_of(said())
    assert [(one.name, one.collection) for one in sent] == [("aggregate", "users")]


def test_the_page_costs_one_command(
    fake: FakeProvider,
    valuer: User,
    client_for: Callable[[User], Client],
    commands: Callable[[], AbstractContextManager[list[Command]]],
) -> None:
    site = client_for(valuer)
    with commands() as sent:
        assert site.get("/openid/").status_code == 200
    assert len(sent) == 1


@pytest.mark.parametrize("path", ["/openid/connect/", "/openid/disconnect/"])
def test_another_person_cannot_be_connected_without_a_password(
    fake: FakeProvider, valuer: User, client_for: Callable[[User], Client], path: str
) -> None:
    site = client_for(valuer)
    assert site.get(path).status_code == 405
    if path == "/openid/connect/":
        assert site.post(path, {}).status_code == 422


def test_a_subject_of_somebody_else_cannot_be_connected(
    fake: FakeProvider, connected: User, other_valuer: User
) -> None:
    with pytest.raises(SignInRefused) as refusal:
        actions.connect(other_valuer, said())
    assert refusal.value.reason is Reason.TAKEN
    assert User.objects.get(pk=other_valuer.pk).cognito_id == ""


def test_who_has_no_password_cannot_end_the_connection(
    fake: FakeProvider, connected: User, client_for: Callable[[User], Client]
) -> None:
    site = client_for(connected)
    assert site.post("/openid/disconnect/", {"password": ""}).status_code == 422
    assert User.objects.get(pk=connected.pk).cognito_id == "subject-1"
    assert "cannot be ended" in site.get("/openid/").content.decode()


def test_ending_the_connection_ends_sessions_that_rest_on_it(fake: FakeProvider, connected: User) -> None:
    connected.set_password(PASSWORD)
    connected.save()
    here, there = Client(), Client()
    fake.come_back(here)
    fake.come_back(there)
    assert here.post("/openid/disconnect/", {"password": PASSWORD})["Location"] == "/openid/"
    assert here.get("/profile/").status_code == 200
    assert there.get("/profile/")["Location"].startswith("/sign-in/")
    assert [one.signed_in_by for one in Session.objects.filter(user_id=connected.pk)] == ["password"]


@pytest.mark.parametrize(
    ("style", "back"),
    [
        ("standard", "post_logout_redirect_uri"),
        ("cognito", "logout_uri"),
    ],
)
def test_signing_out_leads_to_the_service_in_its_own_words(
    fake: FakeProvider, connected: User, settings: Any, style: str, back: str
) -> None:
    settings.OIDC_LOGOUT_STYLE = style
    site = Client()
    fake.come_back(site)
    response = site.post("/sign-out/")
    asked = f"client_id={CLIENT_ID}&{back}=http%3A%2F%2Ftestserver%2Fsign-in%2F"
    assert (response.status_code, response["Location"]) == (302, f"{ISSUER}/logout?{asked}")
    assert not is_signed_in(site)


def test_signing_out_gives_a_kept_token_as_a_hint(fake: FakeProvider, connected: User, settings: Any) -> None:
    settings.OIDC_STORE_ID_TOKEN = True
    site = Client()
    fake.come_back(site)
    assert "&id_token_hint=eyJ" in site.post("/sign-out/")["Location"]


def test_who_came_with_a_password_is_signed_out_here_only(
    fake: FakeProvider, valuer: User, client_for: Callable[[User], Client]
) -> None:
    assert client_for(valuer).post("/sign-out/")["Location"] == "/sign-in/"


def test_a_service_that_does_not_say_where_it_answers_is_a_page(
    fake: FakeProvider, database: None, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tenants.oidc import provider

    def silent(*_: object, **__: object) -> dict[str, Any]:
        raise ProviderSilent("gone")

    monkeypatch.setattr(provider, "get_json", silent)
    settings.OIDC_OP_TOKEN_ENDPOINT = ""
    assert Client().get("/openid/sign-in/").status_code == 503


def test_where_to_go_afterwards_is_an_address_and_no_views_name(
    fake: FakeProvider, connected: User, client_for: Callable[[User], Client]
) -> None:
    assert client_for(connected).get("/openid/sign-in/?next=nothing-here").status_code == 302
    assert fake.come_back(Client(), "/openid/sign-in/?next=nothing-here").status_code == 302


def test_right_passwords_lock_nobody_out(
    fake: FakeProvider, connected: User, client_for: Callable[[User], Client]
) -> None:
    connected.set_password(PASSWORD)
    connected.cognito_id = ""
    connected.save()
    site = client_for(connected)
    answers = [site.post("/openid/connect/", {"password": PASSWORD}).status_code for _ in range(6)]
    assert answers == [302] * 6


def test_one_source_does_not_confirm_the_address_of_the_other(fake: FakeProvider, connected: User) -> None:
    fake.claims = {"email": "victim@alpha.example", "email_verified": None}
    fake.userinfo = {"sub": "subject-1", "email": "own@alpha.example", "email_verified": True}
    fake.come_back(Client())
    assert User.objects.get(pk=connected.pk).email == EMAIL


def test_an_address_that_no_letter_reaches_is_not_followed(connected: User) -> None:
    person_of(Claims(ISSUER, "subject-1", email="a@b.example\nBcc: c@d.example", email_verified=True))
    assert User.objects.get(pk=connected.pk).email == EMAIL
