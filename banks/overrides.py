"""Changing what the active firm lays over a shared bank, each change checked, guarded and recorded.

A firm has one document a bank (``BankOverride``). Every function here takes the ``base_version`` that its
form was made from, 0 where there was none: when somebody changed the bank's values since, nothing is written
and StaleOverride tells what they are now. Each writes the firm's activity, by place (``banks.places``), and
returns the new BankOverride. A call that changes nothing writes nothing.

Cost: 2 commands to read (one less while the bank is kept), 2 to write, and the commit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.db import IntegrityError
from django.utils import timezone

from banks import override_checks as checks
from banks.branches import OWN_BRANCH_PREFIX
from banks.formats.overriding import FormatChanges, original
from banks.merging import BANK_FIELDS, BRANCH_FIELDS, SharedBank, is_own
from banks.models import BankOverride, Format
from banks.override_draft import DATA, OverrideDraft
from banks.override_failures import (
    BankUnknown,
    BranchUnknown,
    FormatUnknown,
    OverrideProblem,
    OverrideRefused,
    StaleOverride,
)
from banks.places import Place, PlaceUnknown, parse
from banks.queries import format_in_force, shared_bank
from tenants.audit import record_activity
from tenants.models import User
from tenants.mongodb.transaction import run_atomically

CHANGED, RESET, ACCEPTED = "override_changed", "override_reset", "override_accepted"
__all__ = [
    "BankUnknown",
    "BranchUnknown",
    "FormatUnknown",
    "OverrideProblem",
    "OverrideRefused",
    "StaleOverride",
    "accept_shared_change",
    "add_own_branch",
    "change_bank",
    "change_branch",
    "change_format",
    "override_of",
    "own_branch_code",
    "remove_own_branch",
    "reset",
    "set_branch_hidden",
    "set_empanelment",
    "set_hidden",
    "set_letterhead",
]


def override_of(bank_code: str) -> BankOverride:
    """What the firm changes of the bank; an unsaved one with version 0 when that is nothing. 1 command."""
    found: BankOverride | None = BankOverride.objects.filter(bank_code=bank_code).first()
    return found or BankOverride(bank_code=bank_code, version=0)


# Bank --------------------------------------------------------------------------------------------------


def change_bank(*, bank_code: str, values: Mapping[str, Any], by: User, base_version: int) -> BankOverride:
    """Put the firm's values above the bank's. Values that are not named stay; one equal to the shared one is
    a reset of it. Raises OverrideProblem, StaleOverride, BankUnknown.
    """

    def change(draft: OverrideDraft) -> None:
        _require(checks.bank_problems(values))
        for name in BANK_FIELDS:
            if name in values:
                draft.put("changes", Place("bank", name), name, values[name], draft.bank.values.get(name))

    return _rewrite(bank_code, change, by=by, base_version=base_version)


def set_hidden(*, bank_code: str, hidden: bool, by: User, base_version: int) -> BankOverride:
    """Hide the bank from the firm's lists and forms, or show it. Reports that name it keep what they have."""

    def change(draft: OverrideDraft) -> None:
        draft.note(Place("bank", "hidden"), draft.new.hidden, hidden)
        draft.new.hidden = hidden

    return _rewrite(bank_code, change, by=by, base_version=base_version)


def set_letterhead(
    *, bank_code: str, values: Mapping[str, str] | None, by: User, base_version: int
) -> BankOverride:
    """The lines (LETTERHEAD_FIELDS) that this bank's reports bear; None for the firm's own."""
    return _set_lines("letterhead", checks.letterhead_problems, bank_code, values, by, base_version)


def set_empanelment(
    *, bank_code: str, values: Mapping[str, str] | None, by: User, base_version: int
) -> BankOverride:
    """The firm's empanelment with the bank (EMPANELMENT_FIELDS); None when it has none."""
    return _set_lines("empanelment", checks.empanelment_problems, bank_code, values, by, base_version)


def _set_lines(
    name: str,
    problems: Callable[[Mapping[str, str]], list[tuple[str, str]]],
    bank_code: str,
    values: Mapping[str, str] | None,
    by: User,
    base_version: int,
) -> BankOverride:
    given = {key: str(value or "").strip() for key, value in (values or {}).items()}
    lines = {key: value for key, value in given.items() if value} or None

    def change(draft: OverrideDraft) -> None:
        _require(problems(given))
        draft.note(Place(name), getattr(draft.new, name), lines)
        setattr(draft.new, name, lines)

    return _rewrite(bank_code, change, by=by, base_version=base_version)


# Branches ----------------------------------------------------------------------------------------------


def change_branch(
    *, bank_code: str, branch_code: str, values: Mapping[str, Any], by: User, base_version: int
) -> BankOverride:
    """Put the firm's values above a shared branch's, or change an own branch. Values that are not named stay.

    Raises OverrideProblem, StaleOverride, BankUnknown, BranchUnknown.
    """

    def change(draft: OverrideDraft) -> None:
        entry, shared = draft.branch(branch_code)
        _require(checks.branch_problems(values, {**shared, **entry, **values}))
        _require(checks.ifsc_problems(draft.merged(), branch_code, values))
        for name in BRANCH_FIELDS:
            if name in values:
                draft.put_branch(branch_code, name, values[name])

    return _rewrite(bank_code, change, by=by, base_version=base_version)


def set_branch_hidden(
    *, bank_code: str, branch_code: str, hidden: bool, by: User, base_version: int
) -> BankOverride:
    """Hide a branch from the firm's lists and forms, or show it. Reports that name it keep what they have."""

    def change(draft: OverrideDraft) -> None:
        draft.branch(branch_code)
        draft.put_branch(branch_code, "hidden", hidden)

    return _rewrite(bank_code, change, by=by, base_version=base_version)


def add_own_branch(
    *, bank_code: str, branch_code: str, values: Mapping[str, Any], by: User, base_version: int
) -> BankOverride:
    """Add a branch that the bank's shared record does not have. Its code gets ``OWN_`` before it when it has
    not, so that it never meets a shared one's. Raises OverrideProblem, StaleOverride, BankUnknown.
    """
    code = own_branch_code(branch_code)

    def change(draft: OverrideDraft) -> None:
        problems = checks.own_code_problems(code, draft.new.branches, draft.bank)
        given = {name: values[name] for name in BRANCH_FIELDS if name in values}
        problems += checks.branch_problems(values, given, new=True)
        _require(problems + checks.ifsc_problems(draft.merged(), code, values))
        kept = {name: value for name, value in given.items() if value not in ("", None)}
        draft.new.branches = {**draft.new.branches, code: {"own": True, **kept}}
        draft.note(Place("branch", branch=code), None, kept)

    return _rewrite(bank_code, change, by=by, base_version=base_version)


def own_branch_code(text: str) -> str:
    """The code of an own branch for what was typed: capitals, with ``OWN_`` before it."""
    code = text.strip().upper()
    return code if code.startswith(OWN_BRANCH_PREFIX) else f"{OWN_BRANCH_PREFIX}{code}"


def remove_own_branch(*, bank_code: str, branch_code: str, by: User, base_version: int) -> BankOverride:
    """Take an own branch away. Reports that name it keep the name. Raises BranchUnknown when it is not
    the firm's own.
    """

    def change(draft: OverrideDraft) -> None:
        entry = draft.new.branches.get(branch_code, {})
        if not is_own(entry, known=branch_code in draft.bank.branches):
            raise BranchUnknown(bank_code, branch_code)
        draft.take_back(Place("branch", branch=branch_code))

    return _rewrite(bank_code, change, by=by, base_version=base_version, action=RESET)


# Formats -----------------------------------------------------------------------------------------------


def change_format(
    *,
    bank_code: str,
    format_name: str,
    changes: FormatChanges,
    branch_code: str = "",
    by: User,
    base_version: int,
) -> BankOverride:
    """Replace what the firm changes of a format (``scheme/property_type``): for all branches, or for one.

    The changes are checked against the version in force, together with those of the other layer; reports that
    are begun already keep theirs. A change that says what the format says is left out. Raises
    OverrideProblem, StaleOverride, BankUnknown, BranchUnknown, FormatUnknown.
    """
    content = _content(bank_code, format_name)

    def change(draft: OverrideDraft) -> None:
        if branch_code:
            draft.branch(branch_code)
        stored = (draft.new.formats or {}).get(format_name) or {}
        _require(checks.format_problems(content, format_name, branch_code, changes, stored))
        firm = (stored.get("all") or {}) if branch_code else None
        left = checks.without_effectless(content, changes, firm)
        draft.put_format(format_name, branch_code, left, content)

    return _rewrite(bank_code, change, by=by, base_version=base_version)


def _content(bank_code: str, format_name: str) -> Mapping[str, Any]:
    summary = format_in_force(bank_code, format_name)
    found = None if summary is None else Format.objects.filter(pk=summary.id).values("content").first()
    if found is None:
        raise FormatUnknown(bank_code, format_name)
    content: Mapping[str, Any] = found["content"]
    return content


# Putting back ------------------------------------------------------------------------------------------


def reset(*, bank_code: str, place: str, by: User, base_version: int) -> BankOverride:
    """Back to what lies under the firm's, in one place or in all within it (``banks.places``).

    An own branch or field goes away. Raises OverrideProblem (no such place, or others still need it),
    StaleOverride, BankUnknown.
    """
    where = _place(place)

    def change(draft: OverrideDraft) -> None:
        draft.take_back(where)
        if where.kind == "format" and where.format_name in (draft.new.formats or {}):
            stored = (draft.new.formats or {})[where.format_name]
            content = _content(bank_code, where.format_name)
            _require(checks.stored_problems(content, where.format_name, stored))

    return _rewrite(bank_code, change, by=by, base_version=base_version, action=RESET)


def accept_shared_change(*, bank_code: str, place: str, by: User, base_version: int) -> BankOverride:
    """ "We have seen that the shared value is another now, and keep ours." Raises as ``reset``."""
    where = _place(place)

    def change(draft: OverrideDraft) -> None:
        under = dict(draft.new.under or {})
        content = _content(bank_code, where.format_name) if where.kind == "format" else {}
        for key in [key for key in under if where.contains(parse(key))]:
            one = parse(key)
            now = _shared_now(draft.bank, content, one)
            draft.note(one, under[key], now)
            under[key] = now
        draft.new.under = under

    return _rewrite(bank_code, change, by=by, base_version=base_version, action=ACCEPTED)


def _shared_now(bank: SharedBank, content: Mapping[str, Any], place: Place) -> Any:
    if place.kind == "bank":
        return bank.values.get(place.field)
    if place.kind == "branch":
        return bank.branches.get(place.branch or "", {}).get(place.field)
    return original(content, place.field, place.path)


def _place(key: str) -> Place:
    try:
        return parse(key)
    except PlaceUnknown as error:
        raise OverrideProblem([(key, str(error))]) from None


# How it is written -------------------------------------------------------------------------------------


def _require(problems: list[tuple[str, str]]) -> None:
    if problems:
        raise OverrideProblem(problems)


def _rewrite(
    bank_code: str,
    change: Callable[[OverrideDraft], None],
    *,
    by: User,
    base_version: int,
    action: str = CHANGED,
) -> BankOverride:
    """Read, change, write what nobody else changed meanwhile, and record it: all or nothing."""
    bank = shared_bank(bank_code)
    if bank is None:
        raise BankUnknown(bank_code)

    def attempt() -> BankOverride:
        stored = override_of(bank_code)
        if stored.version != base_version:
            raise StaleOverride(stored)
        draft = OverrideDraft(bank, stored)
        change(draft)
        if draft.changes:
            _write(draft.new, by, base_version)
            record_activity(action, by=by, target=bank_code, details={"changes": draft.changes})
        return draft.new

    try:
        return run_atomically(attempt)
    except IntegrityError:
        # Two began with none at the same moment; the other was first.
        raise StaleOverride(override_of(bank_code)) from None


def _write(new: BankOverride, by: User, base_version: int) -> None:
    new.version, new.updated_by_name = base_version + 1, by.acting_name
    if new.pk is None:
        new.save(force_insert=True)
        return
    names = (*DATA, "version", "updated_by_name")
    values = {name: getattr(new, name) for name in names}
    new.updated_at = values["updated_at"] = timezone.now()
    if not BankOverride.objects.filter(pk=new.pk, version=base_version).update(**values):
        raise StaleOverride(override_of(new.bank_code))
