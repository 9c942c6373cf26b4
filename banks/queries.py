"""Banks and formats as the active organization sees them. Each function says how many commands it costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from banks.merging import BANK_FIELDS, BRANCH_FIELDS, MergedBank, merge_bank
from banks.models import Bank, BankOverride, Branch, Format, FormatStatus
from tenants.shared_cache import shared_cache


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


def visible_banks(*, with_branches: bool = False, branches_of: str = "") -> list[MergedBank]:
    """The active banks that the firm has not hidden, by name.

    Branches come along for all banks, or for the bank of code ``branches_of``, or for none. One command, and
    one more for what is not kept of the shared banks, another for ``branches_of``.
    """
    changed = {override["bank_code"]: override for override in _overrides()}
    shared = [
        (_shared_bank(bank["code"]) or bank) if bank["code"] == branches_of and not with_branches else bank
        for bank in _shared_banks(with_branches=with_branches)
    ]
    merged = (merge_bank(bank, changed.get(bank["code"])) for bank in shared)
    seen = [bank for bank in merged if bank is not None]
    return sorted(seen, key=lambda bank: bank.name.casefold())


def visible_bank(code: str) -> MergedBank | None:
    """One bank with its branches as the firm sees it, or None. One command, two when it is not kept."""
    shared = _shared_bank(code)
    if shared is None:
        return None
    override = next(iter(_overrides(bank_code=code)), None)
    return merge_bank(shared, override)


def _shared_banks(*, with_branches: bool) -> Sequence[Mapping[str, Any]]:
    """The active shared banks by name, to be read and not changed."""

    def read() -> Sequence[Mapping[str, Any]]:
        names = ["code", "is_active", *BANK_FIELDS, *(["branches"] if with_branches else [])]
        return tuple(map(_plain, Bank.objects.filter(is_active=True).order_by("name").values(*names)))

    return shared_cache.get(("banks", with_branches), read)


def _shared_bank(code: str) -> Mapping[str, Any] | None:
    """One shared bank with its branches, active or not, to be read and not changed."""

    def read() -> Mapping[str, Any] | None:
        names = ("code", "is_active", "branches", *BANK_FIELDS)
        found = Bank.objects.filter(code=code).values(*names).first()
        return None if found is None else _plain(found)

    return shared_cache.get(("bank", code), read)


def published_formats(bank_code: str = "") -> list[FormatSummary]:
    """The newest published version of each format of one bank or of all, in order.

    One command, none when they are kept.
    """
    return list(shared_cache.get(("formats", bank_code), partial(_published_formats, bank_code)))


def _published_formats(bank_code: str) -> Sequence[FormatSummary]:
    formats = Format.objects.filter(status=FormatStatus.PUBLISHED)
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


def _overrides(**filters: str) -> list[Mapping[str, Any]]:
    return list(BankOverride.objects.filter(**filters).values("bank_code", "hidden", "changes", "branches"))


def _plain(bank: dict[str, Any]) -> dict[str, Any]:
    """The bank with its embedded branches as mappings."""
    branches = [_plain_branch(branch) for branch in bank.get("branches") or ()]
    return {**bank, "branches": branches}


def _plain_branch(branch: Branch | Mapping[str, Any]) -> dict[str, Any]:
    names = ("code", "is_active", *BRANCH_FIELDS)
    if isinstance(branch, Branch):
        return {name: getattr(branch, name) for name in names}
    return {name: branch[name] for name in names if name in branch}
