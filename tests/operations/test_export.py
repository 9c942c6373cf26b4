"""The export: one zip file with everything that a firm owns, in open formats, and of nobody else's."""

from __future__ import annotations

import hashlib
import json
import zipfile
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from bson import json_util
from django.conf import LazySettings
from django.core.management import CommandError, call_command

from reports.models import Report
from tenants.context import organization_active
from tenants.models import AuditEntry, Operation, Organization, StoredFile, User
from tenants.mongodb.clients import clients
from tenants.operations.engine import OperationStopped, cancel_operation, run_operation
from tenants.operations.exporting import (
    EXPORT,
    ExportFailed,
    ExportRefused,
    check_export,
    export_path,
    readable,
    request_export,
)
from tests.operations.killing import killed_after, killed_before, killed_within, run_until_killed
from tests.operations.leaving import ATTACHMENT, PDF, PHOTOGRAPH, fill, make_report

STEPS = [step.name for step in EXPORT.steps]


@pytest.fixture(autouse=True)
def _exports(tmp_path: Path, settings: LazySettings) -> None:
    settings.EXPORTS_DIRECTORY = str(tmp_path / "exports")


@pytest.fixture
def filled(firm: Organization, valuer: User) -> Report:
    return fill(firm, valuer)


def exported(firm: Organization) -> zipfile.ZipFile:
    operation = run_operation(request_export(firm, by=None), EXPORT)
    return zipfile.ZipFile(operation.state["export"]["path"])


def contents(archive: zipfile.ZipFile) -> dict[str, str]:
    """What does not tell when it was made: entry → SHA-256."""
    return {
        name: hashlib.sha256(archive.read(name)).hexdigest()
        for name in archive.namelist()
        if name.startswith(("data/", "files/", "documents/", "people", "subscriptions"))
    }


def lines_of(archive: zipfile.ZipFile, name: str) -> list[dict[str, Any]]:
    return [json_util.loads(line) for line in archive.read(name).decode().splitlines()]


def test_it_has_everything_the_firm_owns(firm: Organization, filled: Report) -> None:
    with exported(firm) as archive:
        assert set(archive.namelist()) == {
            "README.txt",
            "organization.json",
            "people.json",
            "subscriptions.json",
            "audit.jsonl",
            *(
                f"data/{name}.jsonl"
                for name in "activity_logs bank_overrides counters custom_templates files_metadata fs.files "
                "reports users_settings".split()
            ),
            "documents/AV-0001-23112026.pdf",
            f"files/photograph/{filled.pk}/Front.jpg",
            f"files/photograph/{filled.pk}/front (2).JPG",
            f"files/attachment/{filled.pk}/-Sale deed- 1998.pdf",
            "manifest.json",
        }


def test_an_issued_document_is_there_byte_for_byte(firm: Organization, filled: Report) -> None:
    with exported(firm) as archive:
        assert archive.read("documents/AV-0001-23112026.pdf") == PDF


def test_files_are_there_byte_for_byte(firm: Organization, filled: Report) -> None:
    with exported(firm) as archive:
        assert archive.read(f"files/photograph/{filled.pk}/Front.jpg") == PHOTOGRAPH
        assert archive.read(f"files/attachment/{filled.pk}/-Sale deed- 1998.pdf") == ATTACHMENT


def test_a_report_reads_back_as_it_is_stored(firm: Organization, filled: Report) -> None:
    stored = clients.for_operations("MONGODB_URI")[firm.org_id].reports.find_one({"_id": filled.pk})
    with exported(firm) as archive:
        found = next(one for one in lines_of(archive, "data/reports.jsonl") if one["_id"] == filled.pk)
    assert {**found, "created_at": None, "updated_at": None} == {
        **(stored or {}),
        "created_at": None,
        "updated_at": None,
    }


def test_people_come_without_passwords(firm: Organization, filled: Report, valuer: User) -> None:
    with exported(firm) as archive:
        (person,) = json.loads(archive.read("people.json"))
    assert person["email"] == valuer.email
    assert "password" not in person


def test_nothing_of_a_rival_is_in_it(
    firm: Organization, filled: Report, rival: Organization, rival_valuer: User
) -> None:
    with organization_active(rival.placement):
        make_report("BS/0001/23112026", rival_valuer)
    with exported(firm) as archive:
        everything = b"".join(archive.read(name) for name in archive.namelist())
    assert [word for word in (b"beta_surveyors", b"BS/0001") if word in everything] == []


def test_the_manifest_tells_size_and_hash_of_every_entry(firm: Organization, filled: Report) -> None:
    with exported(firm) as archive:
        manifest = json.loads(archive.read("manifest.json"))
        found = {
            name: {
                "bytes": len(archive.read(name)),
                "sha256": hashlib.sha256(archive.read(name)).hexdigest(),
            }
            for name in archive.namelist()
            if name != "manifest.json"
        }
    assert manifest["entries"] == found
    assert (manifest["collections"]["reports"], manifest["file_count"]) == (2, 4)


def test_a_file_whose_bytes_are_gone_is_named(firm: Organization, filled: Report) -> None:
    with organization_active(firm.placement):
        lost = StoredFile.objects.get(name="Front.jpg")
        StoredFile.objects.filter(pk=lost.pk).update(stored_as="nowhere")
    with exported(firm) as archive:
        manifest = json.loads(archive.read("manifest.json"))
    assert manifest["missing"] == [{"file": str(lost.pk), "name": "Front.jpg"}]


def test_a_file_that_lost_a_piece_stops_it_and_leaves_nothing(firm: Organization, filled: Report) -> None:
    chunks = clients.for_operations("MONGODB_URI")[firm.org_id]["fs.chunks"]
    chunks.delete_one({"n": 1})
    operation = request_export(firm, by=None)
    with pytest.raises(OperationStopped, match="bytes in the database"):
        run_operation(operation, EXPORT)
    assert list(export_path(operation).parent.iterdir()) == []


def test_the_archive_is_closed_to_others(firm: Organization) -> None:
    with exported(firm) as archive:
        path = Path(str(archive.filename))
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)


def test_it_shows_one_moment_while_the_firm_works(
    firm: Organization, filled: Report, valuer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tenants.operations.exporting import Exporter

    write = Exporter._write_collection

    def write_and_work(self: Exporter, name: str, session: Any) -> None:
        write(self, name, session)
        if name == "counters":
            with organization_active(firm.placement):
                make_report("AV/0003/23112026", valuer)

    monkeypatch.setattr(Exporter, "_write_collection", write_and_work)
    with exported(firm) as archive:
        assert len(lines_of(archive, "data/reports.jsonl")) == 2


@pytest.mark.parametrize(
    "killed",
    [
        pytest.param(killed_before, id="before"),
        pytest.param(lambda kind, step: killed_within(kind, step, at=3), id="within"),
        pytest.param(killed_after, id="after"),
    ],
)
def test_killed_at_every_step_and_resumed_it_is_the_same(
    firm: Organization, filled: Report, killed: Any
) -> None:
    with exported(firm) as undisturbed:
        expected = contents(undisturbed)
    operation = request_export(firm, by=None)
    for step in STEPS:
        run_until_killed(operation, killed(EXPORT, step))
    run_operation(operation, EXPORT)
    with zipfile.ZipFile(export_path(operation)) as archive:
        assert contents(archive) == expected
    assert [one.name for one in export_path(operation).parent.iterdir() if one.name.startswith(".")] == []


def test_cancelled_it_leaves_no_file(firm: Organization, filled: Report) -> None:
    operation = request_export(firm, by=None)
    run_until_killed(operation, killed_after(EXPORT, "write"))
    cancel_operation(Operation.objects.get(pk=operation.pk), EXPORT)
    assert list(export_path(operation).parent.iterdir()) == []


def test_a_damaged_archive_is_noticed(firm: Organization, filled: Report) -> None:
    with exported(firm) as archive:
        path = Path(str(archive.filename))
    content = path.read_bytes()
    place = content.index(PDF[:20])
    path.write_bytes(content[:place] + b"X" + content[place + 1 :])
    with pytest.raises(ExportFailed):
        check_export(path)


def test_a_firm_without_a_database_is_refused(firm: Organization) -> None:
    firm.status = "provisioning"
    with pytest.raises(ExportRefused, match="is provisioning"):
        request_export(firm, by=None)


def test_it_is_recorded_where_it_went(firm: Organization, tmp_path: Path) -> None:
    call_command("export_org", firm.org_id, "--to", str(tmp_path / "usb"), stdout=StringIO())
    entry = AuditEntry.objects.get(action="export.written", org_id=firm.org_id)
    assert Path(entry.details["path"]).parent == tmp_path / "usb"


def test_the_command_tells_machines_the_outcome(firm: Organization) -> None:
    out = StringIO()
    call_command("export_org", firm.org_id, "--json", stdout=out)
    said = json.loads(out.getvalue().splitlines()[-1])
    assert (said["status"], said["state"]["export"]["file_count"]) == ("done", 0)


def test_the_command_names_a_firm_that_is_not_there(database: None) -> None:
    with pytest.raises(CommandError, match="There is no organization"):
        call_command("export_org", "nobody_at_all")


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("../../etc/passwd", "-..-etc-passwd"),
        ("Front view.jpg", "Front view.jpg"),
        ("a\x00b\u202ec.jpg", "abc.jpg"),
        ("…", "…"),
        ("...", "file"),
        ("मकान का फोटो.jpg", "मकान का फोटो.jpg"),
        ("x" * 300 + ".pdf", "x" * 116 + ".pdf"),
    ],
)
def test_names_are_kept_as_far_as_they_can_be(given: str, kept: str) -> None:
    assert readable(given) == kept
