"""Issuing: the document is laid out once, its exact bytes are kept, the report is frozen."""

from __future__ import annotations

from datetime import datetime

from django.core.files.storage import default_storage

from reports.actions.changing import Changed, change_report
from reports.actions.review import check_step
from reports.document_data import document_name, gather_document
from reports.documents.render import RenderedDocument, render_pdf
from reports.models import Report
from reports.notifying import tell_of_step
from reports.workflow import TRANSITIONS, Step
from tenants.account.notices import Notice
from tenants.files import new_name, store_evidence
from tenants.models import FileKind, Organization, StoredFile, User


def issue_report(*, report_id: object, organization: Organization, by: User, now: datetime) -> Report:
    """Render the document, keep its bytes with their SHA-256, and flip ``approved`` to ``issued``.

    The bytes are stored before the status changes, and the change is conditional: of two people who issue at
    once one succeeds and the other's file is removed. Cut short anywhere, the report is still approved and
    issuing again clears away what was left. Raises NotAllowed, WrongStatus, RenderingFailed (nothing is
    stored), Report.DoesNotExist.
    """
    report: Report = Report.objects.get(pk=report_id)
    check_step(Step.ISSUE, report, by)
    data = gather_document(report, organization, draft=False, now=now)
    rendered = render_pdf(data.document, data.images)
    file = _keep(report, rendered, by, now)

    def decide(current: Report) -> Changed:
        check_step(Step.ISSUE, current, by)
        return Changed(
            "report_issued",
            {
                "status": TRANSITIONS[Step.ISSUE].target,
                "issued_by_name": by.acting_name,
                "issued_at": now,
                "document_id": str(file.pk),
                "document_sha256": rendered.sha256,
                "document_pages": rendered.pages,
            },
            target=current.reference,
            details={"sha256": rendered.sha256, "pages": rendered.pages, "size": len(rendered.pdf)},
        )

    try:
        issued = change_report(report_id, decide, by=by, now=now)
    except BaseException:
        # After a lost connection the change may have been made, and then these are the issued bytes. Where
        # that cannot be asked, the file stays and issuing again clears it away.
        if not Report.objects.filter(pk=report_id, document_id=str(file.pk)).exists():
            _remove(file)
        raise
    for leftover in StoredFile.objects.filter(report_id=str(report.pk), kind=FileKind.DOCUMENT):
        if leftover.pk != file.pk:
            _remove(leftover)
    tell_of_step(Notice.ISSUED, issued, by=by)
    return issued


def _keep(report: Report, rendered: RenderedDocument, by: User, now: datetime) -> StoredFile:
    """The entry first and the bytes after it, so that nothing is stored that no entry names."""
    file = StoredFile(
        kind=FileKind.DOCUMENT,
        report_id=str(report.pk),
        name=document_name(report),
        content_type="application/pdf",
        size=len(rendered.pdf),
        sha256=rendered.sha256,
        stored_as=new_name(".pdf"),
        added_by=str(by.pk),
        added_by_name=by.acting_name,
        added_at=now,
    )
    file.save(force_insert=True)
    try:
        store_evidence(file.stored_as, rendered.pdf)
    except BaseException:
        _remove(file)
        raise
    return file


def _remove(file: StoredFile) -> None:
    default_storage.delete(file.stored_as)
    StoredFile.objects.filter(pk=file.pk).delete()
