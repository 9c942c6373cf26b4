"""Every model has its plane, its collection its name, and no relation leaves its database."""

from __future__ import annotations

from django.apps import apps
from django.core.checks import run_checks
from django.core.management import get_commands, load_command_class
from django.db import connections, models
from django.test.utils import isolate_apps

from tenants.models import Organization
from tenants.operations.capacity import FILES_OF_AN_ORGANIZATION
from tenants.operations.schema import head, pending_migrations, tenant_models
from tenants.planes import ControlPlaneModel, Plane, TenantModel, plane_of
from valuation.checks import every_own_model_names_its_plane, no_relation_crosses_planes

OWN_APPS = ("tenants", "banks", "reports")
COLLECTIONS = {
    Plane.CONTROL: {
        *("organizations", "users", "plans", "subscriptions", "clusters", "audit_logs"),
        *("sessions", "revisions", "operations", "backups", "tasks"),
        *("api_tokens", "support_sessions", "cache_entries"),
    },
    Plane.SHARED: {"banks", "common_fields", "document_types", "system_templates"},
    Plane.TENANT: {
        "reports",
        "custom_templates",
        "users_settings",
        "files_metadata",
        "activity_logs",
        "bank_overrides",
        "counters",
    },
}
FILE_STORE = {"fs.files", "fs.chunks"}


def own_models(plane: Plane) -> list[type[models.Model]]:
    return [
        model
        for label in OWN_APPS
        for model in apps.get_app_config(label).get_models()
        if plane_of(model) is plane and not model._meta.db_table.endswith("_branch")
    ]


def test_each_plane_has_exactly_its_collections() -> None:
    for plane, names in COLLECTIONS.items():
        assert {model._meta.db_table for model in own_models(plane)} == names


def test_the_checks_find_nothing_wrong() -> None:
    assert run_checks(tags=["models"]) == []


@isolate_apps("tenants")
def test_a_relation_across_planes_is_refused(monkeypatch: object) -> None:
    class Left(ControlPlaneModel):
        class Meta:
            app_label = "tenants"

    class Right(TenantModel):
        left = models.ForeignKey(Left, on_delete=models.CASCADE)

        class Meta:
            app_label = "tenants"

    from unittest import mock

    with mock.patch("valuation.checks.apps.get_models", return_value=[Left, Right]):
        problems = list(no_relation_crosses_planes(None))
    assert [problem.id for problem in problems] == ["valuation.E001"]


def test_a_model_without_a_plane_is_refused(monkeypatch: object) -> None:
    from unittest import mock

    class Homeless:
        _meta = mock.Mock(label="tenants.Homeless")

    config = mock.Mock()
    config.get_models.return_value = [Homeless]
    with mock.patch("valuation.checks.apps.get_app_config", return_value=config):
        problems = list(every_own_model_names_its_plane(None))
    assert {problem.id for problem in problems} == {"valuation.E002"}


def test_provisioning_makes_every_tenant_collection_and_nothing_else(in_firm: Organization) -> None:
    database = connections[in_firm.org_id].database  # type: ignore[attr-defined]
    assert set(database.list_collection_names()) == COLLECTIONS[Plane.TENANT] | FILE_STORE
    assert {model._meta.db_table for model in tenant_models()} == COLLECTIONS[Plane.TENANT]


def test_an_empty_organization_opens_at_most_thirty_files(in_firm: Organization) -> None:
    database = connections[in_firm.org_id].database  # type: ignore[attr-defined]
    names = database.list_collection_names()
    files = sum(1 + len(database[name].index_information()) for name in names)
    assert files <= FILES_OF_AN_ORGANIZATION


def test_a_new_organization_stands_at_the_newest_migrations(firm: Organization) -> None:
    assert firm.migrations == list(head())
    assert pending_migrations(firm) == []


def test_every_command_says_how_many_organizations_it_touches() -> None:
    own = {name: app for name, app in get_commands().items() if app in OWN_APPS}
    assert own
    silent = [
        name
        for name, app in own.items()
        if getattr(load_command_class(str(app), name), "organizations", None) not in ("one", "all", "none")
    ]
    assert silent == []
