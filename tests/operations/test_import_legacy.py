"""``manage.py import_legacy`` from a server and from files, and a report written on an imported format."""

from __future__ import annotations

import json
import stat
from collections.abc import Iterator
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from banks.models import Format
from reports import actions
from reports.legacy import server
from reports.legacy.tests.fixtures import DUMP, documents
from reports.models import Report
from tenants.context import organization_active
from tenants.models import Organization, StoredFile, User
from tenants.mongodb.clients import clients
from tenants.mongodb.monitoring import RecordingListener

RENAMED = {
    "valuation_admin": "old_admin",
    "valuation_app_prod": "old_prod",
    "valuation_reports": "old_reports",
}
READING = {"find", "getMore", "listCollections", "listDatabases", "hello", "killCursors", "endSessions"}
DAY = "2025-03-05"


def run(*arguments: str, **options: Any) -> dict[str, Any]:
    """The command's last line."""
    out = StringIO()
    call_command("import_legacy", *arguments, stdout=out, stderr=out, **options)
    found: dict[str, Any] = json.loads(out.getvalue().splitlines()[-1])
    return found


@pytest.fixture
def old_server(mongodb_uri: str, firm: Organization, empty_shared_resources: None) -> Iterator[list[str]]:
    """The dump on the test run's server, under other names; what ``--from`` and ``--database`` say for it."""
    client = clients.for_operations("MONGODB_URI")
    for old, name in RENAMED.items():
        for path in sorted((DUMP / old).glob("*.json")):
            client[name][path.stem].insert_many(documents(f"{old}/{path.name}"))
    yield [
        *("--from", mongodb_uri, "--organization", f"cove_valuers={firm.org_id}", "--allow-refused"),
        *(f"--database={old}={name}" for old, name in RENAMED.items()),
    ]
    for name in RENAMED.values():
        client.drop_database(name)


@pytest.fixture
def from_files(firm: Organization, empty_shared_resources: None) -> list[str]:
    return ["--from", str(DUMP), "--organization", f"cove_valuers={firm.org_id}"]


def test_a_server_gives_what_its_export_gives(old_server: list[str], firm: Organization) -> None:
    done = run(*old_server)
    assert (done["sound"], done["read"]) == (True, 27)
    with organization_active(firm.placement):
        assert Report.objects.count() == 3
    again = run("--from", str(DUMP), "--organization", f"cove_valuers={firm.org_id}", "--allow-refused")
    assert sum(line["added"] + line["updated"] for line in again["collections"]) == 0


def test_the_old_databases_are_only_read(old_server: list[str], mongodb_uri: str) -> None:
    listener = RecordingListener()
    source = server.ServerSource(mongodb_uri, RENAMED, server.ours_now(), listeners=(listener,))
    with listener.recording() as sent:
        assert sum(1 for _ in source.documents()) == 28
    assert {one.name for one in sent} <= READING
    assert {one.database for one in sent if one.name == "find"} == set(RENAMED.values())


def test_it_never_takes_the_application_for_the_former_system(mongodb_uri: str, firm: Organization) -> None:
    with pytest.raises(CommandError, match="this application's own"):
        run("--from", mongodb_uri)


def test_a_copy_of_the_application_elsewhere_is_none_either(mongodb_uri: str, firm: Organization) -> None:
    source = server.ServerSource(
        mongodb_uri, {"valuation_admin": "valuation_admin"}, server.Ours(frozenset(), frozenset())
    )
    with pytest.raises(server.SourceRefused, match="this application's own"):
        list(source.documents())


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--from", "/nowhere"], "is not there"),
        (["--from", "mongodb://"], "cannot be used"),
        (["--from", __file__], "neither JSON nor BSON"),
        (["--from", str(DUMP), "--organization", "cove_valuers"], "OLD=NEW"),
        (["--from", str(DUMP), "--report", "faults.pdf"], ".json, .txt, .csv"),
        (["--from", str(DUMP), "--completions", __file__], "is not JSON"),
    ],
)
def test_what_is_asked_for_wrongly_is_refused_with_the_way_out(
    database: None, arguments: list[str], problem: str
) -> None:
    with pytest.raises(CommandError, match=problem):
        run(*arguments)


def test_refused_documents_end_it_badly_unless_they_are_allowed(from_files: list[str]) -> None:
    with pytest.raises(CommandError, match="10 documents were not taken over"):
        run(*from_files, "--dry-run")
    assert run(*from_files, "--dry-run", "--allow-refused")["dry_run"] is True


@pytest.mark.parametrize("ending", ["json", "txt", "csv"])
def test_the_report_names_every_fault_and_keeps_what_was_refused(
    from_files: list[str], tmp_path: Path, ending: str
) -> None:
    path = tmp_path / f"faults.{ending}"
    done = run(*from_files, "--dry-run", "--allow-refused", "--report", str(path))
    text = path.read_text(encoding="utf-8")
    if ending == "json":
        assert len(json.loads(text)["faults"]) == sum(done["faults"].values())
    assert "report_data.data.remarks" in text
    refused = [json.loads(line) for line in Path(f"{path}.refused.jsonl").read_text().splitlines()]
    assert len(refused) == 10
    assert {"rpt_2", "rpt_3"} <= {one["document"].get("report_id") for one in refused}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_suggestions_come_back_as_completions(from_files: list[str], tmp_path: Path) -> None:
    path = tmp_path / "suggestions.json"
    run(*from_files, "--allow-refused", "--suggestions", str(path))
    run(*from_files, "--allow-refused", "--completions", str(path))
    newest = Format.objects.order_by("-version").first()
    assert newest is not None
    completions = (newest.legacy or {})["completions"]
    assert completions["worth.details.building_total"] == "sum(worth.details.floors.net_value)"


# A report on an imported format -------------------------------------------------------------------------

ANSWERS: dict[str, dict[str, Any]] = {
    "common.details": {
        "valuation_date": DAY, "inspection_date": DAY, "applicant_name": "Applicant Six",
        "purpose": "home_loan", "branch": "HTB_001", "report_date": DAY,
    },
    "site.where": {"postal_address": "6 Sample Street", "use": "homes", "plot": {"survey_no": "7/1"}},
    "site.limits": {
        "boundaries": {side: {"by_deed": "Road"} for side in ("north", "south", "east", "west")},
    },
    "worth.details": {
        "land": {"extent": {"value": "300", "unit": "sq_yd"}, "rate": "2000"},
        "floors": [{"floor": "Ground", "net_value": "900000"}],
        "grand_total": "1500000",
    },
}  # fmt: skip


def test_a_report_on_an_imported_format_is_written_worked_out_and_issued(
    from_files: list[str], firm: Organization, valuer: User, manager: User
) -> None:
    run(*from_files, "--allow-refused")
    now = timezone.now()
    chosen = Format.objects.get(bank_code="HTB")
    with organization_active(firm.placement):
        report = actions.begin_report(
            organization=firm, by=valuer, now=now, format_id=chosen.pk, branch_code="HTB_001"
        )
        for at, (path, values) in enumerate(ANSWERS.items(), start=1):
            tab_id, section_id = path.split(".")
            actions.save_section(
                report_id=report.pk, tab_id=tab_id, section_id=section_id, values=values, base_version=0,
                by=valuer, now=now + timedelta(seconds=at),
            )  # fmt: skip
        report.refresh_from_db()
        assert report.computed["worth.details.land.land_value"] == "600000"
        actions.submit_report(report_id=report.pk, by=valuer, now=now)
        actions.approve_report(report_id=report.pk, by=manager, now=now)
        issued = actions.issue_report(report_id=report.pk, organization=firm, by=manager, now=now)
        document = StoredFile.objects.get(pk=issued.document_id)
    assert (issued.status, document.sha256) == ("issued", issued.document_sha256)
    assert (issued.document_pages or 0) >= 2


def test_an_imported_report_that_was_finished_can_be_issued(
    from_files: list[str], firm: Organization, manager: User
) -> None:
    run(*from_files, "--allow-refused")
    with organization_active(firm.placement):
        report = Report.objects.get(reference="CV/0007/05032025")
        issued = actions.issue_report(report_id=report.pk, organization=firm, by=manager, now=timezone.now())
    assert (issued.status, bool(issued.document_sha256)) == ("issued", True)
