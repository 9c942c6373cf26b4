"""Staff add people, change them, let them in or not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from conftest import person
from tenants.models import AuditEntry, Organization, TaskRecord, User
from tenants.permissions import Role

ClientFor = Callable[[User], Client]
ADD = reverse("admin:tenants_user_add")
PASSWORD = "a-long-enough-one-27"


@pytest.fixture
def office(staff: User, client_for: ClientFor) -> Client:
    return client_for(staff)


def page(user: User, name: str) -> str:
    return reverse(f"admin:tenants_user_{name}", args=[user.pk])


def new(firm: Organization | None, **values: str) -> dict[str, str]:
    """A well-filled form for a new valuer of ``firm``, or for a colleague when there is none."""
    belonging = {"organization": firm.org_id, "role": "valuer"} if firm else {"is_staff": "on"}
    return {
        "name": "Nisha New",
        "email": "nisha@new.example",
        "password1": PASSWORD,
        "password2": PASSWORD,
        **belonging,
        **values,
    }


def errors(response: Any) -> dict[str, list[str]]:
    return dict(response.context_data["adminform"].form.errors)


# Adding -------------------------------------------------------------------------------------------------


def test_a_new_member_can_sign_in(office: Client, firm: Organization) -> None:
    office.post(ADD, new(firm))
    response = Client().post(reverse("sign-in"), {"username": "nisha@new.example", "password": PASSWORD})
    assert response.status_code == 302


def test_a_new_member_belongs_to_the_firm_with_the_role(office: Client, firm: Organization) -> None:
    office.post(ADD, new(firm))
    added = User.objects.get(email="nisha@new.example")
    assert (added.organization_id, added.role, added.is_staff) == ("alpha_valuers", "valuer", False)


def test_a_new_colleague_belongs_to_no_firm(office: Client) -> None:
    office.post(ADD, new(None))
    added = User.objects.get(email="nisha@new.example")
    assert (added.organization_id, added.role, added.is_staff) == (None, "", True)


def test_adding_is_audited_without_the_password(office: Client, firm: Organization, staff: User) -> None:
    office.post(ADD, new(firm))
    entry = AuditEntry.objects.get(action="person.added")
    assert (entry.actor, entry.org_id, entry.details) == (staff.email, firm.org_id, {"role": "valuer"})


def test_the_address_is_kept_in_lower_case(office: Client, firm: Organization) -> None:
    office.post(ADD, new(firm, email="Nisha@New.Example"))
    assert User.objects.filter(email="nisha@new.example").exists()


@pytest.mark.parametrize(
    ("values", "field", "said"),
    [
        ({"role": ""}, "role", "Choose what this person is"),
        ({"organization": ""}, "organization", "Choose the person's firm"),
        ({"is_staff": "on"}, "organization", "Staff belong to no organization"),
        ({"is_staff": "on"}, "role", "Staff have no role"),
        ({"password2": "something-else-27"}, "password2", "match"),
        ({"password1": "short", "password2": "short"}, "password2", "too short"),
        ({"password1": "nisha@new.example", "password2": "nisha@new.example"}, "password2", "similar"),
        ({"email": "nonsense"}, "email", "valid email"),
        ({"name": ""}, "name", "required"),
        ({"role": "emperor"}, "role", "valid choice"),
    ],
)
def test_a_wrong_value_names_the_field_and_the_rule(
    office: Client, firm: Organization, values: dict[str, str], field: str, said: str
) -> None:
    response = office.post(ADD, new(firm, **values))
    assert said in " ".join(errors(response)[field])


def test_an_address_that_is_taken_is_refused_in_any_case(
    office: Client, firm: Organization, valuer: User
) -> None:
    User.objects.filter(pk=valuer.pk).update(email="vikram@alpha.example")
    response = office.post(ADD, new(firm, email="Vikram@Alpha.Example"))
    assert "already exists" in errors(response)["email"][0]


# Changing -----------------------------------------------------------------------------------------------


def change(office: Client, user: User, **values: str) -> Any:
    """Send the person's form with other ``values``, and an address that a form takes."""
    User.objects.filter(pk=user.pk).update(email="somebody@alpha.example")
    form = {"name": user.name, "email": "somebody@alpha.example", "role": user.role}
    return office.post(page(user, "change"), {**form, **values})


def test_a_changed_role_counts_and_is_audited(office: Client, assistant: User) -> None:
    change(office, assistant, role="valuer")
    entry = AuditEntry.objects.get(action="person.changed")
    assert User.objects.get(pk=assistant.pk).role == Role.VALUER
    assert entry.details == {"changes": {"role": {"from": "assistant", "to": "valuer"}}}


def test_a_member_cannot_be_left_without_a_role(office: Client, assistant: User) -> None:
    assert "role" in errors(change(office, assistant, role=""))


def test_a_member_cannot_be_made_staff(office: Client, valuer: User) -> None:
    change(office, valuer, is_staff="on", organization="")
    changed = User.objects.get(pk=valuer.pk)
    assert (changed.is_staff, changed.organization_id) == (False, "alpha_valuers")


def test_a_member_cannot_be_moved_to_the_rival(office: Client, valuer: User, rival: Organization) -> None:
    change(office, valuer, organization=rival.org_id)
    assert User.objects.get(pk=valuer.pk).organization_id == "alpha_valuers"


def test_a_person_cannot_be_deleted(office: Client, valuer: User) -> None:
    assert office.post(page(valuer, "delete"), {"post": "yes"}).status_code == 403


# Access -------------------------------------------------------------------------------------------------


def test_deactivation_takes_effect_on_the_next_request(
    office: Client, valuer: User, client_for: ClientFor
) -> None:
    at_work = client_for(valuer)
    before = at_work.get(reverse("work")).status_code
    office.post(page(valuer, "deactivate"))
    assert (before, at_work.get(reverse("work")).status_code) == (200, 302)


def test_a_deactivated_person_comes_back(office: Client, valuer: User) -> None:
    office.post(page(valuer, "deactivate"))
    office.post(page(valuer, "reactivate"))
    assert User.objects.get(pk=valuer.pk).is_active


def test_deactivation_is_audited(office: Client, valuer: User, staff: User) -> None:
    office.post(page(valuer, "deactivate"))
    entry = AuditEntry.objects.get(action="person.deactivated")
    assert (entry.actor, entry.target) == (staff.email, valuer.email)


def test_staff_cannot_deactivate_themselves(office: Client, staff: User) -> None:
    response = office.post(page(staff, "deactivate"))
    assert "You cannot deactivate yourself" in response.content.decode()
    assert User.objects.get(pk=staff.pk).is_active


def test_a_colleague_can_be_deactivated(office: Client, staff: User) -> None:
    colleague = person(None, "Carl Colleague", None)
    office.post(page(colleague, "deactivate"))
    assert not User.objects.get(pk=colleague.pk).is_active


# Passwords ----------------------------------------------------------------------------------------------


def test_a_password_that_staff_set_works(office: Client, valuer: User) -> None:
    office.post(page(valuer, "password"), {"new_password1": PASSWORD, "new_password2": PASSWORD})
    assert User.objects.get(pk=valuer.pk).check_password(PASSWORD)


def test_a_new_password_ends_the_person_s_sessions(
    office: Client, valuer: User, client_for: ClientFor
) -> None:
    at_work = client_for(valuer)
    office.post(page(valuer, "password"), {"new_password1": PASSWORD, "new_password2": PASSWORD})
    assert at_work.get(reverse("work")).status_code == 302


def test_a_set_password_is_audited_without_the_password(office: Client, valuer: User) -> None:
    office.post(page(valuer, "password"), {"new_password1": PASSWORD, "new_password2": PASSWORD})
    assert AuditEntry.objects.get(action="person.password_set").details == {}


def test_a_weak_password_is_refused(office: Client, valuer: User) -> None:
    response = office.post(page(valuer, "password"), {"new_password1": "short", "new_password2": "short"})
    assert "too short" in response.content.decode()


def test_the_own_password_is_changed_on_the_one_page_for_it(office: Client) -> None:
    assert office.get(reverse("admin:password_change")).headers["Location"] == reverse("password-change")


def test_no_page_shows_a_password_s_hash(office: Client, valuer: User) -> None:
    shown = office.get(page(valuer, "change")).content.decode()
    assert "pbkdf2" not in shown
    assert valuer.password not in shown


def test_who_is_given_a_password_is_told(office: Client, valuer: User) -> None:
    office.post(page(valuer, "password"), {"new_password1": PASSWORD, "new_password2": PASSWORD})
    told = TaskRecord.objects.get(path="tenants.sign_in.mail.mail_password_changed")
    assert told.arguments["args"][0] == str(valuer.pk)


def test_staff_cannot_give_themselves_a_password_without_the_present_one(office: Client, staff: User) -> None:
    staff.set_password("the-present-one-27")
    User.objects.filter(pk=staff.pk).update(password=staff.password)
    office.force_login(staff)
    office.post(page(staff, "password"), {"new_password1": PASSWORD, "new_password2": PASSWORD})
    assert not User.objects.get(pk=staff.pk).check_password(PASSWORD)
