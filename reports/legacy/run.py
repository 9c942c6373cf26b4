"""The order of an import: everything is read once; shared resources, each organization, the comparison."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import nullcontext

from django.db import DatabaseError
from django.utils import timezone
from pymongo.errors import PyMongoError

from banks.legacy.faults import Fault, Severity
from reports.legacy import files, logs, organizations, people, reportstore, shared
from reports.legacy.bringing import Import, Options, earlier, id_of
from reports.legacy.converting import KnownBank, World
from reports.legacy.known import Formats
from reports.legacy.notebook import Notebook, Outcome
from reports.legacy.recognising import Kind
from reports.legacy.sources import Source
from reports.legacy.verifying import Verification, count, verify
from tenants.audit import record_audit
from tenants.context import organization_active
from tenants.errors import TenancyError
from tenants.models import Organization, StoredFile
from tenants.plans.storage import MEGABYTE, used_bytes

_TOLD_EVERY = 5_000


def import_all(
    sources: Iterable[Source],
    book: Notebook,
    options: Options,
    *,
    say: Callable[[str], None] = lambda _: None,
) -> tuple[Import, Verification]:
    """Read the sources and bring everything over; safe to be called again after any failure.

    Raises SourceRefused, OSError before anything is written; what the databases fail with at any time.
    """
    run = Import(book, options, say)
    read = 0
    for source in sources:
        for one in source.documents():
            book.take(one)
            read += 1
            if read % _TOLD_EVERY == 0:
                say(f"{read:,} documents are read.")
    say(f"{read:,} documents were read.")
    formats, banks = _shared(run)
    organizations.bring_organizations(run)
    people.bring_people(run)
    for old in sorted(run.places):
        _organization(run, old, formats, banks)
    logs.bring_audit(run)
    _refuse_the_rest(run)
    verification = count(run) if options.dry_run else verify(run)
    _record(run, verification)
    return run, verification


def _shared(run: Import) -> tuple[Formats, dict[str, KnownBank]]:
    with shared.writing(run):
        shared.bring_banks(run)
        common = shared.bring_common_fields(run)
        formats = shared.bring_formats(run, common)
    return formats, shared.known_banks(run)


def _organization(run: Import, old: str, formats: Formats, banks: dict[str, KnownBank]) -> None:
    """Everything of one organization; what its database fails with stops no other."""
    organization = run.places[old]
    try:
        with organization_active(organization.placement) if organization is not None else nullcontext():
            known = people.people_of(run, old)
            world = World(timezone.get_default_timezone(), known, _file_ids(run, old))
            counts = {"reports": reportstore.bring_reports(run, old, organization, formats, banks, world)}
            counts["files"] = files.bring_files(run, old, organization, known, logs.old_reports(run, old))
            counts["entries"] = logs.bring_activity(run, old, organization, known)
            if organization is not None and any(counts.values()):
                logs.record_run(organization, counts)
                _tell_of_storage(run, organization)
    except (TenancyError, DatabaseError, PyMongoError) as error:
        name = organization.org_id if organization is not None else old
        left = run.book.refuse_organization(old)
        run.book.tell(
            Fault(
                "organizations", name, "", f"Its database failed: {error}",
                f"{left} documents are not brought over; run the import again to go on.", Severity.REFUSED,
            )
        )  # fmt: skip
    else:
        if organization is not None and any(counts.values()):
            run.say(
                f"{organization.org_id}: "
                + ", ".join(f"{number:,} {what}" for what, number in counts.items())
            )


def _file_ids(run: Import, old: str) -> dict[str, str]:
    """Ours of the firm's files by their old ids: of earlier runs, and of this one."""
    found = earlier(StoredFile) if run.places[old] is not None else {}
    for kind in (Kind.FILE, Kind.STORE_FILE):
        for row in run.book.rows(kind, old, outcome=None):
            names = (row.shown_id, str(row.document.get("file_id", "")))
            found.update((name, str(id_of(row))) for name in names if name)
    return found


def _tell_of_storage(run: Import, organization: Organization) -> None:
    limit = (organization.limits or {}).get("storage_mb")
    if limit is not None and used_bytes() > int(limit) * MEGABYTE:
        run.say(
            f"{organization.org_id} now uses more than the {int(limit):,} MB that its plan grants: what was "
            "imported stays, and nothing can be added before the plan is changed."
        )


def _refuse_the_rest(run: Import) -> None:
    """What belongs to no organization and is no record of what was done."""
    run.book.settle_orphans()
    for kind in (Kind.REPORT, Kind.FILE, Kind.PERSON):
        for row in run.book.rows(kind, ""):
            run.book.refuse(
                row, "organization_id", "It names no organization.",
                "It is not brought over. Say whose it is in the source, or with --organization =ORG_ID.",
            )  # fmt: skip
    for row in run.book.rows(Kind.STORE_FILE):
        run.book.refuse(row, "", "No record of a firm names this file.", "Its bytes are not brought over.")
    for database, collection, _, outcome, number in run.book.collections():
        if outcome == Outcome.UNKNOWN.value:
            name = ".".join(filter(None, (database, collection)))
            run.book.tell(
                Fault(
                    collection, "all of it", "", f"{number} documents of {name} are of no known kind.",
                    "They stand in the report of this run, and nowhere else.", Severity.REFUSED,
                )
            )  # fmt: skip


def _record(run: Import, verification: Verification) -> None:
    """One entry of the audit log, where anything was written."""
    written = sum(line.added + line.updated for line in verification.lines)
    if run.dry_run or not written:
        return
    record_audit(
        "legacy.imported",
        by=None,
        target=f"{written} documents",
        details={
            "sound": verification.sound,
            "collections": [
                {
                    name: getattr(line, name)
                    for name in (
                        "database",
                        "collection",
                        "kind",
                        "read",
                        "added",
                        "updated",
                        "unchanged",
                        "refused",
                    )
                }
                for line in verification.lines
            ],
        },
    )
