"""Bringing the dump over: everything where it belongs, once, whatever happens in between."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from bson import ObjectId
from django.core.files.storage import default_storage
from django.db.models import QuerySet

from banks.legacy.faults import Fault, Severity
from banks.models import Bank, CommonFields, Format
from reports.legacy import files, logs, people, reportstore, shared
from reports.legacy.bringing import Import
from reports.legacy.notebook import Outcome
from reports.legacy.originals import as_read, canonical, from_text
from reports.legacy.recognising import Kind
from reports.legacy.sources import FileSource, Read
from reports.legacy.tests.conftest import Bring
from reports.legacy.tests.fixtures import DUMP
from reports.legacy.tests.test_hostile import Given
from reports.legacy.verifying import Verification
from reports.models import Report
from tenants.context import no_organization, organization_active, shared_resources_writable
from tenants.models import ActivityEntry, AuditEntry, Counter, Organization, StoredFile, User
from tenants.mongodb.clients import clients
from tenants.mongodb.monitoring import Command

Commands = Callable[[], AbstractContextManager[list[Command]]]
FIRST, FLAT, TYPED = (ObjectId(f"65a0000000000000000000{number}") for number in ("40", "41", "45"))
READING = {"find", "aggregate", "count", "distinct", "getMore", "hello", "listCollections", "listDatabases"}


def outcomes(run: Import, kind: Kind) -> dict[str, str]:
    return {row.shown_id: row.outcome for row in run.book.rows(kind, outcome=None)}


def everything(firm: Organization) -> dict[str, Any]:
    """What an import leaves, without the moments at which it was done."""
    with organization_active(firm.placement):
        reports = {
            str(one.pk): (one.reference, one.answers, one.version, one.legacy) for one in Report.objects.all()
        }
        entries = sorted(
            (str(one.pk), one.number is not None) for one in ActivityEntry.objects.filter(action=logs.ENTRY)
        )
        stored = {
            one.name: default_storage.open(one.stored_as).read()
            for one in StoredFile.objects.exclude(stored_as="")
        }
        counters = dict(Counter.objects.exclude(name="reports_revision").values_list("name", "value"))
    return {
        "banks": [(str(one.pk), one.code, len(one.branches)) for one in Bank.objects.all()],
        "formats": [(str(one.pk), one.key, one.status, one.checksum) for one in Format.objects.all()],
        "common": [str(one.pk) for one in CommonFields.objects.all()],
        "people": sorted((str(one.pk), one.email, one.role, one.is_active) for one in User.objects.all()),
        "audit": AuditEntry.objects.filter(action=logs.CONTROL_ENTRY).count(),
        "reports": reports,
        "entries": entries,
        "files": stored,
        "counters": counters,
    }


@dataclass(frozen=True, slots=True)
class Brought:
    """What one undisturbed import of the dump left, and what it told."""

    verification: Verification
    read: int
    faults: list[Fault]
    reports: dict[ObjectId, Report]
    people: dict[str, User]
    entries: list[ActivityEntry]
    audit: list[AuditEntry]
    files: dict[str, tuple[StoredFile, bytes | None]]
    counters: dict[str, int]
    everything: dict[str, Any]


_kept: list[Brought] = []


@pytest.fixture
def brought(request: pytest.FixtureRequest) -> Brought:
    """Asked for by many tests that change nothing: imported for the first of them, and then known."""
    if not _kept:
        bring, firm = request.getfixturevalue("bring"), request.getfixturevalue("firm")
        run, verification = bring()
        _kept.append(look(run, verification, firm))
        for model in (Bank, CommonFields, Format):
            with shared_resources_writable():
                # Published formats too, which their own manager would keep.
                QuerySet.delete(model.objects.all())
        empty(firm)
    return _kept[0]


def look(run: Import, verification: Verification, firm: Organization) -> Brought:
    with organization_active(firm.placement):
        stored = {
            one.name: (one, default_storage.open(one.stored_as).read() if one.stored_as else None)
            for one in StoredFile.objects.all()
        }
        return Brought(
            verification=verification,
            read=run.book.count(),
            faults=list(run.book.faults()),
            reports={one.pk: one for one in Report.objects.all()},
            people={one.email: one for one in User.objects.all()},
            entries=list(ActivityEntry.objects.filter(action=logs.ENTRY)),
            audit=list(AuditEntry.objects.all()),
            files=stored,
            counters=dict(Counter.objects.values_list("name", "value")),
            everything=everything(firm),
        )


def empty(firm: Organization) -> None:
    """As before the import, for the test that asks for both."""
    client = clients.for_operations("MONGODB_URI")
    for database, names in ((firm.org_id, None), ("valuation_admin", ("users", "audit_logs"))):
        for name in names or client[database].list_collection_names(filter={"type": "collection"}):
            client[database][name].delete_many({})


def test_every_document_can_be_rebuilt_word_by_word(brought: Brought) -> None:
    assert brought.verification.sound
    compared = {line.collection for line in brought.verification.lines if line.hash_of_source}
    assert compared == {
        "banks", "common_form_fields", "htb_land_property_details", "users", "organizations", "reports",
        "activity_logs", "files_metadata",
    }  # fmt: skip


def test_a_report_gives_its_whole_old_document_back(brought: Brought) -> None:
    old = from_text((DUMP / "valuation_reports" / "reports.json").read_text(encoding="utf-8").splitlines()[0])
    assert canonical(as_read(brought.reports[FIRST].legacy)) == canonical(old)


def test_every_document_that_was_read_went_somewhere(brought: Brought) -> None:
    assert [line for line in brought.verification.lines if not line.accounted] == []
    assert sum(line.read for line in brought.verification.lines) == brought.read


def test_a_report_keeps_its_id_its_people_and_its_time(brought: Brought) -> None:
    report, vera = brought.reports[FIRST], brought.people["vera.valuer@example.com"]
    assert (report.reference, report.status, report.branch_name) == (
        "CV/0007/05032025",
        "approved",
        "Lighthouse",
    )
    assert (report.created_by, report.submitted_by_name) == (str(vera.pk), "Vera Valuer")
    assert report.created_at.isoformat() == "2025-03-01T10:00:00+00:00"
    legacy = report.legacy or {}
    assert (legacy["report_id"], legacy["status"]) == ("rpt_0", "completed")


def test_a_report_is_worked_out_by_its_imported_format(brought: Brought) -> None:
    report = brought.reports[FIRST]
    assert (report.scheme, report.format_title) == ("imported", "Harbour land valuation")
    assert report.computed["worth.details.land.land_value"] == "3000000"
    assert (report.applicant_name, report.fair_market_value) == ("Applicant Four", Decimal(4250000))


def test_what_found_no_place_stands_with_the_report(brought: Brought) -> None:
    report = brought.reports[FLAT]
    kept = {path.rpartition(".")[2]: one["answer"] for path, one in (report.set_aside or {}).items()}
    assert kept == {
        "remarks": "Which of them?", "rate": "about 40", "extent": "900", "use": "barns", "a": 1,
        "seen_on": "31-02-2025",
    }  # fmt: skip
    assert report.status == "in_review"


@pytest.mark.parametrize(
    ("old", "problem"),
    [
        ("65a000000000000000000042", "Another report has the reference number “CV/0007/05032025”."),
        ("65a000000000000000000043", "It names template “NEVER_HEARD_OF”"),
        ("65a000000000000000000025", "Enter a valid email address."),
        ("65a000000000000000000023", "The person belongs to no organization."),
        ("Reef & Co", "cannot be an organization id here"),
        ("no-time", "It does not say when it was done."),
        ("all of it", "2 documents of valuation_app_prod.page_visits"),
    ],
)
def test_what_cannot_be_taken_over_is_refused_with_a_reason(brought: Brought, old: str, problem: str) -> None:
    found = [one for one in brought.faults if one.document == old and one.severity is Severity.REFUSED]
    assert any(problem in one.problem for one in found)


@pytest.mark.parametrize(
    ("field", "problem"),
    [
        ("report_data.data.worth.land.land_value", "Ours computes another figure"),
        ("status", "“whatever” is no state"),
        ("colour", "Ours has no field for this."),
        ("created_by", "“somebody@example.com” is nobody in this firm."),
    ],
)
def test_what_was_taken_over_otherwise_is_told(brought: Brought, field: str, problem: str) -> None:
    found = [one for one in brought.faults if one.document == str(TYPED) and one.field == field]
    assert any(problem in one.problem for one in found)


def test_a_collection_nobody_knows_is_counted(brought: Brought) -> None:
    assert [line.unknown for line in brought.verification.lines if line.collection == "page_visits"] == [2]


def test_people_come_without_a_password_and_with_a_plain_role(brought: Brought) -> None:
    maya, otto = brought.people["maya.manager@example.com"], brought.people["otto.odd@example.com"]
    assert (maya.role, maya.is_active, maya.has_usable_password()) == ("manager", True, False)
    assert (otto.role, otto.is_active) == ("viewer", False)
    assert "made-up" not in json.dumps(as_read(maya.legacy), default=str)


def test_records_stand_chained_in_the_order_of_their_time(brought: Brought) -> None:
    entries = sorted(brought.entries, key=lambda one: one.number or 0)
    assert [(one.target, one.report_id) for one in entries] == [
        ("report_created", str(FIRST)),
        ("report_updated", str(FIRST)),
    ]
    assert all(one.number and one.hash for one in entries)


def test_records_of_no_firm_stand_in_the_audit_log(brought: Brought) -> None:
    (entry,) = [one for one in brought.audit if one.action == logs.CONTROL_ENTRY]
    assert (entry.actor, entry.target, bool(entry.hash)) == ("root@example.com", "system_started", True)


def test_one_run_is_one_entry_of_the_audit_log(brought: Brought) -> None:
    (entry,) = [one for one in brought.audit if one.action == "legacy.imported"]
    assert entry.details["sound"] is True


def test_a_file_comes_with_its_bytes_and_its_report(brought: Brought) -> None:
    deed, content = brought.files["deed.pdf"]
    assert content == b"%PDF-1.4 a made-up deed"
    answer = brought.reports[FIRST].answers["site"]["where"]["deed"]
    assert (deed.report_id, answer) == (str(FIRST), str(deed.pk))


def test_a_file_without_bytes_is_a_record_alone(brought: Brought) -> None:
    lost, content = brought.files["lost_script_.html"]
    assert (lost.stored_as, lost.content_type, content) == ("", "text/html", None)


def test_the_next_number_follows_the_highest_that_was_imported(brought: Brought) -> None:
    assert brought.counters["report"] == 10


def test_whoever_has_an_account_keeps_it(bring: Bring, firm: Organization) -> None:
    mine = User(email="vera.valuer@example.com", name="Another Vera", organization=firm, role="viewer")
    mine.set_unusable_password()
    mine.save()
    run, _ = bring()
    assert outcomes(run, Kind.PERSON)["65a000000000000000000021"] == Outcome.LEFT
    assert User.objects.get(email=mine.email).name == "Another Vera"


def test_a_second_run_changes_nothing(bring: Bring, firm: Organization) -> None:
    bring()
    before = everything(firm)
    _, verification = bring()
    assert sum(line.added + line.updated for line in verification.lines) == 0
    assert everything(firm) == before


def test_a_dry_run_writes_nothing_and_says_what_would_be(
    bring: Bring, firm: Organization, commands: Commands
) -> None:
    with commands() as sent:
        _, planned = bring(dry_run=True)
    assert {one.name for one in sent} <= READING
    _, done = bring()
    numbers = [(line.collection, line.added, line.refused, line.left) for line in planned.lines]
    assert numbers == [(line.collection, line.added, line.refused, line.left) for line in done.lines]


def test_a_dry_run_for_an_organization_to_be_made_needs_none(bring: Bring, commands: Commands) -> None:
    with commands() as sent:
        run, _ = bring(dry_run=True, organizations={}, create_organizations=True)
    assert {one.name for one in sent} <= READING
    assert outcomes(run, Kind.REPORT)[str(FLAT)] == Outcome.ADDED
    assert outcomes(run, Kind.PERSON)["65a000000000000000000020"] == Outcome.ADDED


def test_organizations_are_made_where_that_is_asked_for(bring: Bring) -> None:
    bring(organizations={"Reef & Co": "reef_and_co"}, create_organizations=True)
    made = Organization.objects.get(org_id="reef_and_co")
    assert (made.name, made.initials, made.is_active) == ("Reef and Company", "RAC", True)
    with organization_active(made.placement):
        assert Report.objects.get().reference == "RC/0001/08032025"


class Killed(BaseException):
    """The process is gone."""


PLACES: list[tuple[Any, str]] = [
    (shared, "bring_common_fields"),
    (shared, "bring_formats"),
    (people, "_store"),
    (reportstore, "_store_together"),
    (reportstore, "raise_counters"),
    (files, "_keep"),
    (logs, "_store"),
    (logs, "chain_pending"),
    (logs, "bring_audit"),
]


def killed_at(bring: Bring, broken: pytest.MonkeyPatch, module: Any, name: str, *, after: bool) -> None:
    whole = getattr(module, name)

    def die(*args: Any, **kwargs: Any) -> None:
        if after:
            whole(*args, **kwargs)
        raise Killed

    with broken.context() as until_then:
        until_then.setattr(module, name, die)
        with pytest.raises(Killed):
            bring()


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_killed_at_one_place_after_another_it_ends_as_if_undisturbed(
    brought: Brought, bring: Bring, firm: Organization, monkeypatch: pytest.MonkeyPatch, after: bool
) -> None:
    for module, name in PLACES:
        killed_at(bring, monkeypatch, module, name, after=after)
    _, verification = bring()
    assert verification.sound
    assert everything(firm) == brought.everything


@pytest.fixture
def changed(tmp_path: Path) -> Path:
    """The dump with another address in the first report."""
    text = (DUMP / "valuation_reports" / "reports.json").read_text(encoding="utf-8")
    (tmp_path / "valuation_reports").mkdir()
    (tmp_path / "valuation_reports" / "reports.json").write_text(
        text.replace("4 Sample Street", "44 Sample Street")
    )
    return tmp_path


def address(firm: Organization) -> str:
    with organization_active(firm.placement):
        found: str = Report.objects.get(pk=FIRST).answers["site"]["where"]["postal_address"]
    return found


@pytest.mark.parametrize(
    ("update", "touched", "outcome", "begins"),
    [
        (False, False, Outcome.LEFT, "4 Sample"),
        (True, False, Outcome.UPDATED, "44 Sample"),
        (True, True, Outcome.LEFT, "4 Sample"),
    ],
)
def test_what_changed_in_the_source_is_taken_over_only_where_nobody_changed_ours(
    bring: Bring,
    firm: Organization,
    changed: Path,
    update: bool,
    touched: bool,
    outcome: Outcome,
    begins: str,
) -> None:
    bring()
    if touched:
        with organization_active(firm.placement):
            Report.objects.filter(pk=FIRST).update(version=2)
    run, verification = bring(source=FileSource(changed), update=update)
    assert outcomes(run, Kind.REPORT)[str(FIRST)] == outcome
    assert verification.sound
    assert address(firm).startswith(begins)


def test_a_format_that_is_in_the_database_serves_reports_that_come_later(
    bring: Bring, firm: Organization, tmp_path: Path
) -> None:
    bring(source=FileSource(DUMP / "valuation_admin"))
    run, _ = bring(source=FileSource(DUMP / "valuation_reports"))
    assert outcomes(run, Kind.REPORT)[str(FLAT)] == Outcome.ADDED


def test_what_came_before_is_known_to_what_comes_later(
    bring: Bring, firm: Organization, tmp_path: Path
) -> None:
    whole = DUMP / "valuation_reports"
    (tmp_path / "reports.json").write_bytes((whole / "reports.json").read_bytes())
    bring(source=FileSource(DUMP / "valuation_admin"))
    bring(source=FileSource(whole / "files_metadata.json"))
    bring(source=FileSource(tmp_path))
    bring(source=FileSource(whole / "activity_logs.json"))
    with organization_active(firm.placement):
        assert Report.objects.get(pk=FIRST).answers["site"]["where"]["deed"]
        assert {one.report_id for one in ActivityEntry.objects.filter(action=logs.ENTRY)} == {str(FIRST)}


def test_completions_make_the_next_version_and_stay(bring: Bring) -> None:
    run, _ = bring()
    formula = run.suggestions["HTB_LAND_V1"]["worth.details.grand_total"]["formula"]
    bring(completions={"HTB_LAND_V1": {"worth.details.grand_total": formula}})
    bring()
    versions = list(Format.objects.order_by("version").values_list("version", "status"))
    assert versions == [(1, "published"), (2, "published")]


def test_a_bank_of_ours_keeps_its_values_and_gets_the_branches_it_lacks(bring: Bring) -> None:
    with no_organization(), shared_resources_writable():
        Bank(code="HTB", name="Ours", bank_type="private", branches=[]).save(force_insert=True)
    _, verification = bring()
    bank = Bank.objects.get(code="HTB")
    assert (bank.name, [branch.name for branch in bank.branches]) == ("Ours", ["Lighthouse", "Market Square"])
    assert verification.sound
    run, _ = bring()
    assert outcomes(run, Kind.BANK)["65a000000000000000000001"] == Outcome.UNCHANGED


def test_a_copy_that_was_spoilt_is_found(bring: Bring, firm: Organization) -> None:
    bring()
    with organization_active(firm.placement):
        report = Report.objects.get(pk=TYPED)
        other = Report.objects.get(pk=FLAT).legacy or {}
        legacy = {**(report.legacy or {}), "document": other["document"]}
        Report.objects.filter(pk=TYPED).update(legacy=legacy)
    _, verification = bring()
    assert not verification.sound
    assert verification.differing == [f"reports {TYPED}"]


def test_a_second_person_with_the_same_address_is_refused_again(bring: Bring, tmp_path: Path) -> None:
    people_there = [
        {"_id": f"u{number}", "email": "one@example.com", "name": name, "organization_id": "cove_valuers"}
        for number, name in enumerate(("One", "Another"))
    ]
    (tmp_path / "users.json").write_text(json.dumps(people_there))
    found = [outcomes(bring(source=FileSource(tmp_path))[0], Kind.PERSON) for _ in range(2)]
    assert found == [{"u0": "added", "u1": "refused"}, {"u0": "unchanged", "u1": "refused"}]


def test_what_a_file_or_a_record_names_and_nobody_brings_is_told(bring: Bring, tmp_path: Path) -> None:
    def write(name: str, **document: Any) -> None:
        found = {"_id": name, "organization_id": "cove_valuers", "report_id": "rpt_404", **document}
        (tmp_path / f"{name}.json").write_text(json.dumps(found))

    write("files_metadata", filename="deed.pdf")
    write("activity_logs", action="viewed", timestamp="2025-03-01T10:00:00")
    run, _ = bring(source=FileSource(tmp_path))
    told = {(one.document, one.field): one.problem for one in run.book.faults() if one.field}
    assert told == {
        ("files_metadata", "report_id"): "The report rpt_404 is not among those that are brought over.",
        ("files_metadata", "uploaded_at"): "It does not say when it was added.",
        ("activity_logs", "report_id"): "The report rpt_404 is not among those that are brought over.",
    }


def test_a_file_that_says_no_time_stands_under_that_of_its_bytes(bring: Bring, firm: Organization) -> None:
    held = {"_id": "b1", "filename": "x", "length": 2, "chunkSize": 2}
    record = {"_id": "f1", "filename": "x.bin", "gridfs_id": "b1", "organization_id": "cove_valuers"}
    when = datetime(2025, 3, 1, tzinfo=UTC)
    bring(
        source=Given(
            [
                Read("db", "fs.files", {**held, "uploadDate": when}),
                Read("db", "fs.chunks", {"files_id": "b1", "n": 0, "data": b"12"}),
                Read("db", "files_metadata", record),
            ]
        )
    )
    with organization_active(firm.placement):
        assert StoredFile.objects.get(name="x.bin").added_at == when
