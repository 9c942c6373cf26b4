"""A small firm with something of everything, for the tests of exporting, offboarding and deletion."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.conf import LazySettings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils import timezone

from reports.models import Report
from tenants.context import organization_active
from tenants.models import (
    Backup,
    Cluster,
    Operation,
    Organization,
    Plan,
    StoredFile,
    Subscription,
    User,
    UserSettings,
)
from tenants.mongodb.clients import clients
from tenants.operations import offboarding
from tenants.operations.schema import head
from tenants.permissions import Role

PDF = b"%PDF-1.7 the issued document" + bytes(range(256)) * 2000
PHOTOGRAPH = b"\xff\xd8\xff a photograph" + b"p" * 300_000
ATTACHMENT = b"a deed"


def keep_file(report: Report, kind: str, name: str, content: bytes, by: User) -> StoredFile:
    """A file of the active firm, as its actions store one."""
    stored_as = hashlib.sha256(f"{report.pk}{kind}{name}".encode()).hexdigest()[:32]
    default_storage.save(stored_as, ContentFile(content))
    return StoredFile.objects.create(
        kind=kind,
        report_id=str(report.pk),
        name=name,
        content_type="application/octet-stream",
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        stored_as=stored_as,
        added_by=str(by.pk),
        added_by_name=by.name,
    )


def make_report(reference: str, by: User) -> Report:
    return Report.objects.create(
        reference=reference,
        bank_code="SBI",
        bank_name="State Bank of India",
        branch_code="001",
        branch_name="Main",
        scheme="housing",
        property_type="land_building",
        format_version=1,
        format_title="Land and building",
        answers={"land": {"area": {"value": "1,200"}}},
        fair_market_value=Decimal("12345678.90"),
        created_by=str(by.pk),
        created_by_name=by.name,
        updated_by_name=by.name,
    )


def fill(firm: Organization, by: User) -> Report:
    """Two reports (one issued), photographs of one name, an attachment, a signature block, a subscription."""
    with organization_active(firm.placement):
        report = make_report("AV/0001/23112026", by)
        make_report("AV/0002/23112026", by)
        document = keep_file(report, "document", "AV-0001-23112026.pdf", PDF, by)
        Report.objects.filter(pk=report.pk).update(status="issued", document_id=str(document.pk))
        keep_file(report, "photograph", "Front.jpg", PHOTOGRAPH, by)
        keep_file(report, "photograph", "front.JPG", PHOTOGRAPH + b"2", by)
        keep_file(report, "attachment", "../Sale deed: 1998.pdf", ATTACHMENT, by)
        UserSettings.objects.create(user_id=str(by.pk), valuer_block={"name": by.name})
    plan = Plan.objects.create(
        code="basic", name="Basic", seats=3, reports_a_month=30, storage_mb=1, price_a_month=Decimal(1)
    )
    Subscription.objects.create(organization=firm, plan=plan, status="active", starts_on=timezone.localdate())
    return report


def make_leaving_firm() -> Organization:
    """A firm of its own, whose database may be dropped: the other tests' firms stand for the whole run.

    Its collections come with its documents, which is quicker than provisioning it.
    """
    firm = _record(status="active")
    person = User(
        email="meera@gone-valuers.example", name="Meera Manager", organization=firm, role=Role.MANAGER
    )
    person.set_unusable_password()
    person.save()
    fill(firm, person)
    return firm


def make_offboarded_firm(directory: Path) -> Organization:
    """What an offboarding leaves when its grace is over, as small as can be."""
    firm = _record(status="offboarding", delete_after=timezone.now())
    clients.for_address(firm.address_setting)[firm.org_id].reports.insert_many(
        [{"reference": n} for n in "12"]
    )
    User.objects.create(
        email="meera@gone-valuers.example", name="Meera Manager", organization=firm, role=Role.MANAGER
    )
    for path in (f"backups/{firm.org_id}/one/manifest.json", f"exports/{firm.org_id}/one.zip"):
        (directory / path).parent.mkdir(parents=True)
        (directory / path).write_text("{}")
    Backup.objects.create(org_id=firm.org_id, name="one", store="local", status="good", stored_bytes=2)
    Operation.objects.create(
        kind="offboard",
        org_id=firm.org_id,
        status="done",
        state={"was": "active", "export": {"path": "one.zip", "sha256": "a1", "manifest_sha256": "b2"}},
        requested_by="system",
        finished_at=timezone.now(),
    )
    return firm


def _record(**fields: Any) -> Organization:
    return Organization.objects.create(
        org_id="gone_valuers",
        name="Gone Valuers",
        initials="GV",
        cluster=Cluster.objects.get(name="primary"),
        letterhead={"name": "Gone Valuers"},
        migrations=list(head()),
        **fields,
    )


@contextmanager
def own_directories(settings: LazySettings, directory: Path) -> Iterator[None]:
    """Backups and exports go to a directory of the test's, and nobody is waited for."""
    settings.EXPORTS_DIRECTORY = str(directory / "exports")
    settings.BACKUP_STORES = {"local": f"file://{directory / 'backups'}"}
    settings.BACKUP_STORE = "local"
    settings.WRITES_KNOWN_SECONDS = 0.0
    kept, offboarding.SETTLE_SECONDS = offboarding.SETTLE_SECONDS, 0.0
    try:
        yield
    finally:
        offboarding.SETTLE_SECONDS = kept
