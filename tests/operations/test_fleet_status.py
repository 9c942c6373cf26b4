"""How all organizations are, by a fixed number of queries."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from tenants.models import Operation, OperationStatus, Organization, OrganizationStatus, TaskRecord
from tenants.mongodb.monitoring import Command
from tenants.operations.fleet import Named, fleet_status, versions_among
from tenants.operations.schema import head
from tenants.versions import Release

Commands = Callable[[], AbstractContextManager[list[Command]]]
KNOWN = Release(
    head=("a.1", "a.2"), needed=frozenset({"a.1"}), destructive=frozenset(), known=frozenset({"a.1", "a.2"})
)


def row(org_id: str, *migrations: str, status: str = "active", lost: tuple[str, ...] = ()) -> dict[str, Any]:
    return {
        "org_id": org_id,
        "status": status,
        "migrations": list(migrations),
        "destructive_migrations": list(lost),
    }


def test_versions_are_counted_by_where_they_stand() -> None:
    found = versions_among(
        [
            row("at_head", "a.1", "a.2"),
            row("behind", "a.1"),
            row("too_far_behind"),
            row("ahead", "a.1", "a.2", "a.3"),
            row("too_far_ahead", "a.1", "a.2", "a.3", lost=("a.3",)),
            row("closed", status="suspended"),
            row("not_yet", status="provisioning"),
        ],
        KNOWN,
    )
    assert found.at_head == 1
    assert found.behind == Named(3, ("behind", "closed", "too_far_behind"))
    assert found.ahead == Named(2, ("ahead", "too_far_ahead"))
    assert found.refused == Named(2, ("too_far_ahead", "too_far_behind"))


def test_many_are_counted_and_the_first_are_named() -> None:
    named = Named.of(f"firm_{number:03}" for number in range(100))
    assert (named.number, len(named.first), named.first[0]) == (100, 20, "firm_000")


def test_its_queries_do_not_grow_with_the_organizations(
    firm: Organization, rival: Organization, commands: Commands
) -> None:
    with commands() as sent:
        fleet_status()
    assert {one.database for one in sent} == {"valuation_admin", "admin"}
    assert len([one for one in sent if one.database == "valuation_admin"]) == 6


def test_it_knows_states_versions_and_backups(firm: Organization, rival: Organization) -> None:
    Organization.objects.filter(pk=rival.pk).update(
        status=OrganizationStatus.SUSPENDED, migrations=list(head())[:-1], last_backup_at=timezone.now()
    )
    Organization.objects.filter(pk=firm.pk).update(created_at=timezone.now() - timedelta(days=30))
    found = fleet_status()
    assert found.states == {"active": 1, "suspended": 1}
    assert (found.versions.at_head, found.versions.behind.first) == (1, ("beta_surveyors",))
    assert found.backups.never == found.backups.overdue == Named(1, ("alpha_valuers",))
    assert found.clusters[0].organizations == 2


@pytest.mark.parametrize(
    ("fields", "stuck"),
    [
        ({"status": OperationStatus.STOPPED, "problem": "No room."}, True),
        ({"status": OperationStatus.RUNNING, "lease_until": None}, True),
        ({"status": OperationStatus.RUNNING, "lease_until": timezone.now() + timedelta(hours=1)}, False),
        ({"status": OperationStatus.WAITING}, False),
    ],
)
def test_it_knows_what_is_stuck(database: None, fields: dict[str, Any], stuck: bool) -> None:
    Operation.objects.create(kind="backup", org_id="alpha_valuers", requested_by="system", **fields)
    assert [one.stuck for one in fleet_status().operations] == [stuck]


def test_it_counts_dead_tasks(database: None) -> None:
    TaskRecord.objects.create(key="1", path="anything", state="DEAD")
    assert fleet_status().dead_tasks == 1


def test_sizes_are_measured_on_request_without_asking_any_organization(
    firm: Organization, commands: Commands
) -> None:
    with commands() as sent:
        found = fleet_status(measure=True)
    assert set(found.sizes) == {"alpha_valuers"}
    assert found.sizes["alpha_valuers"] > 0
    assert "alpha_valuers" not in {one.database for one in sent}


def test_the_command_tells_people_and_machines(firm: Organization) -> None:
    out = StringIO()
    call_command("fleet_status", stdout=out)
    assert "Organizations: 1 (1 active)" in out.getvalue()
    assert "Cluster primary: 1 of" in out.getvalue()
    out = StringIO()
    call_command("fleet_status", "--json", stdout=out)
    found = json.loads(out.getvalue().splitlines()[-1])
    assert (found["states"], found["versions"]["at_head"], found["stuck"]) == ({"active": 1}, 1, 0)


def test_an_unknown_cluster_is_refused(database: None) -> None:
    with pytest.raises(CommandError, match="nowhere"):
        call_command("fleet_status", cluster="nowhere")
