"""Staff create, suspend and open firms."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connections
from django.test import Client
from django.urls import reverse
from pymongo.errors import ServerSelectionTimeoutError

from tenants.context import organization_active
from tenants.models import (
    AuditEntry,
    Cluster,
    Operation,
    Organization,
    OrganizationStatus,
    Plan,
    Subscription,
    TaskRecord,
    User,
)
from tenants.operations import provision
from tenants.operations.capacity import NoRoom
from tenants.operations.records import change_record

ClientFor = Callable[[User], Client]
ADD = reverse("admin:tenants_organization_add")
GAMMA = {
    "name": "Gamma Valuers",
    "initials": "GV",
    "org_id": "gamma_valuers",
    "cluster": "primary",
    "plan": "",
}


@pytest.fixture
def office(staff: User, client_for: ClientFor) -> Client:
    """A browser in which staff are signed in."""
    return client_for(staff)


def page(organization: Organization, name: str) -> str:
    return reverse(f"admin:tenants_organization_{name}", args=[organization.pk])


def errors(response: Any) -> dict[str, list[str]]:
    return dict(response.context_data["adminform"].form.errors)


def status_of(org_id: str) -> str:
    return Organization.objects.get(org_id=org_id).status


# Creating -----------------------------------------------------------------------------------------------


def test_it_makes_a_firm_with_its_database(office: Client) -> None:
    office.post(ADD, GAMMA)
    organization = Organization.objects.get(org_id="gamma_valuers")
    assert organization.status == OrganizationStatus.ACTIVE
    with organization_active(organization.placement):
        database: Any = connections["gamma_valuers"]
        assert "reports" in database.database.list_collection_names()


def test_creation_is_audited_with_who_did_it(office: Client, staff: User) -> None:
    office.post(ADD, GAMMA)
    entry = AuditEntry.objects.get(action="organization.created")
    assert (entry.actor, entry.org_id) == (staff.email, "gamma_valuers")


def test_it_begins_the_subscription_that_was_chosen(office: Client) -> None:
    Plan.objects.create(
        code="basic", name="Basic", seats=5, reports_a_month=50, storage_mb=500, price_a_month="999.00"
    )
    office.post(ADD, {**GAMMA, "plan": "basic"})
    assert Subscription.objects.get(organization="gamma_valuers").plan_id == "basic"


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("org_id", "Gamma", "lower-case letters"),
        ("org_id", "valuation_admin", "reserved"),
        ("org_id", "test_firm", "reserved"),
        ("initials", "gv", "capital letters"),
        ("name", "", "required"),
        ("cluster", "nowhere", "valid choice"),
    ],
)
def test_a_wrong_value_names_the_field_and_the_rule(
    office: Client, field: str, value: str, said: str
) -> None:
    response = office.post(ADD, {**GAMMA, field: value})
    assert said in errors(response)[field][0]


def test_a_refused_form_keeps_what_was_typed(office: Client) -> None:
    page = office.post(ADD, {**GAMMA, "initials": "gv"}).content.decode()
    assert 'value="Gamma Valuers"' in page


def test_the_id_of_another_firm_is_refused(office: Client, firm: Organization) -> None:
    response = office.post(ADD, {**GAMMA, "org_id": firm.org_id})
    assert "There is an organization" in errors(response)["org_id"][0]


def test_no_room_is_said_with_the_figures(office: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(address_setting: str) -> None:
        raise NoRoom("The server has 19,900 files open of 20,000 at most.")

    monkeypatch.setattr(provision, "require_room", full)
    assert "19,900 files open" in errors(office.post(ADD, GAMMA))["__all__"][0]


def test_an_unreachable_cluster_is_said(office: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(address_setting: str) -> None:
        raise ServerSelectionTimeoutError("no server")

    monkeypatch.setattr(provision, "require_room", gone)
    assert "does not answer" in errors(office.post(ADD, GAMMA))["__all__"][0]


def test_a_cluster_that_this_process_does_not_know_is_said(office: Client) -> None:
    Cluster.objects.create(name="nowhere", address_setting="MONGODB_URI_NOWHERE")
    response = office.post(ADD, {**GAMMA, "cluster": "nowhere"})
    assert "MONGODB_URI_NOWHERE" in errors(response)["__all__"][0]


@pytest.fixture
def half_made(office: Client, monkeypatch: pytest.MonkeyPatch) -> Organization:
    """A firm whose collections could not be made."""

    def fail(organization: Organization) -> None:
        raise ServerSelectionTimeoutError("no server")

    with monkeypatch.context() as patch:
        patch.setattr(provision, "create_schema", fail)
        office.post(ADD, GAMMA)
    return Organization.objects.get(org_id="gamma_valuers")


def test_a_failure_leaves_the_firm_half_made_and_says_so(half_made: Organization, office: Client) -> None:
    assert half_made.status == OrganizationStatus.PROVISIONING
    assert "Finish provisioning" in office.get(page(half_made, "change")).content.decode()


def test_sending_the_form_again_finishes_it(half_made: Organization, office: Client) -> None:
    office.post(ADD, GAMMA)
    assert status_of("gamma_valuers") == OrganizationStatus.ACTIVE


def test_the_button_finishes_it(half_made: Organization, office: Client) -> None:
    office.post(page(half_made, "finish"))
    assert status_of("gamma_valuers") == OrganizationStatus.ACTIVE


def test_a_finish_that_fails_again_is_an_error_of_the_page(
    half_made: Organization, office: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(address_setting: str) -> None:
        raise NoRoom("The server is full.")

    monkeypatch.setattr(provision, "require_room", full)
    assert "The server is full." in office.post(page(half_made, "finish")).content.decode()


# Changing -----------------------------------------------------------------------------------------------


def test_the_organization_id_cannot_be_changed(office: Client, firm: Organization) -> None:
    office.post(page(firm, "change"), {"ring": "general", "org_id": "other", **INLINES})
    assert Organization.objects.get(pk=firm.pk).org_id == "alpha_valuers"


INLINES = {
    f"{name}-{key}": value
    for name in ("subscriptions", "users")
    for key, value in (("TOTAL_FORMS", "0"), ("INITIAL_FORMS", "0"))
}


def test_a_changed_ring_is_audited_with_both(office: Client, firm: Organization) -> None:
    office.post(page(firm, "change"), {"ring": "canary", **INLINES})
    entry = AuditEntry.objects.get(action="organization.changed")
    assert entry.details == {"changes": {"ring": {"from": "general", "to": "canary"}}}


def test_a_change_writes_the_changed_fields_alone(
    office: Client, firm: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    def meanwhile(record: Organization, **arguments: Any) -> Any:
        Organization.objects.filter(pk=record.pk).update(status=OrganizationStatus.SUSPENDED)
        return change_record(record, **arguments)

    monkeypatch.setattr("tenants.admin.base.change_record", meanwhile)
    office.post(page(firm, "change"), {"ring": "canary", **INLINES})
    changed = Organization.objects.get(pk=firm.pk)
    assert (changed.ring, changed.status) == ("canary", OrganizationStatus.SUSPENDED)


def test_the_name_is_changed_by_its_own_step_alone(office: Client, firm: Organization) -> None:
    office.post(page(firm, "change"), {"name": "Other", "initials": "OT", "ring": "general", **INLINES})
    assert Organization.objects.get(pk=firm.pk).name == firm.name


def test_saving_without_a_change_leaves_no_trace(office: Client, firm: Organization) -> None:
    office.post(page(firm, "change"), {"ring": firm.ring, **INLINES})
    assert not AuditEntry.objects.filter(action="organization.changed").exists()


def test_an_organization_cannot_be_deleted(office: Client, firm: Organization) -> None:
    assert office.post(page(firm, "delete"), {"post": "yes"}).status_code == 403


# Suspending ---------------------------------------------------------------------------------------------


def test_suspension_takes_effect_on_the_next_request(
    office: Client, firm: Organization, valuer: User, client_for: ClientFor
) -> None:
    at_work = client_for(valuer)
    before = at_work.get(reverse("work")).status_code
    office.post(page(firm, "suspend"), {"reason": "Unpaid"})
    after = at_work.get(reverse("work"))
    assert (before, after.status_code, after.headers["Location"]) == (200, 302, "/sign-in/?next=/")


def test_who_signs_in_again_is_told_that_the_firm_is_suspended(
    office: Client, firm: Organization, valuer: User, client_for: ClientFor
) -> None:
    office.post(page(firm, "suspend"), {"reason": "Unpaid"})
    assert client_for(valuer).get(reverse("work")).status_code == 403


def test_reactivation_takes_effect_on_the_next_request(
    office: Client, firm: Organization, valuer: User, client_for: ClientFor
) -> None:
    office.post(page(firm, "suspend"), {"reason": "Unpaid"})
    at_work = client_for(valuer)
    before = at_work.get(reverse("work")).status_code
    office.post(page(firm, "reactivate"))
    assert (before, at_work.get(reverse("work")).status_code) == (403, 200)


def test_suspension_leaves_the_rival_alone(
    office: Client, firm: Organization, rival_valuer: User, client_for: ClientFor
) -> None:
    office.post(page(firm, "suspend"), {"reason": "Unpaid"})
    assert client_for(rival_valuer).get(reverse("work")).status_code == 200


def test_suspension_is_audited_with_its_reason(office: Client, firm: Organization, staff: User) -> None:
    office.post(page(firm, "suspend"), {"reason": "Unpaid"})
    entry = AuditEntry.objects.get(action="organization.suspended")
    assert (entry.actor, entry.details) == (staff.email, {"reason": "Unpaid"})


def test_suspension_asks_for_a_reason(office: Client, firm: Organization) -> None:
    office.post(page(firm, "suspend"), {"reason": " "})
    assert status_of(firm.org_id) == OrganizationStatus.ACTIVE


def test_opening_the_question_suspends_nobody(office: Client, firm: Organization) -> None:
    office.get(page(firm, "suspend"))
    assert status_of(firm.org_id) == OrganizationStatus.ACTIVE


def test_a_suspended_firm_is_not_suspended_again(office: Client, firm: Organization) -> None:
    office.post(page(firm, "suspend"), {"reason": "Unpaid"})
    office.post(page(firm, "suspend"), {"reason": "Twice"})
    assert Organization.objects.get(pk=firm.pk).status_reason == "Unpaid"


def test_an_unknown_firm_leads_back_with_a_message(office: Client, database: None) -> None:
    unknown = reverse("admin:tenants_organization_suspend", args=["6b03c000c000c000c000c000"])
    assert "Perhaps it was deleted" in office.get(unknown, follow=True).content.decode()


def test_an_address_that_is_no_id_leads_back_with_a_message(office: Client, database: None) -> None:
    assert office.get(reverse("admin:tenants_organization_suspend", args=["nonsense"])).status_code == 302


# Operations ---------------------------------------------------------------------------------------------


def test_migrating_becomes_an_operation_in_the_background(office: Client, firm: Organization) -> None:
    Organization.objects.filter(pk=firm.pk).update(migrations=firm.migrations[:-1])
    response = office.post(page(firm, "migrate"))
    operation = Operation.objects.get(kind="migrate")
    assert response.headers["Location"] == reverse("admin:tenants_operation_change", args=[operation.pk])
    assert TaskRecord.objects.get().operation == operation.pk


# The list -----------------------------------------------------------------------------------------------


def test_the_search_finds_a_part_of_the_name(office: Client, firm: Organization, rival: Organization) -> None:
    page = office.get(reverse("admin:tenants_organization_changelist"), {"q": "lpha"}).content.decode()
    assert ("Alpha Valuers" in page, "Beta Surveyors" in page) == (True, False)


def test_the_search_takes_no_regular_expression(office: Client, firm: Organization) -> None:
    page = office.get(reverse("admin:tenants_organization_changelist"), {"q": ".*"}).content.decode()
    assert "Alpha Valuers" not in page


def test_the_list_does_not_fetch_letterheads(office: Client, firm: Organization) -> None:
    Organization.objects.filter(pk=firm.pk).update(letterhead={"name": "x"})
    response: Any = office.get(reverse("admin:tenants_organization_changelist"))
    assert [one.letterhead for one in response.context_data["cl"].result_list] == [{}]
