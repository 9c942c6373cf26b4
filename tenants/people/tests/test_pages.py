"""The pages of a firm's people, as managers and others meet them."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from conftest import person as somebody
from tenants.models import AuditEntry, Organization, Session, User
from tenants.mongodb.monitoring import Command
from tenants.operations.invitations import invite_member
from tenants.people.listing import PAGE_LENGTH
from tenants.people.tests.asking import colleague, invited_ago, with_seats
from tenants.permissions import Role

ClientFor = Callable[[User], Client]
Recording = Callable[[], AbstractContextManager[list[Command]]]
INVITATION = {"name": "Nora New", "email": "nora@new.example", "role": "assistant"}


@pytest.fixture
def boss(firm: Organization) -> User:
    return colleague(firm, "Bina Boss", Role.MANAGER)


@pytest.fixture
def office(boss: User, client_for: ClientFor) -> Client:
    """The manager's browser."""
    return client_for(boss)


@pytest.fixture
def guest(firm: Organization, boss: User) -> User:
    return invite_member(
        firm, email="gita@alpha-valuers.example", name="Gita Guest", role=Role.VALUER, by=boss
    )


def page(person: User, step: str = "") -> str:
    return reverse(f"person-{step}" if step else "person", args=[person.pk])


def names_in(response: Any) -> list[str]:
    return [row.name for row in response.context["found"].rows]


def text_of(response: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


# The list ------------------------------------------------------------------------------------------------


def test_it_lists_everybody_of_the_firm_and_nobody_elses(
    office: Client, guest: User, rival_valuer: User, staff: User
) -> None:
    assert names_in(office.get(reverse("people"))) == ["Bina Boss", "Gita Guest"]


def test_it_lists_who_left_last(office: Client, firm: Organization) -> None:
    left = colleague(firm, "Ahmed Away")
    User.objects.filter(pk=left.pk).update(is_active=False)
    assert names_in(office.get(reverse("people"))) == ["Bina Boss", "Ahmed Away"]


def test_its_times_are_those_of_the_records(office: Client, boss: User, guest: User) -> None:
    rows = {row.name: row for row in office.get(reverse("people")).context["found"].rows}
    assert guest.invited_at is not None
    assert (rows["Bina Boss"].last_login, rows["Gita Guest"].until) == (
        User.objects.get(pk=boss.pk).last_login,
        guest.invited_at + timedelta(days=7),
    )


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("q=bina", ["Bina Boss"]),
        ("q=ALPHA-valuers+guest", ["Gita Guest"]),
        ("q=.*", []),
        # MongoDB takes no NUL.
        ("q=bina%00", ["Bina Boss"]),
        ("role=valuer", ["Gita Guest"]),
        ("state=invited", ["Gita Guest"]),
        ("state=deactivated", []),
        ("state=active&role=valuer", []),
        ("state=nonsense", ["Bina Boss", "Gita Guest"]),
        ("page=99", ["Bina Boss", "Gita Guest"]),
        ("page=-1", ["Bina Boss", "Gita Guest"]),
    ],
)
def test_it_narrows_by_what_is_asked(office: Client, guest: User, query: str, names: list[str]) -> None:
    assert names_in(office.get(f"{reverse('people')}?{query}")) == names


def test_it_says_until_when_an_invitation_is_open(office: Client, guest: User) -> None:
    assert re.search(r"Invited until \d+ \w{3}", text_of(office.get(reverse("people"))))


def test_it_says_when_an_invitation_expired(office: Client, guest: User) -> None:
    invited_ago(guest, days=7)
    assert "Invitation expired" in text_of(office.get(reverse("people")))


@pytest.mark.parametrize(
    ("seats", "said"),
    [(10, "1 of 10 seats taken"), (1, "Every seat is taken"), (None, "People")],
)
def test_it_says_how_many_seats_are_taken(
    office: Client, firm: Organization, seats: int | None, said: str
) -> None:
    with_seats(firm, seats)
    assert said in text_of(office.get(reverse("people")))


def test_it_warns_from_four_fifths_on(office: Client, firm: Organization) -> None:
    for number in range(3):
        colleague(firm, f"Colleague {number}")
    with_seats(firm, 5)
    assert "Few seats are left" in text_of(office.get(reverse("people")))


def test_two_hundred_people_are_one_command_and_one_page_of_fifty(
    office: Client, firm: Organization, commands: Recording
) -> None:
    now = timezone.now()
    User.objects.bulk_create(
        User(
            email=f"person{number}@alpha-valuers.example",
            name=f"Person {number:03}",
            organization=firm,
            role=Role.VALUER,
            password="!",
            invited_at=now,
        )
        for number in range(200)
    )
    office.get(reverse("people"))
    with commands() as sent:
        response = office.get(reverse("people"))
    assert (len(names_in(response)), response.context["found"].page.paginator.count) == (PAGE_LENGTH, 201)
    # The session's and the list's.
    assert [one.collection for one in sent] == ["sessions", "users"]


def test_no_password_leaves_the_database_for_the_list(
    office: Client, boss: User, commands: Recording
) -> None:
    with commands() as sent:
        response = office.get(reverse("people"))
    assert boss.password not in f"{[one for one in sent if one.collection == 'users']}{response.content!r}"


# Inviting ------------------------------------------------------------------------------------------------


def test_inviting_leads_to_the_person_and_sends_the_letter(office: Client) -> None:
    response = office.post(reverse("people-invite"), INVITATION)
    invited = User.objects.get(email="nora@new.example")
    assert (response.headers["Location"], [one.to for one in mail.outbox]) == (
        page(invited),
        [["nora@new.example"]],
    )


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"role": ""}, "Say what the person is"),
        ({"role": "emperor"}, "Select a valid choice"),
        ({"name": " "}, "Give the person&#x27;s name"),
        ({"email": "nobody"}, "valid email address"),
        ({"email": "bina.boss@alpha-valuers.example"}, "has a password already"),
        ({"email": "sunita.staff@staff.example"}, "Ask the person for another e-mail address"),
    ],
)
def test_what_is_wrong_is_said_and_what_was_typed_stays(
    office: Client, staff: User, values: dict[str, str], said: str
) -> None:
    response = office.post(reverse("people-invite"), {**INVITATION, **values})
    content = response.content.decode()
    assert (response.status_code, said in content) == (422, True)
    assert "Nora New" in content or "name" in values


def test_a_full_plan_is_told_on_the_form(office: Client, firm: Organization) -> None:
    with_seats(firm, 1)
    response = office.post(reverse("people-invite"), INVITATION)
    assert (response.status_code, "All 1 seats of the plan are taken" in response.content.decode()) == (
        422,
        True,
    )


# One person ----------------------------------------------------------------------------------------------


def test_a_changed_role_counts_and_signs_out(office: Client, valuer: User, client_for: ClientFor) -> None:
    client_for(valuer)
    office.post(page(valuer), {"name": valuer.name, "role": "viewer"})
    assert (User.objects.get(pk=valuer.pk).role, Session.objects.filter(user_id=valuer.pk).count()) == (
        "viewer",
        0,
    )


def test_the_only_manager_is_told_why_not_and_stays(office: Client, boss: User) -> None:
    response = office.post(page(boss), {"name": boss.name, "role": "viewer"})
    assert response.status_code == 422
    assert "Make somebody else a manager first" in response.content.decode()
    assert User.objects.get(pk=boss.pk).role == "manager"


def test_an_address_is_not_changed_by_a_manager(office: Client, valuer: User) -> None:
    office.post(page(valuer), {"name": "Else", "role": "valuer", "email": "else@alpha-valuers.example"})
    assert User.objects.get(pk=valuer.pk).email == valuer.email


def test_nobody_is_made_staff_or_moved_by_what_a_form_adds(
    office: Client, valuer: User, rival: Organization
) -> None:
    office.post(
        page(valuer),
        {"name": "Else", "role": "valuer", "is_staff": "on", "organization": rival.org_id, "org_id": "x"},
    )
    changed = User.objects.get(pk=valuer.pk)
    assert (changed.is_staff, changed.organization_id) == (False, "alpha_valuers")


@pytest.mark.parametrize(
    ("step", "state"),
    [("deactivate", (False, "valuer")), ("sign-out", (True, "valuer")), ("revoke-tokens", (True, "valuer"))],
)
def test_a_button_does_what_it_says(
    office: Client, firm: Organization, step: str, state: tuple[bool, str]
) -> None:
    one = colleague(firm)
    assert office.post(page(one, step)).headers["Location"] == page(one)
    changed = User.objects.get(pk=one.pk)
    assert (changed.is_active, changed.role) == state


@pytest.mark.parametrize("step", ["resend", "withdraw", "reactivate"])
def test_a_button_that_the_state_has_not_changes_nothing(
    office: Client, firm: Organization, step: str
) -> None:
    one = colleague(firm)
    before = AuditEntry.objects.count()
    office.post(page(one, step))
    assert AuditEntry.objects.count() == before


def test_a_manager_is_not_offered_to_deactivate_themselves(office: Client, boss: User) -> None:
    assert page(boss, "deactivate") not in office.get(page(boss)).content.decode()


def test_the_page_costs_three_commands_beside_the_sessions(
    office: Client, valuer: User, commands: Recording
) -> None:
    office.get(page(valuer))
    with commands() as sent:
        office.get(page(valuer))
    assert [one.collection for one in sent] == ["sessions", "users", "sessions", "api_tokens"]


# Who may -------------------------------------------------------------------------------------------------

STEPS = ("", "resend", "withdraw", "deactivate", "reactivate", "sign-out", "revoke-tokens")


@pytest.mark.parametrize("step", STEPS)
def test_somebody_of_another_firm_is_not_there(office: Client, rival_valuer: User, step: str) -> None:
    before = User.objects.values().get(pk=rival_valuer.pk)
    response = office.post(page(rival_valuer, step), {"name": "Mine", "role": "viewer"})
    assert (response.status_code, User.objects.values().get(pk=rival_valuer.pk)) == (404, before)


def test_staff_are_not_there_either(office: Client, staff: User) -> None:
    assert office.get(page(staff)).status_code == 404


@pytest.mark.parametrize("who", ["valuer", "assistant", "viewer"])
def test_others_than_managers_are_refused(
    who: str, client_for: ClientFor, request: pytest.FixtureRequest
) -> None:
    browser = client_for(request.getfixturevalue(who))
    answers = [browser.get(reverse(name)).status_code for name in ("people", "people-invite")]
    assert answers == [403, 403]


# A firm whose subscription has ended ---------------------------------------------------------------------


@pytest.fixture
def ended(firm: Organization) -> Organization:
    return with_seats(firm, None, read_only_from=timezone.localdate())


@pytest.mark.usefixtures("ended")
def test_an_ended_subscription_invites_nobody_and_says_why(office: Client) -> None:
    response = office.post(reverse("people-invite"), INVITATION)
    assert (response.status_code, "subscription" in response.content.decode()) == (403, True)
    assert not User.objects.filter(email=INVITATION["email"]).exists()


def test_an_ended_subscription_still_shuts_somebody_out(
    office: Client, firm: Organization, ended: Organization
) -> None:
    one = colleague(firm)
    office.post(page(one, "deactivate"))
    assert not User.objects.get(pk=one.pk).is_active


def test_an_ended_subscription_still_withdraws_an_invitation(
    office: Client, guest: User, ended: Organization
) -> None:
    office.post(page(guest, "withdraw"))
    assert not User.objects.get(pk=guest.pk).is_active


@pytest.mark.parametrize("step", ["resend", "reactivate"])
def test_an_ended_subscription_takes_nobody_in(
    office: Client, guest: User, ended: Organization, step: str
) -> None:
    assert office.post(page(guest, step)).status_code == 403


def test_an_ended_subscription_lets_nobody_else_decide(valuer: User, client_for: ClientFor) -> None:
    with_seats(Organization.objects.get(org_id="alpha_valuers"), None, read_only_from=timezone.localdate())
    one = somebody(valuer.organization, "Omar Other", Role.VIEWER)
    assert client_for(valuer).post(page(one, "deactivate")).status_code == 403


@pytest.mark.usefixtures("boss")
def test_a_suspended_firms_manager_decides_nothing(firm: Organization, office: Client, valuer: User) -> None:
    Organization.objects.filter(pk=firm.pk).update(status="suspended")
    assert office.post(page(valuer, "deactivate")).status_code == 403
    assert User.objects.get(pk=valuer.pk).is_active
