"""Whether an organization's database is what it should be, and mending it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from bson import ObjectId
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command

from tenants.context import organization_active
from tenants.models import AuditEntry, Operation, Organization, StoredFile
from tenants.mongodb.clients import clients
from tenants.operations.checking import (
    MEND,
    Findings,
    check_organization,
    compare,
    mend_organization,
)
from tenants.operations.engine import OperationUnderWay, run_operation, start_operation
from tests.operations.killing import killed_after, run_until_killed

NUMBER = {"name": "by_number", "key": {"number": 1}, "unique": True}
OWN = {"name": "_id_", "key": {"_id": 1}, "v": 2}
SOUND: dict[str, list[Any]] = {
    "missing_collections": [],
    "surplus_collections": [],
    "missing_indexes": [],
    "different_indexes": [],
    "surplus_indexes": [],
}


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ({"plots": [OWN, {**NUMBER, "v": 2}]}, {}),
        ({"plots": [OWN, {**NUMBER, "key": {"number": 1.0}, "sparse": False}]}, {}),
        ({}, {"missing_collections": ["plots"], "missing_indexes": ["plots.by_number"]}),
        ({"plots": [OWN]}, {"missing_indexes": ["plots.by_number"]}),
        ({"plots": [OWN, {**NUMBER, "unique": False}]}, {"different_indexes": ["plots.by_number"]}),
        ({"plots": [OWN, {**NUMBER, "key": {"number": -1}}]}, {"different_indexes": ["plots.by_number"]}),
        (
            {"plots": [OWN, {**NUMBER, "partialFilterExpression": {"number": {"$type": "int"}}}]},
            {"different_indexes": ["plots.by_number"]},
        ),
        ({"plots": [OWN, NUMBER, {**NUMBER, "name": "more"}]}, {"surplus_indexes": ["plots.more"]}),
        ({"plots": [OWN, NUMBER], "notes": [OWN]}, {"surplus_collections": ["notes"]}),
    ],
)
def test_what_is_found_is_compared_with_what_should_be(
    found: dict[str, list[Any]], expected: dict[str, list[str]]
) -> None:
    assert compare({"plots": [NUMBER]}, found) == {**SOUND, **expected}


def test_the_order_of_an_index_s_fields_matters() -> None:
    wanted = {"name": "both", "key": {"a": 1, "b": 1}}
    found = {**wanted, "key": {"b": 1, "a": 1}}
    assert compare({"plots": [wanted]}, {"plots": [found]})["different_indexes"] == ["plots.both"]


@pytest.fixture
def damaged(firm: Organization) -> Iterator[Any]:
    """The firm's database, to be damaged; whole again afterwards, for it stands for the whole run."""
    database = clients.for_address("MONGODB_URI")[firm.org_id]
    yield database
    for name in ("notes", f"aside.{'0' * 24}.reports", "moving.mark"):
        database.drop_collection(name)
    Operation.objects.update(status="done")
    Organization.objects.filter(pk=firm.pk).update(operation=None)
    mend_organization(firm, by=None, drop_surplus=True)


def test_a_new_organization_is_sound(firm: Organization) -> None:
    assert check_organization(firm) == Findings(firm.org_id)


def test_what_is_missing_is_found_and_mended(firm: Organization, damaged: Any) -> None:
    damaged.drop_collection("counters")
    damaged["fs.chunks"].drop_index("files_id_1_n_1")
    damaged["reports"].drop_index("report_newest")
    found = check_organization(firm)
    assert found.missing_collections == ["counters"]
    assert {"fs.chunks.files_id_1_n_1", "reports.report_newest"} < set(found.missing_indexes)
    mend_organization(firm, by=None)
    assert check_organization(firm).is_sound


def test_mending_is_audited(firm: Organization, damaged: Any) -> None:
    damaged["reports"].drop_index("report_newest")
    mend_organization(firm, by=None)
    entry = AuditEntry.objects.get(action="mend.mended")
    assert (entry.org_id, entry.details["made"]) == (firm.org_id, ["reports.report_newest"])


def test_surplus_and_different_indexes_stay_until_asked_for(firm: Organization, damaged: Any) -> None:
    damaged["reports"].create_index("applicant_name", name="by_hand")
    damaged["reports"].drop_index("report_newest")
    damaged["reports"].create_index("updated_at", name="report_newest")
    mend_organization(firm, by=None)
    found = check_organization(firm)
    assert found.surplus_indexes == ["reports.by_hand"]
    assert found.different_indexes == ["reports.report_newest"]
    mend_organization(firm, by=None, drop_surplus=True)
    assert check_organization(firm).is_sound


def test_unknown_collections_and_what_operations_left_are_told(firm: Organization, damaged: Any) -> None:
    left = f"aside.{'0' * 24}.reports"
    for name in ("notes", left, "moving.mark"):
        damaged.create_collection(name)
    found = check_organization(firm)
    assert found.surplus_collections == ["notes"]
    assert found.leftovers == [left, "moving.mark"]


def test_collections_of_an_operation_that_goes_on_are_nobody_s_business(
    firm: Organization, damaged: Any
) -> None:
    operation = start_operation(MEND, org_id=firm.org_id, by=None)
    name = f"incoming.{operation.pk}.reports"
    damaged.create_collection(name)
    damaged.create_collection("moving.mark")
    assert check_organization(firm).leftovers == []
    damaged.drop_collection(name)


def test_missing_and_stray_files_are_counted(firm: Organization) -> None:
    with organization_active(firm.placement):
        for name in ("there.jpg", "stray.jpg", "new.jpg"):
            default_storage.save(name, ContentFile(b"picture"))
        for name in ("there.jpg", "gone.jpg"):
            StoredFile.objects.create(
                kind="photograph", name=name, content_type="image/jpeg", size=7, sha256="", stored_as=name
            )
    store = clients.for_address("MONGODB_URI")[firm.org_id]["fs.files"]
    store.update_one(
        {"filename": "stray.jpg"}, {"$set": {"uploadDate": datetime.now(UTC) - timedelta(hours=2)}}
    )
    found = check_organization(firm)
    assert (found.missing_files, found.stray_files) == (1, 1)


def test_a_database_that_lacks_migrations_is_not_compared(firm: Organization, damaged: Any) -> None:
    damaged["reports"].drop_index("report_newest")
    firm.migrations = [one for one in firm.migrations if one != "reports.0002_list_indexes"]
    assert check_organization(firm) == Findings(firm.org_id, pending=["reports.0002_list_indexes"])


def test_what_another_operation_has_is_not_mended(firm: Organization) -> None:
    Organization.objects.filter(pk=firm.pk).update(operation=ObjectId())
    with pytest.raises(OperationUnderWay):
        mend_organization(firm, by=None)


def test_killed_before_it_was_recorded_mending_ends_when_it_is_run_again(
    firm: Organization, damaged: Any
) -> None:
    damaged["reports"].drop_index("report_newest")
    operation = start_operation(MEND, org_id=firm.org_id, by=None, options={"drop_surplus": False})
    run_until_killed(operation, killed_after(MEND, "mend"))
    run_operation(operation, MEND)
    assert check_organization(firm).is_sound


def told(*arguments: str) -> dict[str, Any]:
    out = StringIO()
    call_command("check_org", *arguments, "--json", stdout=out)
    found: dict[str, Any] = json.loads(out.getvalue().splitlines()[-1])
    return found


def test_the_command_looks_at_all(firm: Organization, rival: Organization) -> None:
    assert [one["org_id"] for one in told("--all")["organizations"]] == [firm.org_id, rival.org_id]


def test_the_command_fails_when_something_is_lacking_and_mends_it(firm: Organization, damaged: Any) -> None:
    damaged["reports"].drop_index("report_newest")
    with pytest.raises(CommandError, match="Something is wrong with: alpha_valuers"):
        told(firm.org_id)
    assert told(firm.org_id, "--mend")["organizations"][0]["made"] == ["reports.report_newest"]
    assert told(firm.org_id)["unsound"] == []
