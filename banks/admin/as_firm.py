"""A bank as one firm sees it: what all share with what the firm changes laid over it, and where each is from.

To read only. The firm is activated for the time of reading, so its own database answers; that staff looked is
in the audit trail.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from pymongo.errors import PyMongoError

from banks.formats.changing import node_at
from banks.formats.overriding import CHANGEABLE, LIMITS, field_nodes, said_of
from banks.formats.problems import FormatProblem
from banks.managed import ManagedBank, ManagedBranch, count_of
from banks.merging import BANK_FIELDS, BRANCH_FIELDS, MergedBank, MergedBranch, Origin, merge_bank
from banks.models import Bank, BankOverride, BankType, Branch
from banks.queries import MergedFormat, bank_to_manage, merged_format
from tenants.admin.base import StaffAdmin, Tool, staff_of
from tenants.admin.health import WITHOUT_DATA
from tenants.audit import record_audit
from tenants.context import activate, know_shared_revision, no_organization, shared_revision
from tenants.errors import TenancyError
from tenants.middleware import is_unreachable
from tenants.models import Organization
from tenants.mongodb.reachability import clusters
from tenants.operations.schema import can_be_served

BRANCHES_A_PAGE = 50
LOOKING = "support"
_EMPANELMENT = ("number", "category", "since", "until", "remarks")


@dataclass(frozen=True, slots=True)
class Value:
    """One value of the merged bank, branch or format; ``shared`` is what lies under the firm's own."""

    label: str
    value: Any
    origin: str
    is_own: bool = False
    shared: Any = None


@dataclass(frozen=True, slots=True)
class FieldShown:
    """A field of a format: ``attributes`` are those that the firm changes."""

    path: str
    label: str
    type: str
    origin: str
    is_own: bool
    attributes: tuple[Value, ...] = ()


@dataclass(slots=True)
class SectionShown:
    label: str
    fields: list[FieldShown] = field(default_factory=list)

    @property
    def changed(self) -> int:
        return sum(1 for one in self.fields if one.is_own or one.attributes)


@dataclass(frozen=True, slots=True)
class Wish:
    """What staff want to see: of which firm, and more of which branch and format."""

    org_id: str
    branch: str
    format_name: str
    search: str
    page: str

    @classmethod
    def of(cls, request: HttpRequest) -> Wish:
        names = ("organization", "branch", "format", "search", "page")
        return cls(*(request.GET.get(name, "").strip()[:200] for name in names))


def in_words(origin: Origin, *, of_format: bool = False) -> str:
    """As the firm reads it, told to somebody else: “the firm's”."""
    words = origin.words_in_format if of_format else origin.words
    return words.replace("your firm", "the firm")


class AsFirmPages(StaffAdmin[Bank]):
    """The page “as a firm sees it”, for BankAdmin to inherit."""

    def as_firm_urls(self) -> list[URLPattern]:
        return [
            path("as-firm/", self.page(self.all_as_firm_view), name=self.url_name("all_as_firm")),
            path("<path:object_id>/as-firm/", self.page(self.as_firm_view), name=self.url_name("as_firm")),
        ]

    def as_firm_tools(self, bank: Bank) -> list[Tool]:
        return [Tool(self.url("as_firm", bank.pk), "As a firm sees it…")]

    def all_as_firm_view(self, request: HttpRequest) -> HttpResponse:
        """Ask for the firm; list all banks, hidden and inactive ones too, and what it changes of each.

        With a firm: the session, the firms, the firm, 3 commands for the audit, 1 for the banks and 1 in the
        firm's database.
        """
        if not self.has_view_permission(request):
            raise PermissionDenied
        context = self._framed(request, "Banks as a firm sees them", None, self.url("changelist"))
        return self._answered(request, context, lambda wish: _all_shown(), "")

    def as_firm_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask for the firm; show the bank as it sees it, and one branch or format in whole on demand.

        With a firm: the session, the bank, the firms, the firm, 3 commands for the audit, 1 in the firm's
        database; with a format 1 more there and 1 for its content; and what is not kept of the shared data.
        """
        bank = self.found(request, object_id)
        if isinstance(bank, HttpResponse):
            return bank
        context = self._framed(request, "As a firm sees it", bank, self.url("change", bank.pk))
        return self._answered(request, context, lambda wish: _shown(bank, wish), bank.code)

    def _framed(self, request: HttpRequest, title: str, bank: Bank | None, back: str) -> dict[str, Any]:
        firms = Organization.objects.exclude(status__in=WITHOUT_DATA).order_by("name")
        return {
            **self.admin_site.each_context(request),
            "title": title,
            "subtitle": None if bank is None else str(bank),
            "opts": self.opts,
            "original": bank,
            "back": back,
            "media": self.media,
            "firms": list(firms.values("org_id", "name")),
            "wish": Wish.of(request),
        }

    @staticmethod
    def _answered(
        request: HttpRequest, context: dict[str, Any], shown: Callable[[Wish], dict[str, Any]], target: str
    ) -> HttpResponse:
        """The page, with what ``shown`` gives while the chosen firm is active, or why there is none."""
        status = 200
        wish: Wish = context["wish"]
        if wish.org_id:
            try:
                organization = _firm_of(wish)
                _record(request, organization, wish, target)
                with looking_at(organization):
                    context |= {"firm": organization, **shown(wish)}
            except CannotLook as error:
                context["problem"], status = str(error), 404
            except (PyMongoError, DatabaseError, TenancyError) as error:
                if not is_unreachable(error):
                    raise
                context["problem"] = "The cluster of this firm does not answer. Try again when it does."
                status = 503
        template = "admin/banks/bank/as_firm.html" if target else "admin/banks/bank/all_as_firm.html"
        return TemplateResponse(request, template, context, status=status)


class CannotLook(TenancyError):
    """The firm has no database, or one that this release cannot read; the message says the way out."""


def _firm_of(wish: Wish) -> Organization:
    organization = Organization.objects.filter(org_id=wish.org_id).first()
    if organization is None or organization.status in WITHOUT_DATA:
        raise CannotLook(f"There is no firm “{wish.org_id}” with a database. Choose one of the list.")
    if not can_be_served(organization):
        raise CannotLook(
            f"The database of {organization} is at a version that this release cannot read. Migrate it "
            "first, then look again."
        )
    return organization


def _record(request: HttpRequest, organization: Organization, wish: Wish, target: str) -> None:
    record_audit(
        "bank.viewed_as_firm",
        by=staff_of(request),
        organization=organization,
        target=target or "all banks",
        details={"branch": wish.branch, "format": wish.format_name},
    )


@contextmanager
def looking_at(organization: Organization) -> Iterator[None]:
    """The firm active, for reading and nothing else, whatever was active before.

    Raises ClusterUnreachable at once where the cluster is known not to answer.
    """
    revision = shared_revision()
    reachability = clusters[organization.address_setting]
    reachability.require()
    try:
        with no_organization():
            if revision is not None:
                know_shared_revision(revision)
            activate(organization.placement, read_only=LOOKING)
            yield
    finally:
        reachability.leave()


@dataclass(frozen=True, slots=True)
class BankShown:
    """A bank in the list of all: as the firm sees it, and how much of that is the firm's."""

    pk: Any
    bank: MergedBank
    is_active: bool
    changed: int
    own_branches: int
    branches: int
    formats: int


def _all_shown() -> dict[str, Any]:
    overrides = {one["bank_code"]: one for one in BankOverride.objects.values()}
    rows = Bank.objects.order_by("name").values("pk", "code", "is_active", *BANK_FIELDS)
    changes: list[tuple[Mapping[str, Any], Mapping[str, Any]]] = [
        (row, overrides.get(row["code"], {})) for row in rows
    ]
    merged = ((row, merge_bank(row, change, include_hidden=True), change) for row, change in changes)
    return {"banks": [_bank_shown(row, bank, change) for row, bank, change in merged if bank is not None]}


def _bank_shown(row: Mapping[str, Any], bank: MergedBank, override: Mapping[str, Any]) -> BankShown:
    branches = (override.get("branches") or {}).values()
    formats = override.get("formats") or {}
    # The branches themselves were not read: whoever is the firm's own says so in its entry.
    own = sum(1 for one in branches if one.get("own"))
    return BankShown(
        pk=row["pk"],
        bank=bank,
        is_active=row["is_active"],
        changed=len(override.get("changes") or {}),
        own_branches=own,
        branches=len(branches) - own,
        formats=sum(count_of(part) for one in formats.values() for part in _parts(one)),
    )


def _parts(of_format: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The FormatChanges of a format: for all branches, and for single ones."""
    yield of_format.get("all") or {}
    yield from (of_format.get("branches") or {}).values()


def _shown(bank: Bank, wish: Wish) -> dict[str, Any]:
    managed = bank_to_manage(bank.code)
    if managed is None:
        raise CannotLook(f"{bank} does not exist any more.")
    found, number = managed.bank.find(wish.search, *_span(wish.page), include_hidden=True)
    page = Paginator(range(number), BRANCHES_A_PAGE).get_page(wish.page)
    if page.number != _number(wish.page):
        found, _ = managed.bank.find(
            wish.search, page.start_index() - 1, page.end_index(), include_hidden=True
        )
    context: dict[str, Any] = {
        "managed": managed,
        "values": list(_bank_values(managed)),
        "empanelment": _named(managed.empanelment, _EMPANELMENT),
        "letterhead": _named(managed.letterhead, tuple(managed.letterhead or ())),
        "branches": [_with_marks(one) for one in found],
        "branches_page": page,
        "branches_found": number,
    }
    if wish.branch:
        branch = managed.branch(wish.branch)
        context["branch"] = branch
        context["branch_values"] = list(_branch_values(branch)) if branch else ()
    if wish.format_name:
        context |= _format_shown(bank.code, wish)
    return context


def _format_shown(bank_code: str, wish: Wish) -> dict[str, Any]:
    try:
        merged = merged_format(bank_code, wish.format_name, wish.branch)
    except FormatProblem as error:
        return {"format_problems": error.problems}
    if merged is None:
        return {"format_problems": [f"The bank has no format “{wish.format_name}” in force."]}
    return {
        "format": merged,
        "parameters": list(_parameters(merged)),
        "sections": list(_sections(merged)),
        "hidden_fields": [
            (path, (node_at(merged.shared_content, path) or {}).get("label", path), in_words(origin))
            for path, origin in sorted(merged.hidden.items())
        ],
    }


def _bank_values(managed: ManagedBank) -> Iterator[Value]:
    types = dict(BankType.choices)
    for name in BANK_FIELDS:
        yield _value(Bank, name, managed.values, managed.origins, managed.shared, words=types)


def _branch_values(branch: ManagedBranch) -> Iterator[Value]:
    for name in BRANCH_FIELDS:
        if name in branch.values:
            yield _value(Branch, name, branch.values, branch.origins, branch.shared)


def _value(
    model: Any,
    name: str,
    values: Mapping[str, Any],
    origins: Mapping[str, Origin],
    shared: Mapping[str, Any],
    words: Mapping[str, str] | None = None,
) -> Value:
    origin = origins.get(name, Origin.SHARED)
    label = str(model._meta.get_field(name).verbose_name)
    said = words or {}
    value, under = values.get(name), shared.get(name)
    return Value(
        f"{label[:1].upper()}{label[1:]}",
        said.get(str(value), value),
        in_words(origin),
        origin.is_own,
        said.get(str(under), under) if origin.is_own else None,
    )


def _named(values: Mapping[str, Any] | None, names: tuple[str, ...]) -> list[tuple[str, Any]]:
    given = values or {}
    order = [*names, *(name for name in given if name not in names)]
    return [(name.replace("_", " ").capitalize(), given[name]) for name in order if given.get(name)]


def _with_marks(branch: MergedBranch) -> tuple[MergedBranch, str]:
    """A branch and, in a word, what the firm did to it."""
    if branch.hidden:
        return branch, "hidden by the firm"
    if branch.own:
        return branch, "the firm's own"
    return branch, "changed by the firm" if branch.changed else ""


def _parameters(merged: MergedFormat) -> Iterator[Value]:
    under = merged.shared_content.get("parameters", {})
    for name, value in sorted(merged.content.get("parameters", {}).items()):
        origin = merged.origins.get(f"parameters.{name}", Origin.FORMAT)
        shared = under.get(name) if origin.is_own else None
        yield Value(name, value, in_words(origin, of_format=True), origin.is_own, shared)


def _sections(merged: MergedFormat) -> Iterator[SectionShown]:
    """The sections of the merged format with their fields, parts of groups and tables among them."""
    labels = {
        f"{tab['id']}.{section['id']}": f"{tab['label']}: {section['label']}"
        for tab in merged.content["tabs"]
        for section in tab["sections"]
    }
    shown = {key: SectionShown(label) for key, label in labels.items()}
    for path_of_field, node in field_nodes(merged.content):
        section = ".".join(path_of_field.split(".")[:2])
        shown[section].fields.append(_field(merged, path_of_field, node))
    yield from (one for one in shown.values() if one.fields)


def _field(merged: MergedFormat, path_of_field: str, node: Mapping[str, Any]) -> FieldShown:
    origin = merged.origins.get(path_of_field, Origin.FORMAT)
    under = node_at(merged.shared_content, path_of_field) or {}
    changed = []
    for name in (*CHANGEABLE, *LIMITS):
        of_attribute = merged.origins.get(f"{path_of_field}.{name}")
        if of_attribute is not None and of_attribute.is_own and not origin.is_own:
            changed.append(
                Value(
                    name.replace("_", " "),
                    said_of(node, name),
                    in_words(of_attribute, of_format=True),
                    True,
                    said_of(under, name),
                )
            )
    return FieldShown(
        path_of_field,
        str(node.get("label", "")),
        str(node.get("type", "")).replace("_", " "),
        in_words(origin, of_format=True),
        origin.is_own,
        tuple(changed),
    )


def _number(page: str) -> int:
    return int(page) if page.isdecimal() and page != "0" else 1


def _span(page: str) -> tuple[int, int]:
    start = (_number(page) - 1) * BRANCHES_A_PAGE
    return start, start + BRANCHES_A_PAGE
