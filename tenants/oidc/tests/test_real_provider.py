"""Signing in by a real OpenID provider, from page to page, with a browser made of two HTTP clients."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urljoin, urlsplit

import pytest
import requests
from django.contrib.messages import get_messages
from django.test import Client
from django.utils import timezone

from conftest import person
from tenants.models import AuditEntry, Organization, Session, User
from tenants.oidc import provider as provider_module
from tenants.oidc.provider import provider as configured_provider
from tenants.permissions import Role
from tests import openid_provider
from tests.openid_provider import RunningProvider

SITE = "http://testserver"
PASSWORD = "four unrelated words here"
EMAIL = "vikram@alpha-valuers.example"
VALUER = {
    "email": EMAIL,
    "email_verified": True,
    "name": "Vikram Valuer",
    "custom:organization_id": "alpha_valuers",
    "cognito:groups": ["valuers"],
}
# Nobody of the directory, and of no firm.
STRANGER = {"email": "sarita@nowhere.example", "email_verified": True, "name": "Sarita Stranger"}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningProvider]:
    log = tmp_path_factory.mktemp("provider") / "provider.log"
    with openid_provider.running(SITE, {"vikram": VALUER, "sarita": STRANGER}, log=log) as one:
        yield one


@pytest.fixture
def real(running: RunningProvider, settings: Any) -> Iterator[RunningProvider]:
    """The provider, configured here; afterwards it is as it was."""
    settings.OIDC_ENABLED = True
    settings.OIDC_ISSUER = running.issuer
    settings.OIDC_RP_CLIENT_ID = openid_provider.CLIENT_ID
    settings.OIDC_RP_CLIENT_SECRET = openid_provider.CLIENT_SECRET
    settings.OIDC_ROLES = {"valuers": "valuer", "managers": "manager"}
    settings.OIDC_KEYS_REFETCH_SECONDS = 0.0
    provider_module._provider.cache_clear()
    yield running
    running.control(mode="up", accounts={"vikram": VALUER})


class Browser:
    """Somebody at a browser: one cookie jar for the site and one for the provider."""

    def __init__(self, site: Client | None = None) -> None:
        self.site = site or Client(headers={"Accept": "text/html"})
        self.there = requests.Session()

    def sign_in(self, account: str = "vikram", *, start: str = "/openid/sign-in/") -> Any:
        """From the button on the sign-in page to the answer for who comes back."""
        return self.site.get(self.way_back(self.site.get(start)["Location"], account))

    def way_back(self, there: str, account: str = "vikram", do: str = "in") -> str:
        """Follow the provider's redirects and fill in its form; the address here that it leads back to."""
        answer = self.there.get(there, allow_redirects=False, timeout=5)
        while not answer.headers.get("Location", "").startswith(SITE):
            if "Location" in answer.headers:
                address = urljoin(answer.url, answer.headers["Location"])
                answer = self.there.get(address, allow_redirects=False, timeout=5)
            else:
                assert "<form" in answer.text, answer.text
                form = {"login": account, "do": do}
                answer = self.there.post(answer.url, data=form, allow_redirects=False, timeout=5)
        return answer.headers["Location"].removeprefix(SITE)

    def ages(self, seconds: int) -> None:
        """The provider's word for this session is from so long ago."""
        store = self.site.session
        store["openid_proved_at"] = int(time.time()) - seconds
        store.save()


@pytest.fixture
def browser() -> Browser:
    return Browser()


@pytest.fixture
def signed_in(real: RunningProvider, firm: Organization, browser: Browser) -> Browser:
    assert browser.sign_in().status_code == 302
    return browser


def audited(action: str) -> list[AuditEntry]:
    return list(AuditEntry.objects.filter(action=action))


def test_a_first_sign_in_makes_a_person_of_the_firm_that_the_claim_names(
    real: RunningProvider, firm: Organization, browser: Browser
) -> None:
    response = browser.sign_in(start="/openid/sign-in/?next=/profile/")
    assert (response.status_code, response["Location"]) == (302, "/profile/")
    made = User.objects.get(cognito_id="vikram")
    assert (made.email, made.name, made.oidc_issuer) == (EMAIL, "Vikram Valuer", real.issuer)
    assert (made.organization_id, made.role) == (firm.org_id, Role.VALUER)
    assert not made.has_usable_password()
    assert browser.site.get("/profile/").status_code == 200


def test_the_session_says_how_it_began_and_holds_no_token(signed_in: Browser) -> None:
    (stored,) = Session.objects.filter(user_id=User.objects.get(cognito_id="vikram").pk)
    assert stored.signed_in_by == "openid"
    kept = dict(signed_in.site.session.items())
    assert not [name for name, value in kept.items() if "eyJ" in str(value)]
    (entry,) = audited("sign_in.succeeded")
    assert (entry.org_id, entry.details) == ("alpha_valuers", {"by": "openid"})


def test_signing_in_begins_another_session(
    real: RunningProvider, firm: Organization, browser: Browser
) -> None:
    there = browser.site.get("/openid/sign-in/")["Location"]
    before = browser.site.session.session_key
    browser.site.get(browser.way_back(there))
    assert browser.site.session.session_key != before
    assert not Session.objects.filter(pk=before).exists()


def test_it_asks_with_a_code_challenge_and_a_nonce(
    real: RunningProvider, database: None, browser: Browser
) -> None:
    asked = parse_qs(urlsplit(browser.site.get("/openid/sign-in/")["Location"]).query)
    assert asked["code_challenge_method"] == ["S256"]
    assert len(asked["nonce"][0]) >= 43
    assert len(asked["state"][0]) >= 43
    assert len(asked["code_challenge"][0]) == 43


def test_a_code_is_worth_nothing_without_its_verifier(
    real: RunningProvider, firm: Organization, browser: Browser
) -> None:
    back = browser.way_back(browser.site.get("/openid/sign-in/")["Location"])
    store = browser.site.session
    for begun in store["oidc_states"].values():
        begun["code_verifier"] = "x" * 64
    store.save()
    response = browser.site.get(back)
    assert response.status_code == 400
    assert "start again" in response.content.decode()
    assert not User.objects.filter(cognito_id="vikram").exists()


def test_an_answer_is_taken_once(signed_in: Browser) -> None:
    back = signed_in.way_back(signed_in.site.get("/openid/sign-in/")["Location"])
    assert signed_in.site.get(back).status_code == 302
    assert signed_in.site.get(back).status_code == 400


def test_an_answer_is_no_good_in_another_browser(
    real: RunningProvider, firm: Organization, browser: Browser
) -> None:
    back = browser.way_back(browser.site.get("/openid/sign-in/")["Location"])
    victim = Browser()
    victim.site.get("/openid/sign-in/")
    assert victim.site.get(back).status_code == 400
    assert "_auth_user_id" not in victim.site.session


def test_rotated_keys_are_fetched_without_a_restart(signed_in: Browser, real: RunningProvider) -> None:
    real.control(rotate=True)
    assert Browser().sign_in().status_code == 302


@pytest.mark.parametrize("mode", ["error", "gone"])
def test_a_service_that_breaks_midway_is_a_page_that_says_what_to_do(
    real: RunningProvider, firm: Organization, browser: Browser, mode: str
) -> None:
    back = browser.way_back(browser.site.get("/openid/sign-in/")["Location"])
    real.control(mode=mode)
    response = browser.site.get(back)
    assert response.status_code == 503
    assert response["Retry-After"]
    assert "sign in with your e-mail address and password" in response.content.decode()


def test_local_sign_in_works_while_the_service_is_gone(
    real: RunningProvider, manager: User, browser: Browser
) -> None:
    manager.email = "meera@alpha-valuers.example"
    manager.set_password(PASSWORD)
    manager.save()
    real.control(mode="gone")
    assert browser.site.get("/openid/sign-in/").status_code == 503
    typed = {"username": manager.email, "password": PASSWORD}
    assert browser.site.post("/sign-in/", typed)["Location"] == "/"
    assert browser.site.get("/profile/").status_code == 200


def test_who_cancels_is_back_at_the_sign_in_page_with_a_sentence(
    real: RunningProvider, database: None, browser: Browser
) -> None:
    response = browser.site.get(
        browser.way_back(browser.site.get("/openid/sign-in/")["Location"], do="cancel")
    )
    assert response["Location"] == "/sign-in/"
    assert [str(one) for one in get_messages(response.wsgi_request)] == [
        "You did not finish signing in with Single sign-on. Nothing was changed."
    ]


def test_another_firm_named_by_the_service_is_refused_and_recorded(
    signed_in: Browser, real: RunningProvider, rival: Organization
) -> None:
    real.control(accounts={"vikram": {**VALUER, "custom:organization_id": rival.org_id}})
    response = Browser().sign_in()
    assert response.status_code == 403
    assert "names another firm" in response.content.decode()
    (entry,) = audited("openid.organization_contradicted")
    assert (entry.org_id, entry.target) == ("alpha_valuers", EMAIL)
    # What the other firm is called is not for this firm's managers.
    assert rival.org_id not in str(entry.details)


def test_another_firm_named_at_a_renewal_ends_the_session(
    signed_in: Browser, real: RunningProvider, rival: Organization
) -> None:
    real.control(accounts={"vikram": {**VALUER, "custom:organization_id": rival.org_id}})
    signed_in.ages(1000)
    back = signed_in.way_back(signed_in.site.get("/profile/")["Location"])
    assert signed_in.site.get(back).status_code == 403
    assert signed_in.site.get("/profile/")["Location"].startswith("/sign-in/")


def test_groups_decide_the_role_at_every_sign_in(signed_in: Browser, real: RunningProvider) -> None:
    real.control(accounts={"vikram": {**VALUER, "cognito:groups": ["valuers", "managers", "cleaners"]}})
    Browser().sign_in()
    assert User.objects.get(cognito_id="vikram").role == Role.MANAGER
    (entry,) = audited("person.changed")
    assert entry.details == {"changes": {"role": {"from": "valuer", "to": "manager"}}}
    # What was begun with the other role has ended.
    assert signed_in.site.get("/profile/")["Location"].startswith("/sign-in/")


def test_groups_that_make_no_role_leave_the_least(signed_in: Browser, real: RunningProvider) -> None:
    real.control(accounts={"vikram": {**VALUER, "cognito:groups": ["cleaners"]}})
    Browser().sign_in()
    assert User.objects.get(cognito_id="vikram").role == Role.VIEWER


def test_a_renewal_leads_through_the_service_and_back_unnoticed(signed_in: Browser) -> None:
    before = signed_in.site.session.session_key
    signed_in.ages(1000)
    there = signed_in.site.get("/profile/?x=1")["Location"]
    assert parse_qs(urlsplit(there).query)["prompt"] == ["none"]
    response = signed_in.site.get(signed_in.way_back(there))
    assert response["Location"] == "/profile/?x=1"
    assert signed_in.site.session.session_key == before
    assert signed_in.site.get("/profile/").status_code == 200


def test_a_renewal_takes_a_role_away_at_once(signed_in: Browser, real: RunningProvider) -> None:
    real.control(accounts={"vikram": {**VALUER, "cognito:groups": []}})
    signed_in.ages(1000)
    before = signed_in.site.session.session_key
    signed_in.site.get(signed_in.way_back(signed_in.site.get("/profile/")["Location"]))
    assert User.objects.get(cognito_id="vikram").role == Role.VIEWER
    assert signed_in.site.session.session_key != before
    assert signed_in.site.get("/profile/").status_code == 200


def test_who_is_signed_out_there_is_signed_out_here_at_the_renewal(
    signed_in: Browser, real: RunningProvider
) -> None:
    signed_in.there.cookies.clear()
    signed_in.ages(1000)
    response = signed_in.site.get(signed_in.way_back(signed_in.site.get("/profile/")["Location"]))
    assert response["Location"] == "/sign-in/?next=/profile/"
    assert "_auth_user_id" not in signed_in.site.session
    assert [str(one) for one in get_messages(response.wsgi_request)] == [
        "You are signed out at Single sign-on. Sign in again to go on."
    ]
    assert len(audited("openid.renewal_refused")) == 1


def test_somebody_else_at_the_service_ends_the_session(signed_in: Browser) -> None:
    signed_in.there.cookies.clear()
    stranger = Browser()
    stranger.sign_in("sarita")
    signed_in.there = stranger.there
    signed_in.ages(1000)
    response = signed_in.site.get(signed_in.way_back(signed_in.site.get("/profile/")["Location"], "sarita"))
    assert response.status_code == 403
    assert "_auth_user_id" not in signed_in.site.session


def test_a_service_that_is_gone_lets_the_session_go_on_for_a_while(
    signed_in: Browser, real: RunningProvider
) -> None:
    real.control(mode="gone")
    signed_in.ages(1000)
    configured_provider().keys.forget()
    assert signed_in.site.get("/profile/").status_code == 200
    signed_in.ages(2000)
    response = signed_in.site.get("/profile/")
    assert response.status_code == 503
    assert "Sign out and use a password" in response.content.decode()


def test_an_invitation_to_a_confirmed_address_is_accepted_by_signing_in(
    real: RunningProvider, firm: Organization, browser: Browser
) -> None:
    invited = person(firm, "Vikram Invited", Role.ASSISTANT)
    User.objects.filter(pk=invited.pk).update(email=EMAIL, invited_at=timezone.now() - timedelta(days=6))
    link = User.objects.get(pk=invited.pk).password
    real.control(accounts={"vikram": {"email": EMAIL, "email_verified": "true", "cognito:groups": None}})
    assert browser.sign_in().status_code == 302
    accepted = User.objects.get(pk=invited.pk)
    assert (accepted.cognito_id, accepted.oidc_issuer) == ("vikram", real.issuer)
    assert (accepted.role, accepted.invited_at) == (Role.ASSISTANT, None)
    assert accepted.password != link
    assert audited("invitation.accepted")[0].details["by"] == "openid"


def test_an_account_is_connected_with_the_password_and_disconnected_again(
    real: RunningProvider, valuer: User, client_for: Callable[[User], Client]
) -> None:
    valuer.set_password(PASSWORD)
    valuer.save()
    site = client_for(valuer)
    assert site.post("/openid/connect/", {"password": "wrong"}).status_code == 422
    there = site.post("/openid/connect/", {"password": PASSWORD})["Location"]
    assert parse_qs(urlsplit(there).query)["prompt"] == ["login"]
    back = Browser(site).way_back(there)
    assert site.get(back)["Location"] == "/openid/"
    assert User.objects.get(pk=valuer.pk).cognito_id == "vikram"
    assert len(audited("openid.connected")) == 1
    # Not by the address, which is another one there: by issuer and subject.
    assert Browser().sign_in()["Location"] == "/"
    assert site.post("/openid/disconnect/", {"password": "wrong"}).status_code == 422
    assert site.post("/openid/disconnect/", {"password": PASSWORD})["Location"] == "/openid/"
    assert User.objects.get(pk=valuer.pk).cognito_id == ""
    assert not Session.objects.filter(user_id=valuer.pk, signed_in_by="openid").exists()
    assert site.get("/openid/").status_code == 200


def test_somebody_of_no_firm_is_told_what_to_do(
    real: RunningProvider, firm: Organization, browser: Browser
) -> None:
    response = browser.sign_in("sarita")
    assert response.status_code == 403
    assert "does not say which firm you belong to" in response.content.decode()
    (entry,) = audited("openid.refused")
    assert (entry.details["reason"], entry.target) == ("no_organization", STRANGER["email"])
