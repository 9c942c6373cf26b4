"""What the firm's pages of banks show, read with few commands; each function says how many it costs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from hashlib import sha256
from typing import Any

from django.db import connections
from django.utils import timezone

from banks.branches import literally
from banks.formats.changing import node_at
from banks.formats.fitting import fitting, fitting_together
from banks.formats.overriding import DAYS
from banks.managed import ChangedPlace, ManagedBank, changed_in_format, managed
from banks.merging import BANK_FIELDS, BRANCH_FIELDS, MergedBank, MergedBranch, merge_bank, prepare
from banks.models import BankOverride, BankType, Format, FormatStatus
from banks.pages import telling
from banks.pages.format_forms import parameter_label, parameter_told
from banks.places import Place, parse
from banks.queries import FormatSummary, published_formats, shared_bank
from tenants.naming import SHARED_ALIAS
from tenants.shared_cache import shared_cache

# From so long before its end an empanelment is pointed out.
ENDS_SOON = timedelta(days=60)
# How many branches of one bank a search over all banks shows.
MOST_HITS_OF_A_BANK = 8
MOST_HITS = 30
_BRANCH = ("code", "is_active", *BRANCH_FIELDS)
_SEARCHED = ("code", "name", "ifsc", "street", "area", "city", "district", "state", "pin_code")

# What banks.places calls otherwise.
_WORDS = {"label": "wording", "default": "answer beforehand", "minimum": "least", "maximum": "most"}

Override = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ListedBank:
    """A line of the list. ``look``: how many changes have another value under them than when they were made.

    ``ends`` is the last day of the empanelment; ``standing`` is ``over``, ``soon`` or empty.
    """

    code: str
    name: str
    short_name: str
    type: str
    branches: int
    formats: int
    changes: int
    look: int
    hidden: bool
    number: str
    ends: date | None
    standing: str
    version: int


@dataclass(frozen=True, slots=True)
class BranchHit:
    """A branch that a search over all banks found."""

    bank: MergedBank
    branch: MergedBranch


def banks_listed(today: date) -> tuple[list[ListedBank], list[MergedBank]]:
    """Every active bank as the firm sees it, hidden ones too, by name; and the merged banks behind them.

    The merged banks have those branches only that the firm says something of. Two commands, one more for the
    list of formats and one for each format that the firm changes where they are not kept.
    """
    overrides = _all_overrides()
    formats: dict[str, list[FormatSummary]] = {}
    for summary in published_formats():
        formats.setdefault(summary.bank_code, []).append(summary)
    listed, merged = [], []
    for stored in _shared_with(_changed_branches(overrides)):
        override = overrides.get(stored["code"], {})
        shared = prepare(stored)
        bank = merge_bank(shared, override, include_hidden=True)
        if bank is None:
            continue
        one = managed(shared, bank, override, formats.get(bank.code, ()))
        known = len(shared.listed)
        branches = int(stored["count"]) - known + len(bank.branches)
        listed.append(_listed(one, override, branches, today, formats.get(bank.code, ())))
        merged.append(bank)
    return sorted(listed, key=lambda one: one.name.casefold()), merged


def _all_overrides() -> dict[str, Override]:
    return {one["bank_code"]: one for one in BankOverride.objects.values()}


def _changed_branches(overrides: Mapping[str, Override]) -> tuple[str, ...]:
    return tuple(sorted({code for one in overrides.values() for code in one["branches"] or {}}))


def _shared_with(codes: tuple[str, ...]) -> Sequence[Mapping[str, Any]]:
    """The active banks with the number of their branches and those branches alone that ``codes`` name."""
    active = {"$ne": ["$$one.is_active", False]}
    named = {"$in": ["$$one.code", list(codes)]}
    branches = {"$ifNull": ["$branches", []]}

    def read() -> Sequence[Mapping[str, Any]]:
        pipeline: list[dict[str, Any]] = [
            {"$match": {"is_active": True}},
            {
                "$project": {
                    **dict.fromkeys(("code", "is_active", *BANK_FIELDS), 1),
                    "count": {"$size": {"$filter": {"input": branches, "as": "one", "cond": active}}},
                    "branches": {"$filter": {"input": branches, "as": "one", "cond": named}},
                }
            },
        ]
        return tuple({**one, "branches": _plain(one["branches"])} for one in _banks().aggregate(pipeline))

    # A firm's own branches are among the codes, and their names are nobody else's.
    digest = sha256("\n".join(codes).encode()).hexdigest()
    return shared_cache.get(("banks listed", digest), read)


def _banks() -> Any:
    return connections[SHARED_ALIAS].get_collection("banks")  # type: ignore[attr-defined]


def _plain(branches: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [{name: branch[name] for name in _BRANCH if name in branch} for branch in branches]


def _listed(
    one: ManagedBank, override: Override, branches: int, today: date, formats: Sequence[FormatSummary]
) -> ListedBank:
    places = list(format_places(override, formats)) if override.get("formats") else []
    empanelment = one.empanelment or {}
    ends = day_of(empanelment.get("until"))
    return ListedBank(
        code=one.code,
        name=one.name,
        short_name=one.bank.short_name,
        type=type_label(one.values.get("bank_type")),
        branches=branches,
        formats=len(one.formats),
        changes=len(one.changes) + sum(each.changed for each in one.formats),
        look=len(one.stale) + sum(1 for place in places if place.stale or place.problem),
        hidden=one.hidden,
        number=str(empanelment.get("number") or ""),
        ends=ends,
        standing=standing_of(ends, today),
        version=one.version,
    )


def type_label(value: Any) -> str:
    """The bank's type in words."""
    return dict(BankType.choices).get(str(value or ""), "")


def day_of(text: Any) -> date | None:
    """An ISO day, or None."""
    try:
        return date.fromisoformat(str(text)) if text else None
    except ValueError:
        return None


def standing_of(ends: date | None, today: date) -> str:
    """``over`` after the empanelment's last day, ``soon`` when that is near, else empty."""
    if ends is None:
        return ""
    if ends < today:
        return "over"
    return "soon" if ends - today <= ENDS_SOON else ""


def branches_of_all(words: Sequence[str], banks: Iterable[MergedBank]) -> list[BranchHit]:
    """Branches of the visible banks that have every word in code, name, IFSC or address. One command.

    ``banks`` are those that ``banks_listed`` gave.
    """
    by_code = {bank.code: bank for bank in banks if not bank.hidden}
    hits: list[BranchHit] = []
    for found in _banks().aggregate(_search(words)):
        bank = by_code.pop(found["code"], None)
        if bank is not None:
            hits += _hits(bank, words, _plain(found["branches"]))
    for bank in by_code.values():
        hits += _hits(bank, words, [])
    return sorted(hits, key=lambda hit: (hit.branch.name.casefold(), hit.bank.code))[:MOST_HITS]


def _hits(bank: MergedBank, words: Sequence[str], found: Sequence[Mapping[str, Any]]) -> Iterator[BranchHit]:
    """The shared branches found, and those that the firm says something of as the firm has them."""
    untouched = [branch for branch in found if branch["code"] not in bank.changed_branches]
    shared = merge_bank({"code": bank.code, "branches": untouched})
    branches = [*(shared.branches if shared else ()), *bank.find(" ".join(words))[0]]
    return (BranchHit(bank, branch) for branch in branches[:MOST_HITS_OF_A_BANK])


def _search(words: Sequence[str]) -> list[dict[str, Any]]:
    texts = [{"$ifNull": [f"$$one.{name}", ""]} for name in _SEARCHED]
    text = {"$concat": [part for each in texts for part in (each, " ")]}
    # Every word stands for itself, never for a pattern.
    each = [{"$regexMatch": {"input": text, "regex": literally(word), "options": "i"}} for word in words]
    condition = {"$and": [{"$ne": ["$$one.is_active", False]}, *each]}
    branches = {"$ifNull": ["$branches", []]}
    hits = {"$filter": {"input": branches, "as": "one", "cond": condition}}
    return [
        {"$match": {"is_active": True}},
        {"$project": {"code": 1, "branches": {"$slice": [hits, MOST_HITS_OF_A_BANK * 2]}}},
        {"$match": {"branches": {"$ne": []}}},
    ]


# One bank ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class BankPage:
    """A bank as its page shows it, hidden by the firm or not; ``places``: all that the firm changes."""

    managed: ManagedBank
    override: Override
    formats: Sequence[FormatSummary]
    places: Sequence[ChangedPlace]

    @property
    def bank(self) -> MergedBank:
        return self.managed.bank

    @property
    def version(self) -> int:
        return self.managed.version


def bank_page(code: str, *, with_places: bool = True) -> BankPage | None:
    """The bank of that code as the firm manages it, or None.

    One command, and one more for what is not kept of the bank, of its formats, and of each format that the
    firm changes.
    """
    shared = shared_bank(code)
    if shared is None or not shared.is_active:
        return None
    override: Override = BankOverride.objects.filter(bank_code=code).values().first() or {}
    bank = merge_bank(shared, override, include_hidden=True)
    if bank is None:
        return None
    formats = published_formats(code)
    one = managed(shared, bank, override, formats)
    places = [*one.changes, *format_places(override, formats)] if with_places else ()
    return BankPage(one, override, formats, tuple(places))


def format_places(override: Override, formats: Iterable[FormatSummary]) -> Iterator[ChangedPlace]:
    """What the firm changes of the formats, one by one. Commands as ``content_of`` for those changed."""
    changed = override.get("formats") or {}
    under = override.get("under") or {}
    for summary in formats:
        own = changed.get(summary.name)
        content = content_of(summary) if own else None
        if not own or content is None:
            continue
        firm, problems = fitting(content, own.get("all") or {})
        yield from changed_in_format(content, summary.name, "", own.get("all") or {}, under, problems)
        for code, changes in (own.get("branches") or {}).items():
            _, more = fitting_together(content, firm, changes)
            yield from changed_in_format(content, summary.name, code, changes, under, more)


def content_of(summary: FormatSummary) -> Mapping[str, Any] | None:
    """A published format's content, to be read and not changed. One command, none when it is kept."""

    def read() -> Mapping[str, Any] | None:
        found = Format.objects.filter(pk=summary.id).values("content").first()
        return None if found is None else dict(found["content"])

    return shared_cache.get(("format content", summary.id), read)


def since_of(code: str) -> Mapping[str, date]:
    """By the id of a published format of the bank, the day since which it is in force.

    One command, none when it is kept.
    """

    def read() -> Mapping[str, date]:
        rows = Format.objects.filter(bank_code=code, status=FormatStatus.PUBLISHED)
        days = {}
        for row in rows.values("pk", "effective_from", "published_at"):
            day = row["effective_from"] or (row["published_at"] and timezone.localdate(row["published_at"]))
            if day:
                days[str(row["pk"])] = day
        return days

    return shared_cache.get(("formats since", code), read)


def place_label(place: ChangedPlace, page: BankPage) -> str:
    """A change's place in words that name branch, format and question as people know them."""
    where = parse(place.place)
    word = _WORDS.get(where.field) or (Place("bank", where.field).label if where.field else "")
    match where.kind:
        case "branch":
            branch = page.bank.branch(where.branch or "", include_hidden=True)
            name = branch.name if branch else where.branch
            return f"{name}: {word}" if word else f"{name}, your own branch"
        case "format":
            return _format_label(place, where, word, page)
        case "bank" if where.field == "city":
            return "Head office"
        case _:
            return f"{word[:1].upper()}{word[1:]}" or where.label


def _format_label(place: ChangedPlace, where: Place, word: str, page: BankPage) -> str:
    summary = next((one for one in page.formats if one.name == where.format_name), None)
    title = summary.title if summary else where.format_name
    branch = page.bank.branch(where.branch, include_hidden=True) if where.branch else None
    whom = f", for {branch.name if branch else where.branch}" if where.branch else ""
    if where.field == "parameter":
        return f"{title}: {parameter_label(where.path)}{whom}"
    if where.field == "added":
        return f"{title}: question of your own{whom}"
    content = content_of(summary) if summary else None
    node = node_at(content, where.path) if content else None
    question = str((node or {}).get("label") or where.path)
    what = f"“{question}”" if where.field == "hidden" else f"{word} of “{question}”"
    return f"{title}: {what}{whom}"


def place_value(place: ChangedPlace, value: Any) -> str:
    """A value of a change in words."""
    where = parse(place.place)
    if where.field == "added":
        return str(((value or {}).get("field") or {}).get("label") or telling.NOTHING)
    if where.kind == "branch" and not where.field:
        return str((value or {}).get("name") or telling.NOTHING)
    if where.field == "bank_type":
        return type_label(value) or telling.NOTHING
    if where.field == "parameter" and value is not None:
        return parameter_told(where.path, value)
    if where.field in DAYS:
        return telling.day(value)
    if where.field == "hidden":
        return ("not asked" if where.kind == "format" else "hidden") if value else "shown"
    return telling.value_told(value)


# One format --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SharedFormat:
    """A format in force as the bank has it, with the bank as the firm sees it."""

    bank: MergedBank
    summary: FormatSummary
    content: Mapping[str, Any]
    branch_name: str

    @property
    def bank_code(self) -> str:
        return self.bank.code

    @property
    def bank_name(self) -> str:
        return self.bank.name

    @property
    def title(self) -> str:
        return self.summary.title

    @property
    def scheme(self) -> str:
        return self.summary.scheme

    @property
    def property_type(self) -> str:
        return self.summary.property_type

    @property
    def name(self) -> str:
        return self.summary.name


def format_of(page: BankPage, format_name: str, *, branch_code: str = "") -> SharedFormat | None:
    """A format in force of the bank; None when there is none of that name, or no such branch.

    One command where the content is not kept.
    """
    summary = next((one for one in page.formats if one.name == format_name), None)
    branch = page.bank.branch(branch_code, include_hidden=True) if branch_code else None
    content = content_of(summary) if summary else None
    if summary is None or content is None or (branch_code and branch is None):
        return None
    return SharedFormat(page.bank, summary, content, branch.name if branch else "")
