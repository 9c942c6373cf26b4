"""Cloning: one moment of a firm as a new one, whole or masked, while the firm works on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from io import StringIO

import pytest
from bson import json_util
from django.core.exceptions import ValidationError
from django.core.files.storage import default_storage
from django.core.management import call_command

from reports.models import Report
from reports.tests import making
from tenants.context import organization_active
from tenants.models import Counter, OperationStatus, Organization, OrganizationStatus, StoredFile, User
from tenants.mongodb.clients import clients
from tenants.operations.cloning import CLONE, request_clone
from tenants.operations.data import collections_of
from tenants.operations.engine import OperationUnderWay, cancel_operation, run_operation
from tests.operations.firms import PLAN, all_indexes, contents, databases_dropped, every_collection, make_firm
from tests.operations.killing import killed_after, killed_before, killed_within, run_until_killed

GAMMA, COPY = "gamma_valuers", "gamma_trial"


@pytest.fixture
def gamma(database: None) -> Iterator[Organization]:
    with databases_dropped(GAMMA, COPY):
        yield make_firm(GAMMA, "Gamma Valuers", "GV")


def clone(source: Organization, *, mask: bool = False) -> Organization:
    run_operation(request_clone(source, COPY, "Trial", "TR", mask, by=None), CLONE)
    return Organization.objects.get(org_id=COPY)


def everything_in(org_id: str) -> str:
    database = clients.for_operations("MONGODB_URI")[org_id]
    return "".join(json_util.dumps(list(database[name].find())) for name in collections_of(database))


def test_a_clone_has_every_document_index_and_file(gamma: Organization) -> None:
    copy = clone(gamma)
    assert (copy.name, copy.initials, copy.status) == ("Trial", "TR", OrganizationStatus.ACTIVE)
    assert copy.migrations == gamma.migrations
    assert contents(COPY) == contents(GAMMA)
    assert all_indexes(COPY) == all_indexes(GAMMA)
    with organization_active(copy.placement):
        assert default_storage.open("plan.jpg").read() == PLAN


def test_the_source_is_free_and_the_same_afterwards(gamma: Organization) -> None:
    before = contents(GAMMA)
    clone(gamma)
    gamma.refresh_from_db()
    assert (gamma.operation, gamma.status) == (None, OrganizationStatus.ACTIVE)
    assert contents(GAMMA) == before


def test_a_clone_killed_at_every_step_is_resumed(gamma: Organization) -> None:
    operation = request_clone(gamma, COPY, "Trial", "TR", False, by=None)
    for step in CLONE.steps:
        run_until_killed(operation, killed_before(CLONE, step.name))
        run_until_killed(operation, killed_within(CLONE, step.name, at=3))
        run_until_killed(operation, killed_after(CLONE, step.name))
    run_operation(operation, CLONE)
    assert contents(COPY) == contents(GAMMA)
    assert Organization.objects.get(org_id=COPY).status == OrganizationStatus.ACTIVE


@pytest.mark.parametrize("step", ["copy", "verify"])
def test_a_cancelled_clone_leaves_nothing(gamma: Organization, step: str) -> None:
    operation = request_clone(gamma, COPY, "Trial", "TR", False, by=None)
    run_until_killed(operation, killed_within(CLONE, step, at=4))
    cancel_operation(operation, CLONE)
    assert not Organization.objects.filter(org_id=COPY).exists()
    assert every_collection(COPY) == []
    assert Organization.objects.get(org_id=GAMMA).operation is None


def test_nothing_else_is_done_to_the_source_while_it_is_copied(gamma: Organization) -> None:
    request_clone(gamma, COPY, "Trial", "TR", False, by=None)
    with pytest.raises(OperationUnderWay):
        request_clone(gamma, "gamma_second", "Trial", "TR", False, by=None)
    assert not Organization.objects.filter(org_id="gamma_second").exists()


def test_the_source_is_let_go_as_soon_as_it_is_copied(gamma: Organization) -> None:
    operation = request_clone(gamma, COPY, "Trial", "TR", False, by=None)
    run_until_killed(operation, killed_after(CLONE, "release"))
    gamma.refresh_from_db()
    assert gamma.operation is None


def test_an_org_id_that_is_taken_is_refused(gamma: Organization) -> None:
    with pytest.raises(ValidationError):
        request_clone(gamma, GAMMA, "Trial", "TR", False, by=None)


def test_a_masked_clone_says_nothing_of_anybody_and_works(
    gamma: Organization, firm: Organization, valuer: User, manager: User, formats: None
) -> None:
    with organization_active(firm.placement):
        report = making.begin(firm, valuer, name="sbi_flat_v1")
    # The report of another firm is put here, for only this one's database is thrown away.
    client = clients.for_operations("MONGODB_URI")
    client[GAMMA]["reports"].insert_many(client[firm.org_id]["reports"].find({"_id": report.pk}))
    copy = clone(gamma, mask=True)
    found = everything_in(COPY)
    for personal in ("Vikram", "98200 12345", "Applicant Four", "Caretaker", "Gamma Valuers plan", "a" * 24):
        assert personal in everything_in(GAMMA)
        assert personal not in found
    assert copy.letterhead == {"name": "Trial"}
    assert {name: one[0] for name, one in contents(COPY).items() if name != "fs.chunks"} == {
        name: one[0] for name, one in contents(GAMMA).items() if name != "fs.chunks"
    }
    assert all_indexes(COPY) == all_indexes(GAMMA)
    with organization_active(copy.placement):
        assert Report.objects.get().answers["rate"]["rates"]["adopted_rate"] == "5200"
        assert Counter.objects.get(name="report").value == 7
        for file in StoredFile.objects.all():
            content = default_storage.open(file.stored_as).read()
            assert (len(content), content[:2]) == (
                file.size,
                b"\xff\xd8" if file.kind == "photograph" else b"%P",
            )


def test_the_command_clones(gamma: Organization) -> None:
    out = StringIO()
    options = ["--name", "Trial", "--initials", "TR", "--mask", "--json"]
    call_command("clone_org", GAMMA, COPY, *options, stdout=out)
    told = json.loads(out.getvalue().splitlines()[-1])
    assert (told["kind"], told["status"]) == ("clone", OperationStatus.DONE)
