"""The walls of the staff's admin, proved by walking all of it: every model, every address, every page."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import URLPattern, URLResolver, reverse
from django.utils import timezone

from banks.models import Bank
from tenants.admin.base import StaffAdmin
from tenants.models import (
    AuditEntry,
    Backup,
    Operation,
    Organization,
    OrganizationStatus,
    Plan,
    Subscription,
    SupportSession,
    TaskRecord,
    User,
)
from tenants.mongodb.monitoring import Command
from tenants.planes import Plane, plane_of

Commands = Callable[[], AbstractContextManager[list[Command]]]
ClientFor = Callable[[User], Client]
# Reads a server's figures and no data.
MEASUREMENT = Command("admin", "serverStatus", "")


@pytest.fixture
def populated(firm: Organization, valuer: User, formats: None) -> Organization:
    """A firm with a person and a subscription, banks and formats: something of every registered model."""
    plan = Plan.objects.create(
        code="basic", name="Basic", seats=5, reports_a_month=50, storage_mb=500, price_a_month="999.00"
    )
    Subscription.objects.create(organization=firm, plan=plan, status="active", starts_on=timezone.localdate())
    Backup.objects.create(org_id=firm.org_id, name="20261123T101500Z-aabbccdd", status="good", store="local")
    TaskRecord.objects.create(key="one", path="tenants.tasks.some", state="DEAD")
    Operation.objects.create(kind="backup", org_id=firm.org_id, status="stopped", step="copy")
    SupportSession.objects.create(
        staff_id=valuer.pk,
        staff_name="Sunita Staff",
        staff_email="staff@staff.example",
        org_id=firm.org_id,
        reason="A ticket that was closed",
        ends_at=timezone.now(),
    )
    AuditEntry.objects.create(action="backup.requested", actor="system", org_id=firm.org_id)
    return firm


def pages_of(model: type[Any], model_admin: StaffAdmin[Any]) -> Iterator[str]:
    """Every address of a model that a GET may open, for the record of the model that comes first."""
    record = model.objects.first()
    assert record is not None, f"{model.__name__} has no record to open"
    changelist = model_admin.url("changelist")
    yield from (changelist, f"{changelist}?q=a", f"{changelist}?o=1")
    yield from (model_admin.url(name, record.pk) for name in ("change", "history"))
    if model_admin.add_allowed:
        yield model_admin.url("add")
    if model_admin.delete_allowed:
        yield model_admin.url("delete", record.pk)
    yield from (model_admin.url(step.name, record.pk) for step in model_admin.steps)


def every_page() -> list[str]:
    site_pages = [reverse(f"admin:{name}") for name in ("index", "jsi18n")]
    site_pages += [reverse("admin:app_list", args=[label]) for label in ("tenants", "banks")]
    for model, model_admin in admin.site._registry.items():
        assert isinstance(model_admin, StaffAdmin)
        site_pages += pages_of(model, model_admin)
    person = User.objects.filter(is_staff=False).first()
    operation = Operation.objects.first()
    bank = Bank.objects.filter(code="SBI").first()
    firm = Organization.objects.first()
    assert person is not None
    assert operation is not None
    assert bank is not None
    assert firm is not None
    banks: Any = admin.site._registry[Bank]
    code = bank.branches[0].code
    return [
        *site_pages,
        reverse("admin:tenants_user_password", args=[person.pk]),
        reverse("admin:tenants_operation_progress", args=[operation.pk]),
        reverse("admin:tenants_organization_certificate", args=[firm.pk]),
        banks.url("branch_add", bank.pk),
        banks.url("branch_change", bank.pk, code),
        banks.url("branch_remove", bank.pk, code),
        banks.url("list_import"),
        banks.url("list_export"),
        banks.url("all_as_firm"),
        banks.url("branches_import", bank.pk),
        banks.url("branches_export", bank.pk),
        banks.url("as_firm", bank.pk),
        f"{reverse('admin:autocomplete')}?app_label=tenants&model_name=user&field_name=organization",
    ]


def addresses(patterns: list[Any], prefix: str = "") -> Iterator[str]:
    """Every pattern below the admin, with something in the place of each argument."""
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from addresses(pattern.url_patterns, prefix + str(pattern.pattern))
        elif isinstance(pattern, URLPattern):
            yield prefix + str(pattern.pattern)


def filled(route: str) -> str:
    for argument in (
        "<path:object_id>",
        "<path:content_type_id>",
        "<str:code>",
        "(?P<app_label>tenants|banks)",
        "(?P<app_label>banks|tenants)",
    ):
        route = route.replace(argument, "tenants" if "app_label" in argument else "6b03c000c000c000c000c000")
    return "/admin/" + route.replace("^", "").replace("$", "").replace("(?P<url>.*)", "anything")


def test_no_model_of_a_firm_s_database_is_registered() -> None:
    in_firms = [model for model in admin.site._registry if plane_of(model) is Plane.TENANT]
    assert in_firms == []


def test_django_s_groups_are_not_registered() -> None:
    assert not admin.site.is_registered(Group)


def test_every_registered_model_audits_its_changes() -> None:
    others = [model for model, one in admin.site._registry.items() if not isinstance(one, StaffAdmin)]
    assert others == []


def test_no_page_asks_a_firm_s_database(
    populated: Organization, staff: User, client_for: ClientFor, commands: Commands
) -> None:
    client = client_for(staff)
    strays = {}
    for page in every_page():
        with commands() as sent:
            client.get(page)
        elsewhere = [one for one in sent if one.database not in ("valuation_admin", "shared_resources")]
        if [one for one in elsewhere if one != MEASUREMENT]:
            strays[page] = elsewhere
    assert strays == {}


def test_every_page_opens(populated: Organization, staff: User, client_for: ClientFor) -> None:
    client = client_for(staff)
    # A step that the record's state does not allow leads back to the record.
    failed = {page: code for page in every_page() if (code := client.get(page).status_code) not in (200, 302)}
    assert failed == {}


def test_a_get_writes_nothing(
    populated: Organization, staff: User, client_for: ClientFor, commands: Commands
) -> None:
    client = client_for(staff)
    client.get(reverse("admin:index"))
    with commands() as sent:
        for page in every_page():
            client.get(page)
    writes = {"insert", "update", "delete", "findAndModify", "create", "drop"}
    # A warning that is shown on the next page is kept in the session or a cookie.
    assert [one for one in sent if one.name in writes and one.collection != "sessions"] == []


def test_every_address_refuses_a_member_of_a_firm(
    firm: Organization, manager: User, client_for: ClientFor
) -> None:
    client = client_for(manager)
    routes = list(addresses(admin.site.get_urls()))
    codes = {route: client.get(filled(route), follow=True).status_code for route in routes}
    assert len(codes) > 50
    assert {route: code for route, code in codes.items() if code not in (403, 404)} == {}


def test_every_address_sends_somebody_signed_out_to_the_sign_in(database: None) -> None:
    client = Client()
    ends = {}
    for route in addresses(admin.site.get_urls()):
        response = client.get(filled(route), follow=True)
        if response.status_code != 404 and response.resolver_match.view_name != "sign-in":
            ends[route] = response.resolver_match.view_name
    assert ends == {}


def test_it_says_to_a_member_who_these_pages_are_for(
    firm: Organization, valuer: User, client_for: ClientFor
) -> None:
    response = client_for(valuer).get("/admin/", follow=True)
    assert response.status_code == 403
    assert "for the staff who run the system" in response.content.decode()


def test_there_is_one_sign_in_page(database: None) -> None:
    response = Client().get("/admin/tenants/organization/", follow=True)
    assert response.redirect_chain[-1][0].startswith(reverse("sign-in"))
    assert "next=/admin/tenants/organization/" in response.redirect_chain[-1][0]


def test_staff_at_the_door_go_in(staff: User, client_for: ClientFor) -> None:
    response: Any = client_for(staff).get(reverse("admin:login"))
    assert response.url == reverse("admin:index")


def test_a_suspended_firm_s_manager_sees_the_suspension_here_too(
    firm: Organization, manager: User, client_for: ClientFor
) -> None:
    Organization.objects.filter(pk=firm.pk).update(status=OrganizationStatus.SUSPENDED)
    assert client_for(manager).get("/admin/").status_code == 403
