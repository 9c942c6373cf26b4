"""Which of our organizations the old ones are, and making those that are missing where that is asked for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db import DatabaseError
from pymongo.errors import PyMongoError

from banks.legacy.faults import Fault, Severity
from reports.legacy.bringing import Import
from reports.legacy.converting import kept_of
from reports.legacy.notebook import Outcome, Row
from reports.legacy.originals import id_text
from reports.legacy.recognising import ORGANIZATION_KEYS, Kind
from tenants.audit import record_audit
from tenants.auditing.plain import plain
from tenants.errors import TenancyError
from tenants.models import AuditEntry, Organization
from tenants.naming import is_org_id
from tenants.operations.provision import NewOrganization, create_organization

KEPT = "legacy.organization"
_NAMES = ("name", "organization_name", "organizationName", "org_name", "company_name", "display_name")
_WAIT_SECONDS = 60.0


def bring_organizations(run: Import) -> None:
    """Say for every old organization which one of ours it is. What belongs to none of ours is refused."""
    records = {row.seq: row for row in run.book.rows(Kind.ORGANIZATION)}
    known: dict[str, Row] = {}
    for row in records.values():
        for name in _old_names(row.document):
            known.setdefault(name, row)
    for old in [*run.book.organizations(), ""]:
        record = known.get(old)
        _settle(run, old, record, _old_names(record.document) if record else set())
    for row in records.values():
        _keep(run, row)


def _old_names(document: Mapping[str, Any]) -> set[str]:
    found = {id_text(document[key]) for key in ("_id", "id", *ORGANIZATION_KEYS) if document.get(key)}
    return {name for name in found if name}


def _settle(run: Import, old: str, record: Row | None, others: set[str]) -> None:
    wanted = next(
        (
            run.options.organizations[name]
            for name in (old, *sorted(others))
            if name in run.options.organizations
        ),
        "",
    )
    if not wanted:
        # By its own id where that may be an org_id; of an ObjectId and a name, the name.
        wanted = next((name for name in (old, *sorted(others)) if is_org_id(name)), "")
    if not old and not wanted:
        return
    found = Organization.objects.filter(org_id=wanted).first() if wanted else None
    if found is not None and found.is_active:
        run.places[old] = found
        return
    if found is not None:
        _turn_away(run, old, f"The organization {wanted} is {found.get_status_display().lower()}.")
    elif not wanted:
        _turn_away(
            run,
            old,
            f"“{old[:60]}” cannot be an organization id here; name one with --organization {old}=ORG_ID.",
        )
    elif run.options.create_organizations:
        _create(run, old, wanted, record)
    else:
        _turn_away(
            run,
            old,
            f"There is no organization {wanted}; make it with create_org, name another with --organization "
            f"{old}=ORG_ID, or run with --create-organizations.",
        )


def _create(run: Import, old: str, wanted: str, record: Row | None) -> None:
    document = record.document if record else {}
    said = next(
        (document[key] for key in _NAMES if isinstance(document.get(key), str) and document[key].strip()), ""
    )
    name = " ".join(plain(said).split())[:120]
    if not name:
        name = wanted
        _tell(run, old, f"Nothing says what the organization {wanted} is called.", "It is called by its id.")
    initials = _initials(name)
    _tell(
        run,
        old,
        f"Nothing says the initials of {name}.",
        f"Its references begin with {initials}; change it in the admin.",
    )
    if run.dry_run:
        run.places[old] = None
        return
    same = next((one for one in run.places.values() if one is not None and one.org_id == wanted), None)
    try:
        run.places[old] = same or create_organization(
            NewOrganization(wanted, name, initials), by=None, wait_seconds=_WAIT_SECONDS
        )
    except ValidationError as error:
        _turn_away(run, old, f"It cannot be made: {' '.join(error.messages)}")
    except (TenancyError, DatabaseError, PyMongoError) as error:
        _turn_away(run, old, f"It cannot be made: {error}")
    else:
        run.say(f"Made the organization {wanted}.")


def _initials(name: str) -> str:
    letters = "".join(word[0] for word in re.findall(r"[A-Za-z0-9]+", name))[:6].upper()
    return letters or "X"


def _turn_away(run: Import, old: str, problem: str) -> None:
    count = run.book.refuse_organization(old)
    if count:
        run.book.tell(
            Fault(
                "organizations",
                old or "none named",
                "",
                problem,
                f"Its {count} documents are not brought over.",
                Severity.REFUSED,
            )
        )


def _tell(run: Import, old: str, problem: str, done: str) -> None:
    run.book.tell(Fault("organizations", old or "none named", "", problem, done, Severity.CHANGED))


def _keep(run: Import, row: Row) -> None:
    """The old record of an organization, kept in the audit log: ours has no field for most of it."""
    target = next((run.places[name] for name in sorted(_old_names(row.document)) if name in run.places), None)
    if target is None:
        if run.dry_run and any(name in run.places for name in _old_names(row.document)):
            run.book.decide(row.seq, Outcome.ADDED)
        else:
            run.book.decide(row.seq, Outcome.REFUSED)
        return
    for entry in AuditEntry.objects.filter(action=KEPT, org_id=target.org_id):
        legacy = entry.details.get("legacy") or {}
        if legacy.get("hash") == row.hash:
            run.book.decide(row.seq, Outcome.UNCHANGED, str(entry.pk))
            return
    made = ""
    if not run.dry_run:
        entry = record_audit(
            KEPT, by=None, organization=target, target=row.shown_id, details={"legacy": kept_of(row)}
        )
        made = str(entry.pk)
    run.book.decide(row.seq, Outcome.ADDED, made)
