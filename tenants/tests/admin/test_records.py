"""Plans, subscriptions, clusters and the audit log."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from tenants.models import AuditEntry, Cluster, Organization, Plan, Subscription, User
from tenants.operations.suspending import suspend_organization

ClientFor = Callable[[User], Client]
BASIC = {
    "code": "basic",
    "name": "Basic",
    "seats": "5",
    "reports_a_month": "50",
    "storage_mb": "500",
    "api_requests_a_minute": "120",
    "backup_every_hours": "24",
    "backups_kept_days": "30",
    "price_a_month": "999.00",
}


@pytest.fixture
def office(staff: User, client_for: ClientFor) -> Client:
    return client_for(staff)


@pytest.fixture
def plan(database: None) -> Plan:
    return Plan.objects.create(**BASIC)


def url(model: str, page: str, *args: Any) -> str:
    return reverse(f"admin:tenants_{model}_{page}", args=args)


def errors(response: Any) -> dict[str, list[str]]:
    return dict(response.context_data["adminform"].form.errors)


# Plans --------------------------------------------------------------------------------------------------


def test_a_new_plan_is_audited(office: Client, staff: User) -> None:
    office.post(url("plan", "add"), BASIC)
    entry = AuditEntry.objects.get(action="plan.added")
    assert (entry.actor, entry.target) == (staff.email, "Basic")


def test_a_changed_price_is_audited_with_both_prices(office: Client, plan: Plan) -> None:
    office.post(url("plan", "change", plan.pk), {**BASIC, "price_a_month": "1299.50"})
    entry = AuditEntry.objects.get(action="plan.changed")
    assert entry.details == {"changes": {"price_a_month": {"from": "999.00", "to": "1299.50"}}}


def test_a_negative_number_of_seats_is_refused(office: Client) -> None:
    assert "seats" in errors(office.post(url("plan", "add"), {**BASIC, "seats": "-1"}))


def test_a_plan_s_code_cannot_be_changed(office: Client, plan: Plan) -> None:
    office.post(url("plan", "change", plan.pk), {**BASIC, "code": "other"})
    assert Plan.objects.get(pk=plan.pk).code == "basic"


def test_an_unused_plan_can_be_removed_and_is_audited(office: Client, plan: Plan) -> None:
    office.post(url("plan", "delete", plan.pk), {"post": "yes"})
    assert not Plan.objects.exists()
    assert AuditEntry.objects.get(action="plan.removed").target == "Basic"


def test_a_plan_with_subscriptions_stays(office: Client, plan: Plan, firm: Organization) -> None:
    Subscription.objects.create(organization=firm, plan=plan, starts_on="2026-01-01")
    office.post(url("plan", "delete", plan.pk), {"post": "yes"})
    assert Plan.objects.exists()


# Subscriptions ------------------------------------------------------------------------------------------


def subscription(**values: str) -> dict[str, str]:
    return {
        "organization": "alpha_valuers",
        "plan": "basic",
        "status": "active",
        "starts_on": "2026-01-01",
        "ends_on": "2026-12-31",
        **values,
    }


def test_a_new_subscription_is_audited_in_the_firm_s_name(
    office: Client, plan: Plan, firm: Organization
) -> None:
    office.post(url("subscription", "add"), subscription())
    assert AuditEntry.objects.get(action="subscription.added").org_id == "alpha_valuers"


def test_an_end_before_the_start_is_refused(office: Client, plan: Plan, firm: Organization) -> None:
    response = office.post(url("subscription", "add"), subscription(ends_on="2025-12-31"))
    assert "before the start" in errors(response)["ends_on"][0]


def test_the_link_from_a_firm_fills_in_the_firm(office: Client, plan: Plan, firm: Organization) -> None:
    page = office.get(url("subscription", "add"), {"organization": firm.org_id}).content.decode()
    assert '<option value="alpha_valuers" selected>' in page


def test_a_changed_end_is_audited_with_both_dates(office: Client, plan: Plan, firm: Organization) -> None:
    office.post(url("subscription", "add"), subscription())
    made = Subscription.objects.get()
    office.post(url("subscription", "change", made.pk), subscription(ends_on="2027-12-31"))
    entry = AuditEntry.objects.get(action="subscription.changed")
    assert entry.details == {"changes": {"ends_on": {"from": "2026-12-31", "to": "2027-12-31"}}}


def test_a_subscription_cannot_be_deleted(office: Client, plan: Plan, firm: Organization) -> None:
    made = Subscription.objects.create(organization=firm, plan=plan, starts_on="2026-01-01")
    assert office.post(url("subscription", "delete", made.pk), {"post": "yes"}).status_code == 403


# Clusters -----------------------------------------------------------------------------------------------

EAST = {"name": "east", "region": "local", "tier": "standard", "capacity": "10"}


def test_a_cluster_names_a_setting_that_this_process_has(
    office: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(settings.MONGODB_ADDRESSES, "MONGODB_URI_EAST", "mongodb://127.0.0.1:9/")
    office.post(url("cluster", "add"), {**EAST, "address_setting": "MONGODB_URI_EAST"})
    assert Cluster.objects.filter(name="east").exists()


def test_a_setting_that_this_process_lacks_is_refused_with_those_it_has(office: Client) -> None:
    response = office.post(url("cluster", "add"), {**EAST, "address_setting": "MONGODB_URI_EAST"})
    assert "no setting MONGODB_URI_EAST. It has MONGODB_URI." in errors(response)["address_setting"][0]


def test_an_address_itself_is_no_setting(office: Client) -> None:
    response = office.post(url("cluster", "add"), {**EAST, "address_setting": "mongodb://secret@host/"})
    assert "Name a setting" in errors(response)["address_setting"][0]


def test_the_list_warns_of_a_setting_that_this_process_lacks(office: Client) -> None:
    Cluster.objects.create(name="lost", address_setting="MONGODB_URI_LOST")
    assert "not set in this process" in office.get(url("cluster", "changelist")).content.decode()


def test_a_cluster_shows_its_room(office: Client, firm: Organization) -> None:
    cluster = Cluster.objects.get(name="primary")
    page = office.get(url("cluster", "change", cluster.pk)).content.decode()
    assert "1 of 500 organizations" in page
    assert "files open" in page


def test_a_cluster_that_does_not_answer_is_said(office: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(
        settings.MONGODB_ADDRESSES, "MONGODB_URI_DOWN", "mongodb://127.0.0.1:9/?directConnection=true"
    )
    monkeypatch.setitem(settings.MONGODB_CLIENT_OPTIONS, "serverSelectionTimeoutMS", 200)
    monkeypatch.setitem(settings.MONGODB_CLIENT_OPTIONS, "timeoutMS", 500)
    cluster = Cluster.objects.create(name="down", address_setting="MONGODB_URI_DOWN")
    assert "does not answer" in office.get(url("cluster", "change", cluster.pk)).content.decode()


def test_the_address_of_a_cluster_in_use_cannot_be_changed(
    office: Client, firm: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(settings.MONGODB_ADDRESSES, "MONGODB_URI_EAST", "mongodb://127.0.0.1:9/")
    cluster = Cluster.objects.get(name="primary")
    office.post(url("cluster", "change", cluster.pk), {**EAST, "address_setting": "MONGODB_URI_EAST"})
    assert Cluster.objects.get(name="primary").address_setting == "MONGODB_URI"


def test_a_cluster_in_use_stays(office: Client, firm: Organization) -> None:
    cluster = Cluster.objects.get(name="primary")
    office.post(url("cluster", "delete", cluster.pk), {"post": "yes"})
    assert Cluster.objects.filter(name="primary").exists()


def test_no_page_shows_an_address(office: Client, firm: Organization) -> None:
    cluster = Cluster.objects.get(name="primary")
    pages = [url("cluster", "changelist"), url("cluster", "change", cluster.pk), reverse("admin:index")]
    assert not any("mongodb://" in office.get(page).content.decode() for page in pages)


# The audit log ------------------------------------------------------------------------------------------


@pytest.fixture
def entry(firm: Organization, staff: User) -> AuditEntry:
    suspend_organization(firm, reason="Unpaid since March", by=staff)
    return AuditEntry.objects.get(action="organization.suspended")


def test_an_entry_shows_its_details(office: Client, entry: AuditEntry) -> None:
    assert "Unpaid since March" in office.get(url("auditentry", "change", entry.pk)).content.decode()


@pytest.mark.parametrize("page", ["change", "delete"])
def test_an_entry_can_be_neither_changed_nor_deleted(office: Client, entry: AuditEntry, page: str) -> None:
    assert office.post(url("auditentry", page, entry.pk), {"action": "x", "post": "yes"}).status_code == 403


def test_no_entry_can_be_added_by_hand(office: Client) -> None:
    assert office.post(url("auditentry", "add"), {"action": "x"}).status_code == 403


def listed(office: Client, query: dict[str, str]) -> list[Any]:
    """The entries on a page of the log."""
    response: Any = office.get(url("auditentry", "changelist"), query)
    return list(response.context_data["cl"].result_list)


@pytest.mark.parametrize(
    "query",
    [
        {"org": "alpha_valuers", "action": "organization.suspended"},
        {"q": "alpha"},
        {"action": "organization.suspended"},
    ],
)
def test_the_log_is_filtered_and_searched(office: Client, entry: AuditEntry, query: dict[str, str]) -> None:
    assert entry.pk in [one.pk for one in listed(office, query)]


def test_the_filter_by_firm_leaves_out_the_others(
    office: Client, entry: AuditEntry, rival: Organization
) -> None:
    AuditEntry.objects.create(action="organization.created", actor="system", org_id=rival.org_id)
    assert {one.org_id for one in listed(office, {"org": "beta_surveyors"})} == {"beta_surveyors"}


def test_the_filter_by_firm_keeps_the_other_filters(office: Client, entry: AuditEntry) -> None:
    page = office.get(url("auditentry", "changelist"), {"action": "organization.suspended"}).content.decode()
    assert '<input type="hidden" name="action" value="organization.suspended">' in page


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"category": "firm"}, True),
        ({"category": "people"}, False),
        ({"actor": "sunita.staff@staff.example"}, True),
        ({"actor": "sunita"}, False),
    ],
)
def test_the_log_is_narrowed_by_category_and_person(
    office: Client, entry: AuditEntry, query: dict[str, str], found: bool
) -> None:
    assert (entry.pk in [one.pk for one in listed(office, query)]) is found


def test_steps_of_operations_are_about_a_firms_data(office: Client, database: None) -> None:
    entry = AuditEntry.objects.create(action="backup.copy", actor="system")
    assert [one.pk for one in listed(office, {"category": "data"})] == [entry.pk]


def test_what_the_filters_leave_is_exported_with_hash_and_recorded(
    office: Client, entry: AuditEntry, staff: User
) -> None:
    query = {"action": "organization.suspended"}
    assert url("auditentry", "export") in office.get(url("auditentry", "changelist"), query).content.decode()
    response: Any = office.get(url("auditentry", "export"), query)
    lines = b"".join(response.streaming_content).decode("utf-8-sig").splitlines()
    assert (len(lines), lines[1].endswith(entry.hash)) == (2, True)
    assert AuditEntry.objects.get(action="audit.exported").details == {
        "filters": {"action": ["organization.suspended"]}
    }
