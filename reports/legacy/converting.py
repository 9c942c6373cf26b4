"""An old report as a report of ours: pure, but for the format's definition that it is given.

What has a field here goes into it, the answers to their questions, and everything is kept as it was read in
``legacy["document"]``. Nothing is invented: a word that is not known, a person who is not there is told.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, tzinfo
from typing import Any

from bson import ObjectId

from banks.formats.definition import FieldType, FormatDefinition, FormatKey
from banks.legacy.converted import ConvertedFormat
from banks.legacy.faults import Fault, Severity
from reports.legacy.notebook import Row
from reports.legacy.originals import id_text, packed
from reports.legacy.placing import Placed, Told, place
from reports.legacy.values import Around, is_nothing, moment_of
from reports.models import ReportStatus
from reports.working import stored_figures
from tenants.auditing.plain import plain

STATUS_WORDS = {
    "draft": ReportStatus.DRAFT, "in_progress": ReportStatus.DRAFT, "in progress": ReportStatus.DRAFT,
    "pending": ReportStatus.DRAFT, "new": ReportStatus.DRAFT, "saved": ReportStatus.DRAFT,
    "submitted": ReportStatus.IN_REVIEW, "in_review": ReportStatus.IN_REVIEW,
    "in review": ReportStatus.IN_REVIEW, "under_review": ReportStatus.IN_REVIEW,
    "under review": ReportStatus.IN_REVIEW, "review": ReportStatus.IN_REVIEW,
    "pending_review": ReportStatus.IN_REVIEW, "pending_approval": ReportStatus.IN_REVIEW,
    "rejected": ReportStatus.CHANGES_REQUESTED, "returned": ReportStatus.CHANGES_REQUESTED,
    "changes_requested": ReportStatus.CHANGES_REQUESTED, "revision_required": ReportStatus.CHANGES_REQUESTED,
    "approved": ReportStatus.APPROVED,
    "cancelled": ReportStatus.CANCELLED, "canceled": ReportStatus.CANCELLED,
}  # fmt: skip
# Their document was never kept byte for byte, so ours cannot call them issued.
_FINISHED = frozenset(
    {"completed", "complete", "issued", "final", "finalised", "finalized", "delivered", "done"}
)
_CERTAIN = frozenset({"draft", "submitted", "in_review", "rejected", "returned", "approved", "cancelled"})
_KNOWN = frozenset(
    "_id report_id reference_number bank_code template_id property_type report_data status created_by "
    "created_by_email organization_id created_at updated_at submitted_at submitted_by version".split()
)
LONGEST_REFERENCE = 80
_REFERENCE_IDS = ("reference_number", "report_reference_number")


@dataclass(frozen=True, slots=True)
class KnownFormat:
    """A format that reports may stand on. ``common``: old id of a common field → our path."""

    key: FormatKey
    title: str
    definition: FormatDefinition
    converted: ConvertedFormat
    common: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class KnownBank:
    """A bank as reports need it: (code, other names in lower case) of its branches, and their names."""

    code: str
    name: str
    branches: Sequence[tuple[str, frozenset[str]]] = ()
    names: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class KnownPerson:
    id: str
    name: str


@dataclass(frozen=True, slots=True)
class World:
    """What a report refers to. ``people`` by every name that the old system has for them, in lower case."""

    zone: tzinfo
    people: Mapping[str, KnownPerson]
    files: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class ConvertedReport:
    """``fields`` of our Report without its id; ``placed`` says where each answer went."""

    fields: dict[str, Any]
    placed: Placed
    faults: list[Fault] = field(default_factory=list)


def convert_report(
    row: Row, document: Mapping[str, Any], known: KnownFormat, bank: KnownBank, world: World
) -> ConvertedReport:
    """The report. Never raises for what the document holds."""
    faults: list[Fault] = []

    def tell(where: str, problem: str, done: str, severity: Severity = Severity.CHANGED) -> None:
        faults.append(row.fault(where, problem, done, severity))

    reference = reference_of(document)
    placed = _answers(document, known, bank, world)
    branch_code, branch_name = _branch(known.definition, placed.answers, bank)
    _put_own(known.definition, placed.answers, reference, bank.code)
    calculation, derived = stored_figures(
        known.definition, placed.answers, reference=reference, bank=bank.name, branch=branch_name
    )
    faults += [row.fault(one.where, one.problem, one.done, one.severity) for one in placed.told]
    for path, problem in sorted(calculation.problems.items()):
        tell(path, f"This cannot be worked out: {problem}", "Put the answer right in the report.")
    status = _status(document, tell)
    created, updated = _times(document, tell)
    made = _person(document, ("created_by", "created_by_email"), world, tell)
    sent = _person(document, ("submitted_by", "submitted_by_email"), world, tell)
    extra = sorted(str(key) for key in set(document) - _KNOWN)
    if extra:
        tell(
            ", ".join(extra)[:300],
            "Ours has no field for this.",
            "It is kept with the report.",
            Severity.NOTE,
        )
    fields = {
        **derived,
        "reference": reference,
        "status": status.value,
        "bank_code": known.key.bank_code,
        "bank_name": bank.name[:120],
        "branch_code": branch_code,
        "branch_name": branch_name[:120],
        "scheme": known.key.scheme,
        "property_type": known.key.property_type,
        "format_version": known.key.version,
        "format_title": known.title[:160],
        "set_aside": _aside(placed),
        "created_by": made.id,
        "created_by_name": made.name,
        "created_at": created,
        "updated_by_name": made.name,
        "updated_at": updated,
        "submitted_by": sent.id,
        "submitted_by_name": sent.name,
        "submitted_at": moment_of(document.get("submitted_at")),
        "legacy": _legacy(row, document),
    }
    return ConvertedReport(fields, placed, faults)


def reference_of(document: Mapping[str, Any]) -> str:
    """The reference number of an old report, text or a whole number; empty when it has none."""
    found = document.get("reference_number")
    if not found and isinstance(data := document.get("report_data"), Mapping):
        common = data.get("common_fields")
        names = common if isinstance(common, Mapping) else {}
        found = next((names[key] for key in _REFERENCE_IDS if names.get(key)), None)
    if isinstance(found, int) and not isinstance(found, bool):
        found = str(int(found))
    return " ".join(plain(found).split()) if isinstance(found, str) else ""


def _answers(document: Mapping[str, Any], known: KnownFormat, bank: KnownBank, world: World) -> Placed:
    around = Around(
        zone=world.zone,
        choices={
            "bank_branches": bank.branches,
            "banks": [(bank.code, frozenset({bank.code.casefold(), bank.name.casefold()}))],
        },
        option_values=known.converted.option_values,
        files=world.files,
    )
    data = document.get("report_data")
    if isinstance(data, Mapping):
        return place(data, known.definition, known.converted, around, known.common)
    placed = place({}, known.definition, known.converted, around, known.common)
    if not is_nothing(data):
        reason = "The answers are no group of values, so nobody can say which is which."
        placed.set_aside["report_data"] = {"label": "Answers", "answer": data, "reason": reason}
        done = "They are kept with the report, set aside."
        placed.told.append(Told("report_data", reason, done, Severity.KEPT_ASIDE))
    return placed


def _branch(definition: FormatDefinition, answers: Mapping[str, Any], bank: KnownBank) -> tuple[str, str]:
    """The branch that the answers name; nothing where they name none."""
    for section in definition.sections():
        for one in section.leaves():
            if one.options_source == "bank_branches":
                code = _at(answers, one.path)
                if isinstance(code, str):
                    return code, bank.names.get(code, code)
    return "", ""


def _put_own(definition: FormatDefinition, answers: dict[str, Any], reference: str, bank: str) -> None:
    """What every report of ours knows of itself, in the questions that show it."""
    for section in definition.sections():
        for one in section.fields:
            own = reference if one.id in _REFERENCE_IDS and one.read_only else None
            if one.type is FieldType.SELECT_DYNAMIC and one.options_source == "banks":
                own = bank
            if own and one.formula is None:
                answers.setdefault(section.tab_id, {}).setdefault(section.id, {})[one.id] = own


def _at(answers: Mapping[str, Any], path: str) -> Any:
    found: Any = answers
    for key in path.split("."):
        found = found.get(key) if isinstance(found, Mapping) else None
    return found


def _aside(placed: Placed) -> dict[str, Any] | None:
    """As the report keeps it: plain JSON, no key that MongoDB would take for an operator."""
    return {where: storable(kept) for where, kept in placed.set_aside.items()} or None


def storable(value: Any) -> Any:
    """Plain JSON whose keys do not begin with ``$``."""
    if isinstance(value, Mapping):
        return {_key(str(key)): storable(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [storable(part) for part in value]
    return plain(value)


def _key(text: str) -> str:
    named: str = plain(text)
    return f"_{named}" if named.startswith("$") or not named else named


def _status(document: Mapping[str, Any], tell: Any) -> ReportStatus:
    said = document.get("status")
    word = " ".join(said.split()).casefold() if isinstance(said, str) else ""
    if word in _FINISHED:
        tell(
            "status",
            f"“{word}” stands for a finished document, whose exact bytes the former system did not keep.",
            "The report is approved; a manager issues it to have a document that can be checked.",
        )
        return ReportStatus.APPROVED
    found = STATUS_WORDS.get(word) or STATUS_WORDS.get(word.replace("-", "_").replace(" ", "_"))
    if found is None:
        shown = f"“{word[:40]}”" if word else "Nothing, or no text,"
        tell("status", f"{shown} is no state that is known here.", "The report is a draft.")
        return ReportStatus.DRAFT
    if word not in _CERTAIN:
        tell(
            "status",
            f"“{word}” is called {found.label.lower()} here.",
            "The old word is kept.",
            Severity.NOTE,
        )
    return found


def _times(document: Mapping[str, Any], tell: Any) -> tuple[datetime, datetime]:
    created, updated = moment_of(document.get("created_at")), moment_of(document.get("updated_at"))
    found = created or updated or moment_of(document.get("submitted_at"))
    if found is None:
        old_id = document.get("_id")
        found = old_id.generation_time if isinstance(old_id, ObjectId) else datetime.fromtimestamp(0, tz=UTC)
        what = "the time in its id" if isinstance(old_id, ObjectId) else "1 January 1970"
        tell("created_at", "It does not say when it was made.", f"It stands under {what}.")
    elif created is None:
        tell(
            "created_at", "It does not say when it was made.", "It stands under its next date.", Severity.NOTE
        )
    return created or found, updated or found


def _person(document: Mapping[str, Any], keys: Sequence[str], world: World, tell: Any) -> KnownPerson:
    said = [id_text(document[key]) for key in keys if document.get(key) not in (None, "")]
    for one in said:
        found = world.people.get(one.strip().casefold())
        if found is not None:
            return replace(found, name=found.name[:100])
    if not said:
        if keys[0] == "created_by":
            tell(keys[0], "It does not say who made it.", "It belongs to nobody.", Severity.NOTE)
        return KnownPerson("", "")
    shown = next((one for one in said if "@" in one), said[0])
    tell(keys[0], f"“{shown[:80]}” is nobody in this firm.", "The name stays; the report belongs to nobody.")
    name: str = plain(shown)
    return KnownPerson("", name[:100])


def _legacy(row: Row, document: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": row.shown_id[:200],
        "report_id": str(plain(document.get("report_id") or ""))[:200],
        "status": str(plain(document.get("status") or ""))[:80],
        **kept_of(row),
    }


def kept_of(row: Row) -> dict[str, Any]:
    """What every object that was imported keeps of its origin: where it stood, its hash, the whole of it."""
    return {
        "database": row.database,
        "collection": row.collection,
        "hash": row.hash,
        "document": packed(row.text),
    }
