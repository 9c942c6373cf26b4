"""A shared bank and what one firm changed or added, laid over each other. Plain data in and out.

Precedence, the later above the earlier: what all firms share, then the firm's. (Formats have two layers more:
``banks.formats.overriding``.) Each value remembers where it is from, so that a page can say "your firm's" and
put it back.

A bank may have ten thousand branches. What does not depend on the firm is prepared once (``prepare``) and
kept; the firm's part is laid over one branch at a time, when it is asked for.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, overload

from banks.formats.origins import Origin
from banks.formats.overriding import combined

__all__ = [
    "BANK_FIELDS",
    "BRANCH_FIELDS",
    "MergedBank",
    "MergedBranch",
    "Origin",
    "SharedBank",
    "is_own",
    "laid_over",
    "merge_bank",
    "prepare",
]

BANK_FIELDS = ("name", "short_name", "bank_type", "city", "state")
BRANCH_FIELDS = (
    "name",
    "ifsc",
    "micr",
    "street",
    "area",
    "landmark",
    "city",
    "district",
    "state",
    "pin_code",
    "phone",
    "email",
    "manager_name",
    "manager_phone",
    "latitude",
    "longitude",
)
_ADDRESS = ("street", "area", "city", "district", "state")
# What a branch is found by, beside its code.
_SEARCHED = ("name", "ifsc", *_ADDRESS, "pin_code")


@dataclass(frozen=True, slots=True)
class MergedBranch:
    """A branch as a firm sees it. ``own`` when the firm added it; ``origins`` tells each value's source.

    ``hidden`` branches are given only to who asks for them too.
    """

    code: str
    values: Mapping[str, Any]
    origins: Mapping[str, Origin]
    own: bool = False
    hidden: bool = False

    @property
    def name(self) -> str:
        return str(self.values.get("name") or self.code)

    @property
    def ifsc(self) -> str:
        return str(self.values.get("ifsc") or "")

    @property
    def address(self) -> str:
        """Street, city, state and PIN code in one line; what is unknown is left out."""
        parts = [str(self.values.get(key) or "") for key in _ADDRESS]
        line = ", ".join(dict.fromkeys(part for part in parts if part))
        return " ".join(part for part in (line, str(self.values.get("pin_code") or "")) if part)

    @property
    def changed(self) -> bool:
        """Whether any value of it is the firm's."""
        return self.own or any(origin.is_own for origin in self.origins.values())


@dataclass(frozen=True, slots=True)
class SharedBank:
    """A shared bank made ready: the same for all firms, kept in the process, never changed.

    ``branches`` has all by code, ``listed`` the codes of the active ones by name; ``words`` is the text that
    a branch is searched in.
    """

    code: str
    is_active: bool
    values: Mapping[str, Any]
    branches: Mapping[str, Mapping[str, Any]]
    listed: tuple[str, ...]
    words: Mapping[str, str]


def prepare(bank: Mapping[str, Any]) -> SharedBank:
    """The bank made ready. ``bank`` has ``code``, the BANK_FIELDS, ``is_active`` and ``branches`` (mappings
    with ``code``, the BRANCH_FIELDS and ``is_active``). About 20 µs a branch.
    """
    branches = {str(branch["code"]): branch for branch in bank.get("branches") or ()}
    active = [code for code, branch in branches.items() if branch.get("is_active", True)]
    return SharedBank(
        code=str(bank["code"]),
        is_active=bool(bank.get("is_active", True)),
        values={name: bank[name] for name in BANK_FIELDS if name in bank},
        branches=branches,
        listed=tuple(sorted(active, key=lambda code: _place_in_list(code, branches[code]))),
        words={code: _words_of(code, branch) for code, branch in branches.items()},
    )


def _place_in_list(code: str, values: Mapping[str, Any]) -> tuple[str, str]:
    return str(values.get("name") or code).casefold(), code


def _words_of(code: str, values: Mapping[str, Any]) -> str:
    return " ".join([code, *(str(values.get(name) or "") for name in _SEARCHED)]).casefold()


@dataclass(frozen=True)
class MergedBank:
    """A bank as a firm sees it. ``branches`` are its visible ones in order of their names, merged when read.

    ``hidden`` (the firm hides the bank) is given only to who asks for such banks too. ``letterhead`` and
    ``empanelment`` are the firm's for this bank, or None. ``formats`` is what the firm changes of the bank's
    formats, as ``BankOverride.formats`` has it.
    """

    code: str
    values: Mapping[str, Any]
    origins: Mapping[str, Origin]
    shared: SharedBank
    changed_branches: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    hidden: bool = False
    letterhead: Mapping[str, str] | None = None
    empanelment: Mapping[str, str] | None = None
    formats: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return str(self.values.get("name") or self.code)

    @property
    def short_name(self) -> str:
        return str(self.values.get("short_name") or self.name)

    @cached_property
    def branches(self) -> Branches:
        return Branches(self, self._codes(include_hidden=False))

    def branch(self, code: str, *, include_hidden: bool = False) -> MergedBranch | None:
        """The branch of that code, or None; one that the firm hides only when asked for. Costs one merge."""
        base = self.shared.branches.get(code, {})
        if base and not base.get("is_active", True) and not self._is_own(code):
            return None
        return self._branch(code, base, include_hidden=include_hidden)

    def _is_own(self, code: str) -> bool:
        return is_own(self.changed_branches.get(code, {}), known=code in self.shared.branches)

    def _branch(self, code: str, base: Mapping[str, Any], *, include_hidden: bool) -> MergedBranch | None:
        change, own = self.changed_branches.get(code, {}), self._is_own(code)
        if own:
            base = {}
        elif not base:
            return None
        hidden = bool(change.get("hidden"))
        if hidden and not include_hidden:
            return None
        values, origins = _laid_over(base, change, BRANCH_FIELDS)
        return MergedBranch(code, values, origins, own=own, hidden=hidden)

    def branch_of_reports(self, code: str) -> MergedBranch | None:
        """The branch for reports that name it already: hidden by the firm or inactive too."""
        return self._branch(code, self.shared.branches.get(code, {}), include_hidden=True)

    def find(
        self, search: str, start: int = 0, stop: int | None = None, *, include_hidden: bool = False
    ) -> tuple[list[MergedBranch], int]:
        """The branches ``start`` to ``stop`` of those that have every word of ``search``, and how many have.

        Words are looked for in code, name, IFSC and address without regard to case. About 1 ms for 10,000.
        """
        words = search.casefold().split()
        codes = self._codes(include_hidden=True) if include_hidden else self.branches.codes
        if words:
            texts = {**self.shared.words, **self._changed_words} if self._changed_words else self.shared.words
            for word in words:
                codes = [code for code in codes if word in texts[code]]
        page = (self.branch(code, include_hidden=include_hidden) for code in codes[start:stop])
        return [branch for branch in page if branch is not None], len(codes)

    def format_changes(self, format_name: str, branch_code: str = "") -> dict[str, Any]:
        """What the firm changes of a format (``scheme/property_type``) for a branch: one FormatChanges."""
        stored = self.formats.get(format_name) or {}
        return combined(stored.get("all"), (stored.get("branches") or {}).get(branch_code))

    @property
    def branch_names(self) -> BranchNames:
        """Code → name of every visible branch, to look up a few of many."""
        return BranchNames(self)

    @cached_property
    def _changed_words(self) -> dict[str, str]:
        found = {}
        for code in self.changed_branches:
            branch = self.branch(code, include_hidden=True)
            if branch is not None:
                found[code] = _words_of(code, branch.values)
        return found

    def _codes(self, *, include_hidden: bool) -> Sequence[str]:
        """Codes in order of the names. The shared order is used as it is where the firm changed nothing."""
        shared = self.shared.listed
        if not self.changed_branches:
            return shared
        known = self.shared.branches
        changed = {
            code: branch.values
            for code in self.changed_branches
            if (branch := self.branch(code, include_hidden=include_hidden)) is not None
        }

        def place(code: str) -> tuple[str, str]:
            return _place_in_list(code, changed[code] if code in changed else known[code])

        codes = [code for code in shared if code not in self.changed_branches]
        for code in sorted(changed, key=place):
            insort(codes, code, key=place)
        return codes


class Branches(Sequence[MergedBranch]):
    """The visible branches of a bank in order, each merged when read; knowing how many costs nothing."""

    def __init__(self, bank: MergedBank, codes: Sequence[str]) -> None:
        self.codes = codes
        self._bank = bank

    def __len__(self) -> int:
        return len(self.codes)

    @overload
    def __getitem__(self, at: int) -> MergedBranch: ...

    @overload
    def __getitem__(self, at: slice) -> list[MergedBranch]: ...

    def __getitem__(self, at: int | slice) -> MergedBranch | list[MergedBranch]:
        if isinstance(at, slice):
            return [self._read(code) for code in self.codes[at]]
        return self._read(self.codes[at])

    def __iter__(self) -> Iterator[MergedBranch]:
        return map(self._read, self.codes)

    def _read(self, code: str) -> MergedBranch:
        branch = self._bank.branch(code)
        if branch is None:
            raise KeyError(code)
        return branch


class BranchNames(Mapping[str, str]):
    """Code → name of the visible branches."""

    def __init__(self, bank: MergedBank) -> None:
        self._bank = bank

    def __getitem__(self, code: str) -> str:
        branch = self._bank.branch(code)
        if branch is None:
            raise KeyError(code)
        return branch.name

    def __iter__(self) -> Iterator[str]:
        return iter(self._bank.branches.codes)

    def __len__(self) -> int:
        return len(self._bank.branches)


def merge_bank(
    bank: Mapping[str, Any] | SharedBank,
    override: Mapping[str, Any] | None = None,
    *,
    include_hidden: bool = False,
) -> MergedBank | None:
    """The bank as the firm sees it, or None when it is inactive or the firm hides it.

    ``bank`` is what ``prepare`` takes or gives; ``override`` has the fields of a BankOverride: ``hidden``,
    ``changes`` {field: value}, ``branches`` {code: {field: value}}, ``letterhead``, ``empanelment``,
    ``formats``. An entry of its branches changes the shared branch of that code, hides it with
    ``hidden: true``, or is the firm's own: with ``own: true``, or when it has a name and there is no shared
    branch of the code. Fields that neither knows are left out, and a code is never changed.
    """
    override = override or {}
    shared = bank if isinstance(bank, SharedBank) else prepare(bank)
    if not include_hidden and (override.get("hidden") or not shared.is_active):
        return None
    return laid_over(shared, override)


def laid_over(shared: SharedBank, override: Mapping[str, Any]) -> MergedBank:
    """The same whether the firm hides the bank or not."""
    values, origins = _laid_over(shared.values, override.get("changes") or {}, BANK_FIELDS)
    return MergedBank(
        code=shared.code,
        values=values,
        origins=origins,
        shared=shared,
        changed_branches=override.get("branches") or {},
        hidden=bool(override.get("hidden")),
        letterhead=override.get("letterhead"),
        empanelment=override.get("empanelment"),
        formats=override.get("formats") or {},
    )


def is_own(change: Mapping[str, Any], *, known: bool) -> bool:
    """Whether an entry of an override's branches is a branch of the firm's own; ``known``: a shared branch
    has its code.
    """
    return bool(change.get("own", not known and "name" in change))


def _laid_over(
    base: Mapping[str, Any], change: Mapping[str, Any], names: tuple[str, ...]
) -> tuple[dict[str, Any], dict[str, Origin]]:
    values: dict[str, Any] = {}
    origins: dict[str, Origin] = {}
    for name in names:
        if name in change:
            values[name], origins[name] = change[name], Origin.FIRM
        elif name in base:
            values[name], origins[name] = base[name], Origin.SHARED
    return values, origins
