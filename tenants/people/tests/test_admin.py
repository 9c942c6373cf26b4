"""What staff see and do about a firm's people: invitations, seats, sessions."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from tenants.models import AuditEntry, Organization, Session, User
from tenants.operations.invitations import invite_member
from tenants.people.tests.asking import colleague, invited_ago, with_seats
from tenants.permissions import Role

ClientFor = Callable[[User], Client]
PASSWORD = "a-long-enough-one-27"


@pytest.fixture
def office(staff: User, client_for: ClientFor) -> Client:
    return client_for(staff)


@pytest.fixture
def guest(firm: Organization) -> User:
    boss = colleague(firm, "Bina Boss", Role.MANAGER)
    return invite_member(
        firm, email="gita@alpha-valuers.example", name="Gita Guest", role=Role.VALUER, by=boss
    )


def page(person: User, step: str) -> str:
    return reverse(f"admin:tenants_user_{step}", args=[person.pk])


def test_the_list_says_who_is_invited(office: Client, guest: User) -> None:
    assert "Invited until" in office.get(reverse("admin:tenants_user_changelist")).content.decode()


def test_the_list_says_whose_invitation_expired(office: Client, guest: User) -> None:
    invited_ago(guest, days=7)
    assert "Invitation expired" in office.get(reverse("admin:tenants_user_changelist")).content.decode()


def test_the_list_fetches_no_password(office: Client, guest: User) -> None:
    rows = office.get(reverse("admin:tenants_user_changelist")).context["cl"].result_list
    assert {one.password for one in rows} <= {"", "!"}


def test_staff_withdraw_an_invitation(office: Client, guest: User) -> None:
    office.post(page(guest, "withdraw"))
    assert not User.objects.get(pk=guest.pk).is_active


def test_staff_sign_somebody_out_everywhere(
    office: Client, firm: Organization, client_for: ClientFor
) -> None:
    one = colleague(firm)
    client_for(one)
    office.post(page(one, "sign_out"))
    assert not Session.objects.filter(user_id=one.pk).exists()


def test_unlocking_is_audited(office: Client, firm: Organization, staff: User) -> None:
    one = colleague(firm)
    office.post(page(one, "unlock"))
    assert AuditEntry.objects.filter(action="sign_in.unlocked", actor=staff.email, target=one.email).exists()


def test_a_full_plan_is_told_on_the_form(office: Client, firm: Organization) -> None:
    with_seats(firm, 0)
    values = {"name": "Nisha New", "email": "nisha@new.example", "organization": "alpha_valuers"}
    passwords = {"password1": PASSWORD, "password2": PASSWORD}
    response = office.post(reverse("admin:tenants_user_add"), {**values, "role": "valuer", **passwords})
    assert "Every seat of the plan is taken" in response.content.decode()
    assert not User.objects.filter(email="nisha@new.example").exists()


def test_a_seat_that_goes_in_the_last_moment_is_told_too(
    office: Client, firm: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tenants.admin.people.has_free_seat", lambda organization: True)
    with_seats(firm, 0)
    values = {"name": "Nisha New", "email": "nisha@new.example", "organization": "alpha_valuers"}
    passwords = {"password1": PASSWORD, "password2": PASSWORD}
    response = office.post(
        reverse("admin:tenants_user_add"), {**values, "role": "valuer", **passwords}, follow=True
    )
    assert "seats of the plan are taken" in response.content.decode()
