"""What in reports is about people, and how a masked copy of a firm shows it.

The format of a report says what each answer is: a choice, a date or a figure stays, what somebody wrote does
not. What an answer in words says (a name, an address, a number) follows from its field's id and type.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from banks.formats.definition import Field, FieldType, FormatDefinition, FormatKey, TableKind
from banks.formats.problems import FormatProblem
from banks.models import Format
from reports.facts import facts_of, search_text
from reports.formats import FormatMissing, definition_by_key, definition_from
from tenants.operations.masking import Document, Masker, by_key, is_plain_figure, mask_everything, register
from tenants.operations.placeholders import placeholder_for

# Answers in words that are about the neighbourhood or the construction, and of no use to find anybody.
_HARMLESS = frozenset(
    "reference_number pin_code village ward_taluka mandal_district local_body_name place floor rooms "
    "document joinery rcc_works special_finish other_electrical closet_type water_meter_taps other_fixtures "
    "fittings finishing".split()
)
# Ids that say a person's name and do not end in "name".
_NAMES = frozenset("lessor paid_by appointed_by built_up_by agreement_name experts".split())
_WORDS = (FieldType.TEXT, FieldType.TEXTAREA)
_POSITIONS = frozenset({"latitude", "longitude"})

# A format of the shared resources by its key; None where it is not there any more.
FindFormat = Callable[[FormatKey], FormatDefinition | None]


def mask_answers(answers: Mapping[str, Any], definition: FormatDefinition | None, masker: Masker) -> Document:
    """Answers by tab, section and field, masked field by field; without a format every word of them."""
    if definition is None:
        return {str(tab): mask_everything(value, masker) for tab, value in answers.items()}
    masked: Document = {}
    for tab_id, sections in answers.items():
        masked[tab_id] = {}
        for section_id, stored in (sections or {}).items():
            section = definition.section(tab_id, section_id)
            fields = {field.id: field for field in section.fields} if section is not None else {}
            masked[tab_id][section_id] = _mask_fields(stored, fields, masker)
    return masked


def _mask_fields(stored: Any, fields: Mapping[str, Field], masker: Masker) -> Any:
    if not isinstance(stored, Mapping):
        return mask_everything(stored, masker)
    return {key: mask_answer(fields.get(key), key, value, masker) for key, value in stored.items()}


def mask_answer(field: Field | None, key: str, value: Any, masker: Masker) -> Any:
    """One answer, in the shape that the format gives it; of a field that it does not have every word."""
    if field is None:
        return mask_everything(value, masker, key=key)
    if isinstance(value, Mapping) and "not_applicable" in value:
        return value
    if field.type is FieldType.GROUP:
        return _mask_fields(value, {part.id: part for part in field.fields}, masker)
    if field.table is not None:
        return _mask_table(field, value, masker)
    if not isinstance(value, str):
        return value
    return _mask_text(field, value, masker)


def _mask_text(field: Field, text: str, masker: Masker) -> str:
    if field.type is FieldType.EMAIL:
        return masker.email(text)
    if field.type is FieldType.TEL:
        return masker.phone(text)
    if field.id in _POSITIONS:
        return masker.position(text)
    if field.type not in _WORDS or field.id in _HARMLESS:
        return text
    if field.id in _NAMES:
        return masker.name(text)
    masked = by_key(field.id, text, masker)
    if masked is not None:
        return masked
    return text if is_plain_figure(text) else masker.text(text)


def _mask_table(field: Field, value: Any, masker: Masker) -> Any:
    assert field.table is not None  # noqa: S101 - the caller has looked
    columns = {column.id: column for column in field.table.columns}
    if field.table.kind is TableKind.COLUMN_DYNAMIC and isinstance(value, Mapping):
        rows = {row.id: row for row in field.table.row_fields}
        cells = {
            key: [mask_answer(rows.get(key), key, cell, masker) for cell in row]
            for key, row in (value.get("cells") or {}).items()
        }
        # A column's heading is what somebody typed: "Bedroom of …".
        headings = [masker.text(one) if isinstance(one, str) else one for one in value.get("columns") or []]
        return {**value, "columns": headings, "cells": cells}
    if isinstance(value, list):
        return [_mask_fields(row, columns, masker) for row in value]
    if isinstance(value, Mapping):
        return {row_id: _mask_fields(row, columns, masker) for row_id, row in value.items()}
    return mask_everything(value, masker)


def mask_report(document: Document, masker: Masker, find: FindFormat) -> Document:
    """A report's document: its answers, what is repeated from them, who worked on it, what was said of it."""
    definition = find(
        FormatKey(
            document["bank_code"], document["scheme"], document["property_type"], document["format_version"]
        )
    )
    document["answers"] = mask_answers(document.get("answers") or {}, definition, masker)
    if definition is not None:
        facts = facts_of(definition, document["answers"])
        applicant, address = facts.applicant_name, facts.property_address
    else:
        applicant = masker.name(document.get("applicant_name") or "")
        address = masker.address(document.get("property_address") or "")
    document["applicant_name"], document["property_address"] = applicant, address
    document["search_text"] = search_text(
        document["reference"], applicant, address, document["bank_name"], document["branch_name"]
    )
    document["review_note"] = masker.text(document.get("review_note") or "")
    document["comments"] = [_mask_comment(one, masker) for one in document.get("comments") or []]
    for key, value in document.items():
        if key.endswith("_by_name"):
            document[key] = masker.name(value or "")
        elif key in ("created_by", "submitted_by"):
            document[key] = masker.identifier(value or "")
    if document.get("set_aside"):
        document["set_aside"] = mask_everything(document["set_aside"], masker)
    # The whole report as the former system had it: nothing of that goes into a copy.
    document["legacy"] = None
    if document.get("document_sha256"):
        document["document_sha256"] = placeholder_for("pdf").sha256
        document["document_pages"] = 1
    return document


def _mask_comment(comment: Mapping[str, Any], masker: Masker) -> Document:
    return {
        **comment,
        "text": masker.text(str(comment.get("text", ""))),
        "by": masker.identifier(str(comment.get("by", ""))),
        "by_name": masker.name(str(comment.get("by_name", ""))),
    }


def mask_custom_template(document: Document, masker: Masker, definition: FormatDefinition | None) -> Document:
    """A firm's saved answers, read by the newest version of the format that they are for."""
    document["name"] = masker.text(document["name"])
    document["answers"] = mask_answers(document.get("answers") or {}, definition, masker)
    document["created_by"] = masker.identifier(document["created_by"])
    return document


def mask_bank_override(document: Document, masker: Masker) -> Document:
    """What a firm noted of a bank: its branches stay, whom one calls or writes to there does not."""
    branches = (document.get("branches") or {}).values()
    masks = {
        "phone": masker.phone,
        "manager_phone": masker.phone,
        "email": masker.email,
        "manager_name": masker.name,
    }
    for branch in (document.get("changes") or {}, *branches):
        if not isinstance(branch, dict):
            continue
        for key, mask in masks.items():
            if isinstance(branch.get(key), str):
                branch[key] = mask(branch[key])
    for key in ("letterhead", "empanelment"):
        if document.get(key):
            document[key] = mask_everything(document[key], masker)
    document["updated_by_name"] = masker.name(document.get("updated_by_name") or "")
    return document


def _find(key: FormatKey) -> FormatDefinition | None:
    try:
        return definition_by_key(key)
    except (FormatMissing, FormatProblem):
        return None


def _newest(document: Document) -> FormatDefinition | None:
    newest = (
        Format.objects.filter(
            bank_code=document["bank_code"],
            scheme=document["scheme"],
            property_type=document["property_type"],
        )
        .order_by("-version")
        .first()
    )
    try:
        return definition_from(newest) if newest is not None else None
    except FormatProblem:
        return None


def register_rules() -> None:
    """Tell how the collections of reports and banks are masked. Called when the application starts."""
    register("reports", lambda document, masker: mask_report(document, masker, _find))
    register(
        "custom_templates", lambda document, masker: mask_custom_template(document, masker, _newest(document))
    )
    register("bank_overrides", mask_bank_override)
