"""Gathering what a report's document is made of: answers, figures, firm, bank, signatory, photographs."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bson import ObjectId
from django.core.files.storage import default_storage
from django.utils import timezone

from banks.formats.definition import FieldType, FormatDefinition
from banks.formats.paths import index_fields
from banks.merging import MergedBank
from banks.queries import bank_of_reports
from reports.calculation.engine import calculate
from reports.documents.content import build_document
from reports.documents.context import DocumentContext, Letterhead, Photograph, ValuerBlock
from reports.facts import find_date, first_text
from reports.formats import definition_of
from reports.models import Report
from reports.queries import photographs_of
from tenants.account.signature import signature_file
from tenants.models import Organization, StoredFile, UserSettings

_PLACE_IDS = ("place",)


@dataclass(frozen=True, slots=True)
class DocumentData:
    """A document ready for a renderer: its data, and the images that it names, by key."""

    document: dict[str, Any]
    images: Mapping[str, bytes]


def gather_document(
    report: Report, organization: Organization, *, draft: bool, now: datetime
) -> DocumentData:
    """The document of ``report`` as it stands. ``draft`` marks every page as not issued.

    Cost: at most 7 commands, and one for the bytes of each image. Raises FormatMissing.
    """
    definition = definition_of(report)
    bank = bank_of_reports(report.bank_code)
    files = photographs_of(report.pk)
    images: dict[str, bytes] = {}
    photographs = tuple(
        Photograph(image_key=_add_image(images, file), caption=file.caption) for file in files
    )
    branch = bank.branch_of_reports(report.branch_code) if bank is not None else None
    context = DocumentContext(
        firm=_letterhead(organization, bank, images),
        reference=report.reference,
        valuer=_valuer(report, bank, images, draft=draft),
        report_date=find_date(definition, report.answers, "report_date") or timezone.localdate(now),
        place=first_text(definition, report.answers, _PLACE_IDS),
        draft=draft,
        bank_name=report.bank_name,
        branch_name=report.branch_name,
        branch_address=branch.address if branch is not None else "",
        applicant_name=report.applicant_name,
        property_address=report.property_address,
        photographs=photographs,
        labels=_labels(definition, report, bank),
    )
    document = build_document(definition, report.answers, calculate(definition, report.answers), context)
    return DocumentData(document, images)


def _letterhead(organization: Organization, bank: MergedBank | None, images: dict[str, bytes]) -> Letterhead:
    """The firm's, line by line, with what it wants on this bank's reports instead; the logo stays."""
    stored = {**(organization.letterhead or {}), **((bank and bank.letterhead) or {})}
    logo = stored.get("logo")
    file = StoredFile.objects.filter(pk=logo).first() if _is_id(logo) else None
    address = stored.get("address") or ()
    lines = address.splitlines() if isinstance(address, str) else address
    return Letterhead(
        name=stored.get("name") or organization.name,
        tagline=stored.get("tagline", ""),
        address_lines=tuple(lines),
        phone=stored.get("phone", ""),
        email=stored.get("email", ""),
        website=stored.get("website", ""),
        registration=stored.get("registration", ""),
        logo=_add_image(images, file) if file is not None else None,
    )


def _valuer(report: Report, bank: MergedBank | None, images: dict[str, bytes], *, draft: bool) -> ValuerBlock:
    """Who signs: the person who submitted the report, before that the one who began it.

    The picture of the signature is that of the person who submitted, and in no draft: nothing that was not
    issued looks signed.
    """
    user_id = report.submitted_by or report.created_by
    name = report.submitted_by_name or report.created_by_name
    found = UserSettings.objects.filter(user_id=user_id).values("valuer_block", "signature").first()
    block = (found and found["valuer_block"]) or {}
    signature = None
    if found and not draft and report.submitted_by:
        signature = signature_file(found["signature"], report.submitted_by)
    memberships = block.get("memberships") or ()
    return ValuerBlock(
        name=block.get("name") or name,
        qualifications=block.get("qualifications", ""),
        registrations=tuple((label, number) for label, number in block.get("registrations") or ()),
        memberships=tuple(memberships.splitlines() if isinstance(memberships, str) else memberships),
        empanelment=_empanelment(block.get("empanelment", ""), report, bank),
        address=block.get("address", ""),
        phone=block.get("phone", ""),
        signature=_add_image(images, signature) if signature is not None else None,
    )


def _empanelment(own: str, report: Report, bank: MergedBank | None) -> str:
    """The firm's empanelment with the bank, and the person's own line unless it has that number."""
    stored = (bank and bank.empanelment) or {}
    number = stored.get("number", "")
    if not number:
        return own
    category = f", category {stored['category']}" if stored.get("category") else ""
    firm = f"Empanelled with {report.bank_name}: no. {number}{category}"
    return firm if not own or number in own else f"{own}; {firm}"


def _labels(
    definition: FormatDefinition, report: Report, bank: MergedBank | None
) -> dict[str, Mapping[str, str]]:
    """Names of what is stored by its code: the bank, its branches, attached files."""
    labels: dict[str, Mapping[str, str]] = {
        "banks": {report.bank_code: report.bank_name},
        "bank_branches": branch_labels(report, bank),
    }
    attached = [
        answer
        for path, field in index_fields(definition).items()
        if field.type is FieldType.FILE and _is_id(answer := _raw(report.answers, path))
    ]
    if attached:
        found = StoredFile.objects.filter(pk__in=attached, report_id=str(report.pk)).values("pk", "name")
        labels["files"] = {str(file["pk"]): file["name"] for file in found}
    return labels


def branch_labels(report: Report, bank: MergedBank | None) -> Mapping[str, str]:
    """Code → name of the bank's branches, the report's own as the report has it; looked up, never listed."""
    own = {report.branch_code: report.branch_name}
    return own if bank is None else ChainMap(own, bank.branch_names)  # type: ignore[arg-type]


def _add_image(images: dict[str, bytes], file: StoredFile) -> str:
    """Put the bytes of an image under its key, and return the key; of what is missing the renderer tells."""
    key = str(file.pk)
    with suppress(FileNotFoundError), default_storage.open(file.stored_as) as stored:
        images[key] = stored.read()
    return key


def _is_id(value: Any) -> bool:
    return isinstance(value, str) and ObjectId.is_valid(value)


def _raw(answers: Mapping[str, Any], path: str) -> Any:
    found: Any = answers
    for key in path.split("."):
        found = found.get(key) if isinstance(found, Mapping) else None
    return found


def document_name(report: Report) -> str:
    """A file name for the document, e.g. ``DO-0042-23112026.pdf``."""
    safe = "".join(c if c.isalnum() or c in "-_." else "-" for c in report.reference)
    return f"{safe}.pdf"
