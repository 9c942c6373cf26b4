"""The firm's activity: who did what, when, from where, and from what to what; to read and to take away."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

from bson import ObjectId
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from reports.models import Report
from tenants.access import TenantRequest, firm_page
from tenants.audit import record_audit
from tenants.auditing.actions_known import Category, Kept
from tenants.auditing.exporting import CONTENT_TYPES, firm_lines, of_firm
from tenants.auditing.former import former_addresses
from tenants.auditing.reading import Entry, Page, Place, Wanted, everything, page_of
from tenants.auditing.telling import Told, tell
from tenants.models import User
from tenants.permissions import Feature, Permission
from tenants.plans.limits import FeatureNotIncluded, includes, require_feature

LONGEST_WORDS = 100
# Nothing of a firm is about these.
_OFFERED = [one for one in Category if one not in (Category.BANKS, Category.SYSTEM)]
_DATE_FORMAT = "%Y-%m-%d"


@dataclass(frozen=True, slots=True)
class Filters:
    """What the page is narrowed to, as its address says it. Unknown values are as if absent."""

    person: str = ""
    category: str = ""
    report: str = ""
    since: str = ""
    until: str = ""
    words: str = ""

    @classmethod
    def read(cls, query: Mapping[str, str]) -> Filters:
        """From a query string."""
        category = query.get("category", "")
        return cls(
            person=query.get("person", "")[:24] if ObjectId.is_valid(query.get("person", "")) else "",
            category=category if category in _OFFERED else "",
            # MongoDB takes no NUL, and nobody looks for one.
            report=query.get("report", "").replace("\0", "").strip()[:LONGEST_WORDS],
            since=_day(query.get("since", "")),
            until=_day(query.get("until", "")),
            words=query.get("q", "").replace("\0", "").strip()[:LONGEST_WORDS],
        )

    def given(self) -> dict[str, str]:
        """The filters that are set, by the names in the address."""
        named = {
            "person": self.person,
            "category": self.category,
            "report": self.report,
            "since": self.since,
            "until": self.until,
            "q": self.words,
        }
        return {name: value for name, value in named.items() if value}

    def query(self) -> str:
        """The query string, empty or ending in ``&``."""
        text = urlencode(self.given())
        return f"{text}&" if text else ""


@require_GET
@firm_page(Permission.VIEW_ACTIVITY)
def activity(request: TenantRequest) -> HttpResponse:
    """The latest first. Four commands of its own: people, both records, the numbers of the reports shown.

    One more where a report's number was typed, where a person was chosen, and where the page names an address
    that nobody of the firm has.
    """
    filters = Filters.read(request.GET.dict())
    people = _people(request)
    wanted = _wanted(request, filters, people)
    page = Page([], None)
    if wanted is not None:
        page = page_of(wanted, Place.read(request.GET.get("after", "")))
    names = _names(request, people, page.entries)
    rows = [tell(one, names) for one in page.entries]
    may_export = not request.user.is_staff
    context = {
        "filters": filters,
        "any": bool(filters.given()),
        "query": filters.query(),
        "rows": _with_references(rows),
        "older": str(page.older) if page.older is not None else "",
        "later": bool(request.GET.get("after")),
        "people": people,
        "categories": [(one.value, str(one.label)) for one in _OFFERED],
        "may_export": may_export and includes(request.organization, Feature.ACTIVITY_EXPORT),
        "not_included": may_export and not includes(request.organization, Feature.ACTIVITY_EXPORT),
        "forms": [("activity-csv", "CSV"), ("activity-jsonl", "JSON Lines")],
    }
    return render(request, "reports/activity.html", context)


@require_GET
@firm_page(Permission.VIEW_ACTIVITY)
def activity_export(request: TenantRequest, form: str) -> StreamingHttpResponse:
    """All that the filters leave, as a file (``form``: csv or jsonl); audited.

    Streamed: the database is read as fast as the file is taken. Three commands before it begins, the audit
    entry and its chaining apart.
    """
    if request.user.is_staff:
        raise PermissionDenied("Support looks at the activity; the firm's own people export it.")
    try:
        require_feature(request.organization, Feature.ACTIVITY_EXPORT)
    except FeatureNotIncluded as error:
        raise PermissionDenied(str(error)) from error
    filters = Filters.read(request.GET.dict())
    people = _people(request)
    wanted = _wanted(request, filters, people)
    record_audit(
        "activity.exported",
        by=request.user,
        organization=request.organization,
        target=request.organization.org_id,
        details={"form": form, "filters": filters.given()},
    )
    names = _names_ever(request, people)
    lines = firm_lines(form, _rows(everything(wanted) if wanted is not None else iter(()), names))
    response = StreamingHttpResponse(lines, content_type=CONTENT_TYPES[form])
    name = f"activity-{request.organization.org_id}-{timezone.localdate():{_DATE_FORMAT}}.{form}"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _rows(entries: Iterator[Entry], names: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    for one in entries:
        yield of_firm(one, names)


def _people(request: TenantRequest) -> list[User]:
    """Everybody who is or was in the firm, by name. One command."""
    rows = User.objects.filter(organization=request.organization).values("pk", "name", "email")
    found = [User(pk=row["pk"], name=row["name"], email=row["email"]) for row in rows]
    return sorted(found, key=lambda one: one.name.casefold())


def _names(request: TenantRequest, people: list[User], entries: list[Entry]) -> dict[str, str]:
    """Names by e-mail address. One command where an entry has an address that nobody of the firm has now."""
    names = {one.email: one.name for one in people}
    named = (
        text
        for one in entries
        if one.kept is Kept.AUDIT
        for text in (one.text("actor"), one.text("target"))
        if "@" in text
    )
    return _names_ever(request, people) if any(text not in names for text in named) else names


def _names_ever(request: TenantRequest, people: list[User]) -> dict[str, str]:
    """Names by e-mail address, by former ones too. One command."""
    names = {one.email: one.name for one in people}
    former = former_addresses(request.organization.org_id)
    return {**{old: names[now] for old, now in former.items() if now in names}, **names}


def _wanted(request: TenantRequest, filters: Filters, people: list[User]) -> Wanted | None:
    """What is asked of the records; None when nothing can be it: no such person, or no such report."""
    person = next((one for one in people if str(one.pk) == filters.person), None)
    if filters.person and person is None:
        return None
    report_id = ""
    if filters.report:
        typed = [filters.report, filters.report.upper()]
        found = Report.objects.filter(reference__in=typed).values_list("pk", flat=True).first()
        if found is None:
            return None
        report_id = str(found)
    until = _moment(filters.until)
    return Wanted(
        person_id=filters.person,
        person_emails=_addresses_of(request, person) if person is not None else (),
        category=filters.category,
        report_id=report_id,
        since=_moment(filters.since),
        until=until + timedelta(days=1) if until is not None else None,
        words=filters.words,
        # The system's record has the address where the page says the name.
        targets=tuple(one.email for one in people if filters.words.casefold() in one.name.casefold())
        if filters.words
        else (),
    )


def _addresses_of(request: TenantRequest, person: User) -> tuple[str, ...]:
    """The person's address and all former ones. One command."""
    former = former_addresses(request.organization.org_id)
    return (person.email, *(old for old, now in former.items() if now == person.email))


def _with_references(rows: list[Told]) -> list[tuple[Told, str]]:
    """Each row with its report's number. One command where any is about a report."""
    wanted = {ObjectId(row.report_id) for row in rows if ObjectId.is_valid(row.report_id)}
    references = {}
    if wanted:
        found = Report.objects.filter(pk__in=wanted).values_list("pk", "reference")
        references = {str(pk): reference for pk, reference in found}
    return [(row, references.get(row.report_id, "")) for row in rows]


def _day(text: str) -> str:
    """The text if it is a day (ISO 8601), else nothing."""
    try:
        day = date.fromisoformat(text[:10])
    except ValueError:
        return ""
    # As far as ids can tell the time.
    return day.isoformat() if 1971 <= day.year <= 2100 else ""


def _moment(day: str) -> datetime | None:
    """When the day begins where the firm is."""
    if not day:
        return None
    begins = datetime.combine(date.fromisoformat(day), time(), timezone.get_current_timezone())
    return begins.astimezone(UTC)
