"""Migrating organizations: by ring, resumable anywhere, and who may be served meanwhile."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from io import StringIO
from typing import Any

import pytest
from bson import ObjectId
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.db import migrations, models
from django.test import Client

from tenants.models import AuditEntry, Operation, OperationStatus, Organization, OrganizationStatus, User
from tenants.mongodb.clients import clients
from tenants.mongodb.monitoring import Command
from tenants.operations.engine import Kind, OperationStopped, run_operation, unfinished_operation
from tenants.operations.fleet_migration import MIGRATE, plan_migration, request_migration, rows_of
from tenants.operations.schema import head
from tenants.planes import Plane
from tests.operations.killing import Killed, killed_after, killed_before, killed_within, run_until_killed
from tests.operations.synthetic import INDEX_NAME, add_field, add_index, code_with, migration, remove_field

Commands = Callable[[], AbstractContextManager[list[Command]]]
Code = Callable[..., list[str]]
ALPHA, BETA = "alpha_valuers", "beta_surveyors"


@pytest.fixture
def code(firm: Organization, rival: Organization) -> Iterator[Code]:
    """``code(migration, …)`` gives the code further migrations: both firms are behind then."""
    usual = indexes(ALPHA)
    with ExitStack() as until_the_end:
        yield lambda *added: until_the_end.enter_context(code_with(*added))
    for org_id in (ALPHA, BETA):
        # The firms' databases stand for the whole run.
        for name in set(indexes(org_id)) - {"_id_", *usual}:
            clients.for_address("MONGODB_URI")[org_id]["counters"].drop_index(name)


@pytest.fixture
def behind(code: Code) -> str:
    """Both firms lack an index; its migration's name."""
    return code(migration("0100_index", [add_index()]))[0]


def indexes(org_id: str) -> list[str]:
    return list(clients.for_address("MONGODB_URI")[org_id]["counters"].index_information())


def has_index(org_id: str) -> bool:
    return INDEX_NAME in indexes(org_id)


def stored(org_id: str) -> Organization:
    return Organization.objects.get(org_id=org_id)


def make_canary(organization: Organization) -> None:
    Organization.objects.filter(pk=organization.pk).update(ring="canary")


def migrate(org_ids: list[str] | None = None, **options: Any) -> Operation:
    return run_operation(request_migration(org_ids, by=None, **options), MIGRATE)


def outcomes(operation: Operation) -> dict[str, str]:
    return {row["org_id"]: row["outcome"] for row in rows_of(operation)}


def that_fails_for(org_id: str, error: BaseException) -> Any:
    """A migration of data that stumbles over one firm's."""

    def stumble(apps: Any, editor: Any) -> None:
        if editor.connection.alias == org_id:
            raise error

    return migrations.RunPython(stumble, hints={"plane": Plane.TENANT})


def test_every_organization_gets_what_it_lacks(behind: str) -> None:
    operation = migrate()
    assert outcomes(operation) == {ALPHA: "migrated", BETA: "migrated"}
    for org_id in (ALPHA, BETA):
        assert has_index(org_id)
        assert stored(org_id).migrations == list(head())
        assert stored(org_id).operation is None


def test_each_organization_s_migration_is_in_the_audit_log(behind: str, staff: User) -> None:
    run_operation(request_migration([ALPHA], by=staff), MIGRATE)
    entry = AuditEntry.objects.get(action="organization.migrated")
    assert (entry.org_id, entry.actor, entry.details["migrations"]) == (ALPHA, staff.email, [behind])


def test_only_those_named_are_migrated(behind: str) -> None:
    assert outcomes(migrate([BETA])) == {BETA: "migrated"}
    assert not has_index(ALPHA)


def test_somebody_unknown_is_refused(behind: str) -> None:
    with pytest.raises(ValidationError, match="nobody_here"):
        plan_migration(["nobody_here"])


def test_a_suspended_firm_is_migrated_and_a_requested_one_is_not(behind: str) -> None:
    Organization.objects.filter(org_id=ALPHA).update(status=OrganizationStatus.SUSPENDED)
    Organization.objects.filter(org_id=BETA).update(status=OrganizationStatus.REQUESTED)
    assert outcomes(migrate()) == {ALPHA: "migrated"}


def test_one_costs_two_commands_of_the_control_plane_and_one_of_its_own_database(
    behind: str, commands: Commands
) -> None:
    with commands() as sent:
        migrate([BETA])
    own = [one for one in sent if one.collection == "organizations" and one.name != "find"]
    # The last lets everything go that the operation has.
    assert [one.name for one in own] == ["findAndModify", "update", "update"]
    assert [one.name for one in sent if one.database == BETA] == ["createIndexes"]


def test_nothing_to_do_costs_no_query_of_any_organization(
    firm: Organization, rival: Organization, commands: Commands
) -> None:
    with commands() as sent:
        call_command("migrate_orgs", stdout=StringIO())
    assert {one.database for one in sent} == {"valuation_admin"}
    assert len(sent) <= 3


def test_an_organization_that_another_operation_has_is_left_alone_and_reported(behind: str) -> None:
    other = ObjectId()
    Organization.objects.filter(org_id=BETA).update(operation=other)
    operation = migrate()
    assert outcomes(operation) == {ALPHA: "migrated", BETA: "held"}
    assert stored(BETA).operation == other
    assert behind not in stored(BETA).migrations


# Failures and rings -----------------------------------------------------------------------------------


def test_one_that_fails_does_not_stop_the_others(code: Code) -> None:
    code(migration("0100_data", [that_fails_for(ALPHA, KeyError("plot"))]))
    operation = request_migration(None, by=None)
    with pytest.raises(OperationStopped, match="alpha_valuers: 'plot'"):
        run_operation(operation, MIGRATE)
    operation.refresh_from_db()
    assert outcomes(operation) == {ALPHA: "failed", BETA: "migrated"}
    assert stored(ALPHA).operation is None


def test_when_the_cause_is_mended_the_same_operation_ends(code: Code) -> None:
    broken = that_fails_for(ALPHA, KeyError("plot"))
    code(migration("0100_data", [broken]))
    first = request_migration(None, by=None)
    with pytest.raises(OperationStopped):
        run_operation(first, MIGRATE)
    broken.code = lambda apps, editor: None
    again = request_migration(None, by=None)
    assert again.pk == first.pk
    assert outcomes(run_operation(again, MIGRATE)) == {ALPHA: "migrated", BETA: "migrated"}


def test_after_so_many_failures_no_other_is_begun(code: Code) -> None:
    code(migration("0100_data", [that_fails_for(ALPHA, KeyError("plot"))]))
    operation = request_migration(None, by=None, parallel=1, stop_after=1)
    with pytest.raises(OperationStopped, match="The rest was not begun"):
        run_operation(operation, MIGRATE)
    assert outcomes(Operation.objects.get(pk=operation.pk)) == {ALPHA: "failed"}


@pytest.mark.parametrize(("canary_first", "rest"), [(True, {}), (False, {ALPHA: "migrated"})])
def test_the_rest_waits_for_the_canaries(
    code: Code, rival: Organization, canary_first: bool, rest: dict[str, str]
) -> None:
    make_canary(rival)
    code(migration("0100_data", [that_fails_for(BETA, KeyError("plot"))]))
    operation = request_migration(None, by=None, canary_first=canary_first)
    with pytest.raises(OperationStopped):
        run_operation(operation, MIGRATE)
    assert outcomes(Operation.objects.get(pk=operation.pk)) == {BETA: "failed", **rest}


@pytest.mark.parametrize(("ring", "expected"), [("canary", BETA), ("general", ALPHA)])
def test_one_ring_alone(behind: str, rival: Organization, ring: str, expected: str) -> None:
    make_canary(rival)
    assert outcomes(migrate(ring=ring)) == {expected: "migrated"}


def test_code_with_other_migrations_does_not_go_on_with_it(behind: str) -> None:
    operation = request_migration(None, by=None)
    Operation.objects.filter(pk=operation.pk).update(options={**operation.options, "release": "older"})
    with pytest.raises(OperationStopped, match="code with other migrations"):
        run_operation(operation, MIGRATE)
    # A new one of all organizations takes its place.
    assert outcomes(migrate()) == {ALPHA: "migrated", BETA: "migrated"}
    assert Operation.objects.get(pk=operation.pk).status == OperationStatus.CANCELLED


# Killed -----------------------------------------------------------------------------------------------

STEPS = [step.name for step in MIGRATE.steps]
KILLED = [
    *(pytest.param(killed_before(MIGRATE, step), id=f"before {step}") for step in STEPS),
    *(pytest.param(killed_after(MIGRATE, step), id=f"after {step}") for step in STEPS),
    *(
        pytest.param(killed_within(MIGRATE, step, at=at), id=f"in {step} at {at}")
        for step in STEPS[1:]
        for at in (1, 2)
    ),
]


@pytest.mark.parametrize("dying", KILLED)
def test_killed_anywhere_it_goes_on(behind: str, rival: Organization, dying: Kind) -> None:
    make_canary(rival)
    operation = request_migration(None, by=None, parallel=1)
    run_until_killed(operation, dying)
    done = run_operation(operation, MIGRATE)
    assert done.status == OperationStatus.DONE
    assert sum(done.state["counts"].values()) + done.state["unreported"] == 2
    for org_id in (ALPHA, BETA):
        assert has_index(org_id)
        assert (stored(org_id).migrations, stored(org_id).operation) == (list(head()), None)


def test_killed_in_the_midst_of_an_organization_it_goes_on_with_it(code: Code) -> None:
    dying = that_fails_for(BETA, Killed())
    code(migration("0100_index", [add_index()]), migration("0101_data", [dying]))
    operation = request_migration(None, by=None, parallel=1)
    run_until_killed(operation, MIGRATE)
    assert stored(BETA).operation == operation.pk
    assert stored(BETA).migrations[-1] == "tenants.0100_index"
    dying.code = lambda apps, editor: None
    run_operation(operation, MIGRATE)
    assert (stored(BETA).migrations, stored(BETA).operation) == (list(head()), None)


# What takes away --------------------------------------------------------------------------------------


@pytest.fixture
def taking_away(code: Code) -> list[str]:
    """A field that comes, and goes in the next migration."""
    gone = migration("0101_gone", [remove_field()], destructive=True, serves_without=True)
    return code(migration("0100_note", [add_field()]), gone)


def test_what_takes_away_waits_until_it_is_asked_for(taking_away: list[str]) -> None:
    operation = migrate()
    assert outcomes(operation) == {ALPHA: "migrated", BETA: "migrated"}
    assert "0101_gone" in rows_of(operation)[0]["problem"]
    assert stored(ALPHA).migrations[-1] == taking_away[0]


def test_what_takes_away_waits_for_a_later_run_than_what_it_builds_on(
    taking_away: list[str], firm: Organization
) -> None:
    # The step for everybody meets it with only this migration left.
    make_canary(firm)
    assert outcomes(migrate(destructive=True)) == {ALPHA: "migrated", BETA: "migrated"}
    assert stored(ALPHA).migrations[-1] == taking_away[0]
    migrate(destructive=True)
    assert stored(ALPHA).migrations[-1] == taking_away[1]
    assert stored(ALPHA).destructive_migrations == [taking_away[1]]


def test_a_run_that_is_resumed_is_no_later_one(taking_away: list[str]) -> None:
    operation = request_migration(None, by=None, destructive=True)
    run_until_killed(operation, killed_after(MIGRATE, "everybody"))
    run_operation(operation, MIGRATE)
    assert stored(ALPHA).migrations[-1] == taking_away[0]


@pytest.mark.parametrize("kind_of_index", [{"db_index": True}, {"unique": True, "null": True}])
def test_what_was_taken_away_before_the_runner_died_is_no_obstacle(
    code: Code, kind_of_index: dict[str, Any]
) -> None:
    field = models.IntegerField(**{"null": True, **kind_of_index})
    dying = that_fails_for(BETA, Killed())
    code(
        migration("0100_mark", [migrations.AddField("counter", "mark", field)]),
        migration("0101_gone", [remove_field("mark"), dying], destructive=True, serves_without=True),
    )
    migrate()
    assert "counters_mark" in " ".join(indexes(BETA))
    operation = request_migration(None, by=None, destructive=True)
    run_until_killed(operation, MIGRATE)
    dying.code = lambda apps, editor: None
    run_operation(operation, MIGRATE)
    assert "counters_mark" not in " ".join(indexes(BETA))
    assert stored(BETA).destructive_migrations == ["tenants.0101_gone"]


# Who is served ----------------------------------------------------------------------------------------


@pytest.fixture
def asking(code: Code, valuer: User, client_for: Callable[[User], Client]) -> Client:
    """A valuer's browser, with code that needs a field which the firm's database has not."""
    code(migration("0100_note", [add_field()]))
    return client_for(valuer)


def test_a_firm_whose_version_the_code_cannot_serve_gets_a_maintenance_page(asking: Client) -> None:
    answer = asking.get("/")
    assert (answer.status_code, answer["Retry-After"]) == (503, "30")
    assert b"Alpha Valuers is being updated" in answer.content


def test_the_api_says_so_too(asking: Client) -> None:
    answer = asking.get("/api/reports/")
    assert (answer.status_code, answer["Retry-After"]) == (503, "30")
    assert answer["Content-Type"] == "application/problem+json"


def test_its_people_can_sign_out(asking: Client) -> None:
    assert asking.post("/sign-out/").status_code == 302


def test_knowing_it_costs_no_query(asking: Client, commands: Commands) -> None:
    with commands() as sent:
        asking.get("/")
    assert [(one.database, one.name) for one in sent] == [("valuation_admin", "aggregate")]


def test_when_it_is_migrated_its_people_work_on(asking: Client) -> None:
    migrate([ALPHA])
    assert asking.get("/").status_code == 200


def test_a_firm_that_lacks_an_index_is_served(
    behind: str, valuer: User, client_for: Callable[[User], Client]
) -> None:
    assert client_for(valuer).get("/").status_code == 200


@pytest.mark.parametrize(("destructive", "status"), [([], 200), (["reports.9999_newer"], 503)])
def test_a_firm_that_newer_code_has_migrated_is_served_unless_something_was_taken_away(
    valuer: User, client_for: Callable[[User], Client], destructive: list[str], status: int
) -> None:
    Organization.objects.filter(org_id=ALPHA).update(
        migrations=[*head(), "reports.9999_newer"], destructive_migrations=destructive
    )
    assert client_for(valuer).get("/").status_code == status


# The command ------------------------------------------------------------------------------------------


def told(*arguments: str) -> dict[str, Any]:
    out = StringIO()
    call_command("migrate_orgs", *arguments, "--json", stdout=out)
    found: dict[str, Any] = json.loads(out.getvalue().splitlines()[-1])
    return found


def test_the_plan_changes_nothing(behind: str) -> None:
    found = told("--plan")
    assert [(one["org_id"], one["apply"]) for one in found["plan"]] == [(ALPHA, [behind]), (BETA, [behind])]
    assert not Operation.objects.filter(kind=MIGRATE.name).exists()
    assert not has_index(ALPHA)


def test_its_last_line_tells_of_each_organization(behind: str) -> None:
    found = told(ALPHA)
    assert (found["status"], found["counts"]) == ("done", {"migrated": 1})
    assert found["organizations"][0]["applied"] == [behind]


def test_it_fails_when_an_organization_does(code: Code, capsys: pytest.CaptureFixture[str]) -> None:
    code(migration("0100_data", [that_fails_for(ALPHA, KeyError("plot"))]))
    with pytest.raises(CommandError, match="1 of 2 organizations could not be migrated"):
        call_command("migrate_orgs")
    assert "alpha_valuers: failed" in capsys.readouterr().err
    assert unfinished_operation(MIGRATE, "") is not None


def test_it_finishes_what_provisioning_left(firm: Organization, capsys: pytest.CaptureFixture[str]) -> None:
    Organization.objects.filter(pk=firm.pk).update(status=OrganizationStatus.PROVISIONING)
    call_command("migrate_orgs")
    assert "alpha_valuers: provisioning finished" in capsys.readouterr().out
    assert stored(ALPHA).status == OrganizationStatus.ACTIVE


def test_it_says_what_waits_to_be_asked_for(
    taking_away: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    migrate()
    call_command("migrate_orgs")
    assert "2 organizations wait for --destructive" in capsys.readouterr().out
