"""Banks and formats as the active organization sees them. Each function says how many commands it costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any

from django.db import connections
from django.db.models import Q
from django.utils import timezone

from banks.formats.definition import FormatDefinition
from banks.formats.fitting import fitting, fitting_together
from banks.formats.overriding import FormatChanges, merged
from banks.formats.reading import from_content
from banks.managed import ChangedPlace, ManagedBank, changed_in_format, managed
from banks.merging import (
    BANK_FIELDS,
    BRANCH_FIELDS,
    MergedBank,
    MergedBranch,
    Origin,
    SharedBank,
    laid_over,
    merge_bank,
    prepare,
)
from banks.models import Bank, BankOverride, Format, FormatStatus
from tenants.naming import SHARED_ALIAS
from tenants.shared_cache import Stamped, shared_cache

# What a list of banks needs of an override, and what one bank does.
_LISTED = ("bank_code", "hidden", "changes")
_WHOLE = (*_LISTED, "branches", "formats", "letterhead", "empanelment")
_READ = dict.fromkeys(("code", "is_active", "branches", *BANK_FIELDS), 1)
_HASH = {"$toHashedIndexKey": "$$ROOT"}
_BRANCH = ("code", "is_active", *BRANCH_FIELDS)


@dataclass(frozen=True, slots=True)
class FormatSummary:
    """A published format without its content. ``id`` is 24 hexadecimal digits."""

    id: str
    bank_code: str
    scheme: str
    property_type: str
    version: int
    title: str
    description: str

    @property
    def name(self) -> str:
        """What overrides call it: ``general/flat``."""
        return f"{self.scheme}/{self.property_type}"


def visible_banks(*, branches_of: str = "") -> list[MergedBank]:
    """The active banks that the firm has not hidden, by name.

    Branches come along for the bank of code ``branches_of``. One command, and one more for what is not kept
    of the shared banks, another for ``branches_of``.
    """
    names = _WHOLE if branches_of else _LISTED
    changed = {override["bank_code"]: override for override in BankOverride.objects.values(*names)}
    shared = [
        (shared_bank(bank.code) or bank) if bank.code == branches_of else bank for bank in _shared_banks()
    ]
    merged = (merge_bank(bank, changed.get(bank.code)) for bank in shared)
    seen = [bank for bank in merged if bank is not None]
    return sorted(seen, key=lambda bank: bank.name.casefold())


def visible_bank(code: str) -> MergedBank | None:
    """One bank with its branches as the firm sees it, or None. One command, two when it is not kept."""
    return _merged_bank(code, include_hidden=False)


def bank_of_reports(code: str) -> MergedBank | None:
    """The bank for reports that name it already: hidden or inactive too. Commands as ``visible_bank``."""
    return _merged_bank(code, include_hidden=True)


def _merged_bank(code: str, *, include_hidden: bool) -> MergedBank | None:
    shared = shared_bank(code)
    if shared is None:
        return None
    override = BankOverride.objects.filter(bank_code=code).values(*_WHOLE).first()
    return merge_bank(shared, override, include_hidden=include_hidden)


def branches_page(
    code: str, search: str, start: int, stop: int, include_hidden: bool = False
) -> tuple[list[MergedBranch], int]:
    """Some of a bank's branches that have every word of ``search``, by name, and how many have.

    Nothing for a bank that is not there; a hidden one's branches too with ``include_hidden``. Commands as
    ``visible_bank``.
    """
    bank = _merged_bank(code, include_hidden=include_hidden)
    return ([], 0) if bank is None else bank.find(search, start, stop, include_hidden=include_hidden)


def _shared_banks() -> Sequence[SharedBank]:
    """The active shared banks by name, without branches."""

    def read() -> Sequence[SharedBank]:
        rows = Bank.objects.filter(is_active=True).order_by("name").values("code", "is_active", *BANK_FIELDS)
        return tuple(map(prepare, rows))

    return shared_cache.get("banks", read)


def shared_bank(code: str) -> SharedBank | None:
    """One shared bank with its branches, active or not, made ready. One command, none when it is kept."""

    def read(known: Stamped[SharedBank | None] | None) -> Stamped[SharedBank | None]:
        if known is not None and known.value is not None:
            # Of a bank with ten thousand branches the server works the hash out in a tenth of the time
            # that reading and preparing it takes.
            now = _first_bank(code, {"stamp": _HASH})
            if now is not None and now["stamp"] == known.stamp:
                return known
        found = _first_bank(code, {"stamp": _HASH, **_READ})
        if found is None:
            return Stamped(None, None)
        return Stamped(prepare({**found, "branches": _plain(found.get("branches"))}), found["stamp"])

    return shared_cache.get_stamped(("bank", code), read)


def _first_bank(code: str, projection: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Not through the model: ten thousand branches would become ten thousand objects first."""
    collection: Any = connections[SHARED_ALIAS].get_collection(Bank._meta.db_table)  # type: ignore[attr-defined]
    stages = [{"$match": {"code": code}}, {"$limit": 1}, {"$project": {"_id": 0, **projection}}]
    found: Mapping[str, Any] | None = next(iter(collection.aggregate(stages)), None)
    return found


def _plain(branches: Sequence[Mapping[str, Any]] | None) -> list[dict[str, Any]]:
    return [{name: branch[name] for name in _BRANCH if name in branch} for branch in branches or ()]


def published_formats(bank_code: str = "") -> list[FormatSummary]:
    """The formats in force of one bank or of all, in order: of each the newest published version whose day
    has come.

    One command, none when they are kept.
    """
    today = timezone.localdate()
    read = partial(_published_formats, bank_code, today)
    return list(shared_cache.get(("formats", bank_code, today), read))


def in_force(day: date) -> Q:
    """The versions whose day has come; of several published ones the newest is offered."""
    return Q(effective_from=None) | Q(effective_from__lte=day)


def _published_formats(bank_code: str, today: date) -> Sequence[FormatSummary]:
    formats = Format.objects.filter(in_force(today), status=FormatStatus.PUBLISHED)
    if bank_code:
        formats = formats.filter(bank_code=bank_code)
    newest: dict[tuple[str, str, str], FormatSummary] = {}
    rows = formats.order_by("version").values(
        "pk", "bank_code", "scheme", "property_type", "version", "title", "description"
    )
    for row in rows:
        values: dict[str, Any] = {**row, "id": str(row["pk"])}
        del values["pk"]
        summary = FormatSummary(**values)
        newest[summary.bank_code, summary.scheme, summary.property_type] = summary
    return sorted(newest.values(), key=lambda item: (item.bank_code, item.title))


def format_in_force(bank_code: str, format_name: str) -> FormatSummary | None:
    """The version of ``scheme/property_type`` that a report begun today would have. Commands as
    ``published_formats``.
    """
    return next((one for one in published_formats(bank_code) if one.name == format_name), None)


# For managing what the firm changes ---------------------------------------------------------------------


def bank_to_manage(code: str) -> ManagedBank | None:
    """The bank with all that the firm changes of it, hidden by the firm or not; None for an unknown code.

    One command, and one more for what is not kept of the shared bank, another for its formats.
    """
    shared = shared_bank(code)
    if shared is None:
        return None
    override: Mapping[str, Any] = BankOverride.objects.filter(bank_code=code).values().first() or {}
    return managed(shared, laid_over(shared, override), override, published_formats(code))


@dataclass(frozen=True, slots=True)
class MergedFormat:
    """The version of a format in force as the firm sees it, for one branch or for all.

    ``origins`` and ``hidden`` as ``banks.formats.overriding.Merged`` has them. ``changes`` are the firm's for
    all branches and, with a branch, for that; ``places`` tells them one by one, ``stale`` those of them whose
    ground has changed or that have no effect any more. ``version`` is the override's, 0 when there is none.
    """

    summary: FormatSummary
    content: Mapping[str, Any]
    definition: FormatDefinition
    origins: Mapping[str, Origin]
    hidden: Mapping[str, Origin]
    shared_content: Mapping[str, Any]
    changes: FormatChanges
    branch_changes: FormatChanges
    places: tuple[ChangedPlace, ...]
    version: int

    @property
    def stale(self) -> tuple[ChangedPlace, ...]:
        return tuple(one for one in self.places if one.stale or one.problem)


def merged_format(bank_code: str, format_name: str, branch_code: str = "") -> MergedFormat | None:
    """The format in force with what the firm changes of it; None when the bank has none of that name.

    Two commands, and one for the list of formats where it is not kept.
    """
    summary = format_in_force(bank_code, format_name)
    stored = None if summary is None else Format.objects.filter(pk=summary.id).values("content").first()
    if summary is None or stored is None:
        return None
    override = BankOverride.objects.filter(bank_code=bank_code).values("formats", "under", "version").first()
    return _merged_format(summary, stored["content"], override or {}, branch_code)


def _merged_format(
    summary: FormatSummary, content: Mapping[str, Any], override: Mapping[str, Any], branch_code: str
) -> MergedFormat:
    own = (override.get("formats") or {}).get(summary.name) or {}
    under = override.get("under") or {}
    changes = own.get("all") or {}
    branch_changes = ((own.get("branches") or {}).get(branch_code) or {}) if branch_code else {}
    firm, problems = fitting(content, changes)
    both, more_problems = fitting_together(content, firm, branch_changes)
    result = merged(content, firm, both)
    places = [*changed_in_format(content, summary.name, "", changes, under, problems)]
    if branch_changes:
        places += changed_in_format(content, summary.name, branch_code, branch_changes, under, more_problems)
    return MergedFormat(
        summary=summary,
        content=result.content,
        definition=from_content(result.content),
        origins=result.origins,
        hidden=result.hidden,
        shared_content=content,
        changes=changes,
        branch_changes=branch_changes,
        places=tuple(places),
        version=int(override.get("version") or 0),
    )
