"""The common fields of the former system, in the shape of ``banks/data/common_fields.json``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from banks.formats.reading import COMMON_TAB
from banks.formats.shape import shape_problems
from banks.formats.shipped import common_fields as shipped_common_fields
from banks.legacy.conditions import resolve_conditions
from banks.legacy.converted import Converted
from banks.legacy.faults import Severity
from banks.legacy.ids import Ids
from banks.legacy.questions import Gathered, Scope
from banks.legacy.reading import Log, Node, clean_text, figure, whole
from banks.legacy.sections import read_fields

_SECTION = "details"
# What the application itself looks for has one name here.
OURS = {
    "report_reference_number": "reference_number",
    "reference_no": "reference_number",
    "valuation_purpose": "purpose",
    "purpose_of_valuation": "purpose",
    "bank_branch": "branch",
    "branch_name": "branch",
    "selected_bank": "bank",
    "bank_name": "bank",
    "date_of_valuation": "valuation_date",
    "date_of_inspection": "inspection_date",
}
# Filled when a report is begun, so nobody types them.
_GIVEN = ("reference_number", "bank")
_ASCII_ONLY = "A-Za-z"


def is_common_fields(document: Any) -> bool:
    """Whether a document has the shape of common fields, whatever its collection is called."""
    if not isinstance(document, Mapping) or "templateMetadata" in document or "bankCode" in document:
        return False
    fields = document.get("fields")
    return isinstance(fields, list) and any(isinstance(one, Mapping) and "fieldId" in one for one in fields)


def common_fields_from(
    document: Any, *, standing: Mapping[str, Any] | None = None, collection: str = "common_form_fields"
) -> Converted:
    """``values`` is the content of common fields, in one section.

    ``standing`` are the common fields that are here already, by default those that come with the application:
    of them it takes, told as notes, what the old document lacks and reports need (bank, date of the report).
    Never raises.
    """
    log = Log("", None)
    try:
        log = Log(collection, document)
        if not is_common_fields(document):
            log.refuse("It has no list of fields.", "It is kept as it was read; nothing was made of it.")
            return Converted({}, log.faults, log.legacy())
        return _read(document, shipped_common_fields() if standing is None else standing, log)
    except RecursionError:
        log.refuse("It is nested too deeply to be read.", "Flatten it in the export and import it again.")
        return Converted(
            {}, log.faults, {"id": log.document, "collection": collection, "hash": log.source_hash}
        )


def _read(document: Mapping[str, Any], standing: Mapping[str, Any], log: Log) -> Converted:
    root = Node(document, "", log)
    root.take("_id")
    raws = root.children("fields", "fieldId")
    gathered = Gathered(log)
    for raw in raws:
        _rename(raw)
    nodes = read_fields(gathered, raws, Scope(f"{COMMON_TAB}.{_SECTION}", Ids(), "", ()), "fields")
    for node in nodes:
        _fit(node, log)
    resolve_conditions(gathered)
    nodes += _missing(nodes, standing, log)
    version = whole(figure(root.look("version"))) or 1
    label = clean_text(standing.get("label")) or "Report and dates"
    values = {
        "label": label, "version": min(version, 9999),
        "sections": [{"id": _SECTION, "label": "Report, bank and dates", "fields": nodes}],
    }  # fmt: skip
    root.finish()
    for problem in shape_problems(values, "common_fields"):
        log.refuse(problem, "They are kept as they were read; mend this in the export and import them again.")
    if any(fault.severity is Severity.REFUSED for fault in log.faults):
        return Converted({}, log.faults, log.legacy())
    return Converted(values, log.faults, log.legacy(), gathered.answer_paths())


def _rename(raw: Node) -> None:
    old = clean_text(raw.look("fieldId"))
    ours = OURS.get(old)
    if ours is None:
        return
    raw.tell("fieldId", f"{old} is called {ours} here.", "It is renamed; the old id is kept.", Severity.NOTE)
    raw.raw = {**raw.raw, "fieldId": ours, "id": old}


def _fit(node: dict[str, Any], log: Log) -> None:
    """What the application fills, and names in any script."""
    if node["id"] in _GIVEN:
        node["read_only"] = True
        node.pop("default", None)
        if node["id"] == "reference_number":
            node.pop("required", None)
    rules = node.get("validation", {})
    pattern = rules.get("pattern", "")
    if node["id"] == "applicant_name" and pattern and "-zA-Z" in pattern.replace("a-zA-Z", "-zA-Z"):
        del rules["pattern"]
        log.tell(
            f"{node['id']}.validation.pattern", "It allows only names in Latin letters.",
            "It is kept and not asked for: a name may be in any script.",
        )  # fmt: skip


def _missing(nodes: list[dict[str, Any]], standing: Mapping[str, Any], log: Log) -> list[dict[str, Any]]:
    """Fields of the standing common fields whose ids the old ones do not have."""
    known = {node["id"] for node in nodes}
    sets = standing.get("option_sets", {})
    added = []
    for section in standing.get("sections", ()):
        for field in section["fields"]:
            if field["id"] in known:
                continue
            needed = field.get("condition", {}).get("field")
            if needed is not None and needed not in known:
                continue
            options = field.get("options")
            added.append({**field, "options": sets[options]} if isinstance(options, str) else dict(field))
            log.tell(
                field["id"], f"The old common fields have no {field['id']}.",
                "It stays as it is here, because reports need it.", Severity.NOTE,
            )  # fmt: skip
    return added
