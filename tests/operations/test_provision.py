"""Provisioning, killed at each step and resumed, cancelled, and many at once from a file."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core import mail
from django.core.management import CommandError, call_command

from tenants.models import Cluster, Operation, Organization, OrganizationStatus, Plan, Subscription, User
from tenants.mongodb.clients import clients
from tenants.operations import provision, schema
from tenants.operations.data import indexes_of
from tenants.operations.engine import Kind, OperationStopped, cancel_operation, run_operation
from tenants.operations.placement import Candidate, Wish, choose
from tenants.operations.provision import PROVISION, NewOrganization, create_organization, request_organization
from tenants.operations.schema import head
from tenants.operations.signups import read_rows
from tests.operations.killing import killed_after, killed_before, run_until_killed

MANAGER = "gita@gamma-valuers.example"
STEPS = [one.name for one in PROVISION.steps]


@pytest.fixture
def plan(database: None) -> Plan:
    return Plan.objects.create(
        code="basic", name="Basic", seats=3, reports_a_month=30, storage_mb=2000, price_a_month=1500
    )


@pytest.fixture
def wanted(plan: Plan) -> Iterator[NewOrganization]:
    """A firm with all that may be asked for, and nothing of it there."""
    clients.for_address("MONGODB_URI").drop_database("gamma_valuers")
    yield NewOrganization("gamma_valuers", "Gamma Valuers", "GV", plan=plan.code, manager_email=MANAGER)
    clients.for_address("MONGODB_URI").drop_database("gamma_valuers")


def shape_of(org_id: str) -> dict[str, Any]:
    """Collections with the names of their indexes."""
    found = clients.for_address("MONGODB_URI")[org_id]
    return {
        name: sorted(index["name"] for index in indexes_of(found[name]))
        for name in found.list_collection_names()
    }


def outcome_of(org_id: str) -> dict[str, Any]:
    """All that provisioning makes."""
    made = Organization.objects.get(org_id=org_id)
    return {
        "status": made.status,
        "cluster": made.cluster_id,
        "migrations": made.migrations,
        "held by": made.operation,
        "subscriptions": Subscription.objects.filter(organization=org_id).count(),
        "managers": User.objects.filter(organization=org_id).count(),
        "letters": len(mail.outbox),
        "collections": shape_of(org_id),
    }


def assert_it_is_whole(org_id: str, like: Organization) -> None:
    assert outcome_of(org_id) == {
        "status": OrganizationStatus.ACTIVE,
        "cluster": "primary",
        "migrations": list(head()),
        "held by": None,
        "subscriptions": 1,
        "managers": 1,
        "letters": 1,
        "collections": shape_of(like.org_id),
    }


def kinds_that_die() -> Sequence[Any]:
    return [
        pytest.param(kill(PROVISION, step), id=f"{kill.__name__} {step}")
        for step in STEPS
        for kill in (killed_before, killed_after)
    ]


@pytest.mark.parametrize("dying", kinds_that_die())
def test_killed_anywhere_and_resumed_it_ends_as_if_undisturbed(
    wanted: NewOrganization, firm: Organization, dying: Kind
) -> None:
    operation = request_organization(wanted, by=None)
    run_until_killed(operation, dying)
    run_operation(operation, PROVISION)
    assert_it_is_whole(wanted.org_id, like=firm)


def test_killed_with_half_of_its_collections_it_goes_on(
    wanted: NewOrganization, firm: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    operation = request_organization(wanted, by=None)
    run_until_killed(operation, killed_before(PROVISION, "schema"))
    clients.for_address("MONGODB_URI")[wanted.org_id]["reports"].create_index("reference", name="half_made")
    clients.for_address("MONGODB_URI")[wanted.org_id]["reports"].drop_index("half_made")
    run_operation(operation, PROVISION)
    assert_it_is_whole(wanted.org_id, like=firm)


def test_creating_it_goes_on_with_what_was_killed(wanted: NewOrganization, firm: Organization) -> None:
    run_until_killed(request_organization(wanted, by=None), killed_after(PROVISION, "schema"))
    create_organization(wanted, by=None)
    assert_it_is_whole(wanted.org_id, like=firm)


@pytest.mark.parametrize("step", ["place", "schema"])
def test_cancelled_before_it_is_open_nothing_of_it_is_left(wanted: NewOrganization, step: str) -> None:
    operation = request_organization(wanted, by=None)
    run_until_killed(operation, killed_after(PROVISION, step))
    cancel_operation(operation, PROVISION)
    assert not Organization.objects.exists()
    assert wanted.org_id not in clients.for_address("MONGODB_URI").list_database_names()


def test_a_database_with_documents_is_not_dropped(wanted: NewOrganization) -> None:
    operation = request_organization(wanted, by=None)
    run_until_killed(operation, killed_after(PROVISION, "schema"))
    clients.for_address("MONGODB_URI")[wanted.org_id]["counters"].insert_one({"name": "kept"})
    with pytest.raises(OperationStopped, match="holds documents"):
        cancel_operation(operation, PROVISION)
    assert clients.for_address("MONGODB_URI")[wanted.org_id]["counters"].find_one() is not None


def test_room_is_promised_again_to_whoever_goes_on(
    wanted: NewOrganization, monkeypatch: pytest.MonkeyPatch
) -> None:
    operation = request_organization(wanted, by=None)
    run_until_killed(operation, killed_before(PROVISION, "schema"))
    asked: list[object] = []
    monkeypatch.setattr(provision, "require_room", asked.append)
    run_operation(operation, PROVISION)
    assert len(asked) == 1


# Choosing a cluster -------------------------------------------------------------------------------------

CLUSTERS = (
    Candidate("empty-but-closed", "south", "standard", 100, accepts_new=False, organizations=0),
    Candidate("large", "south", "standard", 1000, accepts_new=True, organizations=100),
    Candidate("small", "south", "standard", 10, accepts_new=True, organizations=2),
    Candidate("full", "south", "standard", 10, accepts_new=True, organizations=10),
    Candidate("fast", "south", "premium", 10, accepts_new=True, organizations=0),
    Candidate("north", "north", "standard", 10, accepts_new=True, organizations=5),
)


@pytest.mark.parametrize(
    ("wish", "tried"),
    [
        (Wish(), ["fast", "large", "small", "north"]),
        (Wish(region="south", tier="standard"), ["large", "small"]),
        (Wish(region="north"), ["north"]),
        (Wish(region="north", tier="premium"), []),
        # Staff may name one that is closed, of any region; never one that is full.
        (Wish(cluster="empty-but-closed"), ["empty-but-closed"]),
        (Wish(cluster="north", region="south"), ["north"]),
        (Wish(cluster="full"), []),
    ],
)
def test_the_least_loaded_suitable_cluster_is_tried_first(wish: Wish, tried: list[str]) -> None:
    assert choose(CLUSTERS, wish).names == tried


def test_each_cluster_that_is_not_tried_says_why() -> None:
    assert choose(CLUSTERS, Wish(region="south", tier="standard")).refused == {
        "empty-but-closed": "takes no new organizations",
        "full": "holds 10 organizations of 10 at most",
        "fast": "tier premium",
        "north": "region north",
    }


def test_it_is_recorded_on_the_least_loaded_cluster(firm: Organization) -> None:
    Cluster.objects.create(name="west", address_setting="MONGODB_URI_WEST")
    request_organization(NewOrganization("gamma_valuers", "Gamma Valuers", "GV"), by=None)
    assert Organization.objects.get(org_id="gamma_valuers").cluster_id == "west"


# The command --------------------------------------------------------------------------------------------


def create(*arguments: str) -> str:
    said = StringIO()
    call_command("create_org", *arguments, stdout=said, stderr=StringIO())
    return said.getvalue()


GAMMA = ("gamma_valuers", "--name", "Gamma Valuers", "--initials", "GV")


def test_the_command_creates_an_organization(database: None) -> None:
    assert "gamma_valuers is active" in create(*GAMMA)


def test_the_command_says_it_to_machines(database: None) -> None:
    assert json.loads(create(*GAMMA, "--json").splitlines()[-1]) == {
        "org_id": "gamma_valuers",
        "status": "active",
        "cluster": "primary",
        "problem": "",
    }


def test_the_command_says_what_is_wrong(database: None) -> None:
    with pytest.raises(CommandError, match="lower-case letters"):
        create("Gamma", "--name", "Gamma Valuers", "--initials", "GV")


def test_the_command_asks_for_a_password_on_request(database: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "tenants.management.commands.create_org.getpass", lambda prompt: "a-Long-1-enough-word"
    )
    create(*GAMMA, "--manager-email", MANAGER, "--ask-password")
    assert User.objects.get(email=MANAGER).check_password("a-Long-1-enough-word")
    assert not mail.outbox


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "signups.csv"


def test_a_file_is_refused_as_a_whole_with_every_mistake(database: None, file: Path) -> None:
    file.write_text(
        "org_id,name,initials,plan\n"
        "gamma_valuers,Gamma Valuers,GV,\n"
        "Delta,Delta Valuers,DV,\n"
        "gamma_valuers,Gamma Again,GA,\n"
        "epsilon_valuers,Epsilon Valuers,EV,none_such\n",
        encoding="utf-8",
    )
    with pytest.raises(CommandError) as refusal:
        create("--csv", str(file))
    said = str(refusal.value).splitlines()[1:]
    assert [line.split(":")[0] for line in said] == ["line 4", "line 3", "line 5"]
    assert not Organization.objects.exists()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("org_id,name\nab_c,A\n", "lacks initials"),
        ("org_id,name,initials,colour\n", "unknown columns colour"),
        ("org_id,name,initials\nab_c,A\n", "line 2: it has another number of values"),
        ("org_id,name,initials,name\n", "a column is there twice"),
        ('org_id,name,initials\nab_c,"A,B\n', "after line 1: "),
    ],
)
def test_a_file_that_cannot_be_understood_says_where(text: str, said: str) -> None:
    _, problems = read_rows(text.splitlines(keepends=True))
    assert said in problems[0]


def test_many_at_once_are_created_and_one_failure_stops_nobody(
    database: None, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.write_text(
        "org_id,name,initials\n" + "".join(f"many_{one},Many {one},M{one}\n" for one in range(4)),
        encoding="utf-8",
    )
    create_schema = schema.create_schema

    def fail_for_one(organization: Organization) -> None:
        if organization.org_id == "many_2":
            raise provision.NotEmpty("A failure.")
        create_schema(organization)

    with monkeypatch.context() as patch:
        patch.setattr(provision, "create_schema", fail_for_one)
        with pytest.raises(CommandError, match="1 of 4"):
            create("--csv", str(file), "--parallel", "3")
    assert Organization.objects.filter(status=OrganizationStatus.ACTIVE).count() == 3
    # The same file again finishes what is missing.
    create("--csv", str(file))
    assert Organization.objects.filter(status=OrganizationStatus.ACTIVE).count() == 4
    assert Operation.objects.filter(status="done").count() == 4
