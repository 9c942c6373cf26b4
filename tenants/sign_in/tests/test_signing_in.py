"""The sign-in page: who gets in, with which session, and where to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth import SESSION_KEY
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from tenants.context import organization_active
from tenants.models import AuditEntry, Organization, Session, User, UserSettings
from tenants.operations.suspending import suspend_organization
from tenants.sign_in import views

ClientFor = Callable[[User], Client]
PASSWORD = "plum-orbit-lantern-7"


@pytest.fixture
def person(valuer: User) -> User:
    # The cast's addresses have an underscore in them, which the form does not take.
    valuer.email = "vikram@alpha-valuers.example"
    valuer.set_password(PASSWORD)
    valuer.save()
    return valuer


def sign_in(client: Client, email: str, **more: str) -> Any:
    return client.post(reverse("sign-in"), {"username": email, "password": PASSWORD, **more})


def test_a_member_comes_to_the_work(person: User) -> None:
    assert sign_in(Client(), person.email)["Location"] == reverse("work")


def test_staff_come_to_the_admin(staff: User) -> None:
    staff.set_password(PASSWORD)
    staff.save()
    assert sign_in(Client(), staff.email)["Location"] == reverse("admin:index")


def test_the_admin_has_no_sign_in_page_of_its_own(database: None) -> None:
    assert Client().get("/admin/login/")["Location"] == "/sign-in/?next=/admin/"


def test_it_goes_back_to_where_the_person_was(person: User) -> None:
    assert sign_in(Client(), person.email, next="/reports/?q=a")["Location"] == "/reports/?q=a"


@pytest.mark.parametrize(
    "elsewhere",
    ["https://elsewhere.example/", "//elsewhere.example/", "/\\elsewhere.example", "javascript:1"],
)
def test_it_leads_to_no_other_site(person: User, elsewhere: str) -> None:
    assert sign_in(Client(), person.email, next=elsewhere)["Location"] == reverse("work")


def test_a_wrong_password_is_answered_with_422(person: User) -> None:
    response = Client().post(reverse("sign-in"), {"username": person.email, "password": "wrong"})
    assert (response.status_code, "do not match" in response.content.decode()) == (422, True)


def test_the_session_gets_a_new_key(person: User) -> None:
    client = Client()
    session = client.session
    session["before"] = "signing in"
    session.save()
    client.cookies["sessionid"] = str(session.session_key)
    sign_in(client, person.email)
    assert client.cookies["sessionid"].value != session.session_key
    assert not Session.objects.filter(pk=session.session_key).exists()


def test_the_csrf_token_changes(person: User) -> None:
    client = Client()
    client.get(reverse("sign-in"))
    before = client.cookies["csrftoken"].value
    sign_in(client, person.email)
    assert client.cookies["csrftoken"].value != before


def test_a_form_without_the_csrf_token_is_refused(person: User) -> None:
    assert sign_in(Client(enforce_csrf_checks=True), person.email).status_code == 403


def test_the_session_says_how_the_person_signed_in(person: User) -> None:
    client = Client()
    sign_in(client, person.email)
    assert client.session["signed_in_by"] == "password"


def test_signing_in_is_audited(person: User, firm: Organization) -> None:
    sign_in(Client(REMOTE_ADDR="192.0.2.7"), person.email)
    entry = AuditEntry.objects.get(action="sign_in.succeeded")
    assert (entry.actor, entry.org_id, entry.details, entry.ip) == (
        person.email,
        firm.org_id,
        {"by": "password"},
        "192.0.2.7",
    )


def test_signing_out_is_audited(person: User, client_for: ClientFor) -> None:
    client_for(person).post(reverse("sign-out"))
    assert AuditEntry.objects.get(action="sign_out").actor == person.email


def test_signing_out_twice_is_audited_once(person: User, client_for: ClientFor) -> None:
    client = client_for(person)
    client.post(reverse("sign-out"))
    client.post(reverse("sign-out"))
    assert AuditEntry.objects.filter(action="sign_out").count() == 1


def test_signing_out_ends_the_session_on_the_server(person: User, client_for: ClientFor) -> None:
    client = client_for(person)
    client.post(reverse("sign-out"))
    assert not Session.objects.filter(user_id=person.pk).exists()


def test_signing_out_has_the_browser_forget(person: User, client_for: ClientFor) -> None:
    assert client_for(person).post(reverse("sign-out"))["Clear-Site-Data"] == '"cache"'


def test_nobody_signs_out_by_following_a_link(person: User, client_for: ClientFor) -> None:
    client = client_for(person)
    assert client.get(reverse("sign-out")).status_code == 405
    assert SESSION_KEY in client.session


def test_somebody_of_a_suspended_firm_is_told_so(person: User, firm: Organization, staff: User) -> None:
    suspend_organization(firm, reason="The plan has run out.", by=staff)
    client = Client()
    assert sign_in(client, person.email).status_code == 302
    assert client.get(reverse("work")).status_code == 403


def test_the_page_offers_no_single_sign_on_without_a_provider(database: None, settings: Settings) -> None:
    settings.OIDC_ENABLED = False
    assert "Sign in with" not in Client().get(reverse("sign-in")).content.decode()


def test_the_page_offers_single_sign_on_by_its_name(database: None, settings: Settings) -> None:
    settings.OIDC_ENABLED, settings.OIDC_NAME = True, "State <Bank>"
    assert "Sign in with State &lt;Bank&gt;" in Client().get(reverse("sign-in")).content.decode()


def test_the_page_is_kept_by_no_cache(database: None) -> None:
    assert "no-store" in Client().get(reverse("sign-in"))["Cache-Control"]


def test_the_browser_looks_as_the_person_s_settings_say(person: User, firm: Organization) -> None:
    with organization_active(firm.placement):
        UserSettings.objects.create(user_id=str(person.pk), theme="dark")
    client = Client()
    sign_in(client, person.email)
    assert client.cookies["theme"].value == "dark"


def test_who_came_by_a_provider_is_led_there_to_sign_out(
    person: User, client_for: ClientFor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(views, "end_session_url", lambda request: "https://provider.example/logout")
    client = client_for(person)
    response = client.post(reverse("sign-out"))
    assert (response["Location"], SESSION_KEY in client.session) == ("https://provider.example/logout", False)


def test_who_is_signed_in_is_not_led_in_circles(person: User, client_for: Callable[[User], Client]) -> None:
    assert client_for(person).get("/sign-in/?next=/sign-in/").headers["Location"] == "/"
