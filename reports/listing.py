"""What list pages show: rows without answers, filters, counts. Nothing here loads a whole report."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.db.models import Q

from reports.counts import kept_counts
from reports.models import Report, ReportStatus
from tenants.models import ActivityEntry, User
from tenants.permissions import Permission

PAGE_SIZE = 20
# Work that waits is shown up to this many reports; the list page has the rest.
WORK_LIMIT = 100
MAX_WORDS = 8
ROW_FIELDS = (
    "pk",
    "reference",
    "status",
    "applicant_name",
    "property_address",
    "bank_name",
    "branch_name",
    "format_title",
    "fair_market_value",
    "created_by",
    "created_by_name",
    "submitted_by",
    "submitted_by_name",
    "created_at",
    "updated_at",
    "updated_by_name",
    "submitted_at",
    "approved_at",
    "approved_by_name",
    "issued_at",
)


@dataclass(frozen=True, slots=True)
class Row:
    """One report as lists show it. ``pk`` is 24 hexadecimal digits; money is in the report's currency."""

    pk: str
    reference: str
    status: str
    applicant_name: str
    property_address: str
    bank_name: str
    branch_name: str
    format_title: str
    fair_market_value: Decimal | None
    created_by: str
    created_by_name: str
    submitted_by: str
    submitted_by_name: str
    created_at: datetime
    updated_at: datetime
    updated_by_name: str
    submitted_at: datetime | None
    approved_at: datetime | None
    approved_by_name: str
    issued_at: datetime | None

    def is_of(self, user_id: str) -> bool:
        """Whether that person began or submitted it."""
        return user_id in (self.created_by, self.submitted_by)

    @property
    def valuer(self) -> str:
        """Who answers for it: who submitted it last, else who began it."""
        return self.submitted_by_name or self.created_by_name


@dataclass(frozen=True, slots=True)
class Filters:
    """What the list is narrowed to, as its address says it. Unknown values are as if absent."""

    words: tuple[str, ...] = ()
    mine: bool = False
    status: str = ""
    bank: str = ""

    @classmethod
    def read(cls, query: Mapping[str, str]) -> Filters:
        """From a query string. A search is cut to MAX_WORDS words of at most 60 characters."""
        status = query.get("status", "")
        # MongoDB takes no NUL in a pattern, and nobody looks for one.
        typed = query.get("q", "").replace("\0", " ").casefold()
        words = tuple(word[:60] for word in typed.split()[:MAX_WORDS])
        return cls(
            words=words,
            mine=query.get("mine") == "1",
            status=status if status in ReportStatus.values else "",
            bank=query.get("bank", "")[:20],
        )

    @property
    def any(self) -> bool:
        """Whether anything is narrowed at all."""
        return bool(self.words or self.mine or self.status or self.bank)

    def query(self) -> str:
        """The query string, empty or ending in ``&``."""
        mine = "1" if self.mine else ""
        given = {"q": " ".join(self.words), "mine": mine, "status": self.status, "bank": self.bank}
        text = urlencode({name: value for name, value in given.items() if value})
        return f"{text}&" if text else ""

    def href(self, **changes: Any) -> str:
        """The address of the list with some filters changed."""
        return "?" + replace(self, **changes).query().removesuffix("&")


@dataclass(frozen=True, slots=True)
class Tally:
    """How many reports the words and "mine" leave, by status and bank: {(status, code, name): number}."""

    numbers: Mapping[tuple[str, str, str], int]

    def total(self, *, status: str = "", bank: str = "") -> int:
        """How many of that status and bank; an empty text means any."""
        return sum(
            number
            for (a_status, a_bank, _), number in self.numbers.items()
            if status in ("", a_status) and bank in ("", a_bank)
        )

    def banks(self) -> list[tuple[str, str]]:
        """(code, name) of every bank that occurs, by name."""
        names = {code: name for _, code, name in self.numbers}
        return sorted(names.items(), key=lambda item: item[1].casefold())


def matching(filters: Filters, user_id: str) -> dict[str, Any]:
    """MongoDB's condition for reports that have every word, and are the person's own when asked.

    Any status and bank. Every report has a status: saying so lets the counts be answered from an index.
    """
    wanted: list[dict[str, Any]] = [{"status": {"$gt": ""}}]
    # Escaped: a word is text, never a regular expression.
    wanted += [{"search_text": {"$regex": re.escape(word)}} for word in filters.words]
    if filters.mine:
        wanted.append({"$or": [{"created_by": user_id}, {"submitted_by": user_id}]})
    return {"$and": wanted}


def tally(filters: Filters, user_id: str) -> Tally:
    """Numbers for the page and all its chips. One command, two when they are not kept and could be."""
    if filters.words or filters.mine:
        return Tally(_counted(matching(filters, user_id)))
    return Tally(kept_counts.get(lambda: _counted(matching(Filters(), user_id))))


def _counted(wanted: Mapping[str, Any]) -> dict[tuple[str, str, str], int]:
    grouped = Report.objects.aggregated(
        [
            {"$match": wanted},
            {
                "$group": {
                    "_id": {"status": "$status", "bank": "$bank_code"},
                    # Any name that the bank had; the index gives them without reading a report.
                    "name": {"$first": "$bank_name"},
                    "number": {"$sum": 1},
                }
            },
        ]
    )
    return {(one["_id"]["status"], one["_id"]["bank"], one["name"]): one["number"] for one in grouped}


def rows(filters: Filters, user_id: str, *, start: int = 0, stop: int = PAGE_SIZE) -> list[Row]:
    """The reports from ``start`` to before ``stop``, the latest change first. One command."""
    return to_rows(newest(filters, user_id, ROW_FIELDS, start=start, stop=stop))


def newest(
    filters: Filters, user_id: str, fields: Sequence[str], *, start: int, stop: int
) -> list[dict[str, Any]]:
    """These fields, ``pk`` first, of the reports from ``start`` to before ``stop``. One command.

    Past the ORM, which would project before it sorts, and the server then sorts every report instead of
    walking the index.
    """
    wanted: dict[str, Any] = matching(filters, user_id) if filters.any else {}
    if filters.status:
        wanted["status"] = filters.status
    if filters.bank:
        wanted["bank_code"] = filters.bank
    found = Report.objects.documents(
        wanted, fields[1:], order=[("updated_at", -1), ("_id", -1)], start=start, stop=stop
    )
    for document in found:
        document["pk"] = document.pop("_id")
        if document["fair_market_value"] is not None:
            document["fair_market_value"] = document["fair_market_value"].to_decimal()
    return found


def to_rows(found: Iterable[dict[str, Any]]) -> list[Row]:
    made = []
    for document in found:
        document["pk"] = str(document["pk"])
        made.append(Row(**document))
    return made


@dataclass(frozen=True, slots=True)
class Work:
    """What waits for one person, the longest wait first in each group."""

    returned: list[Row]
    to_review: list[Row]
    to_issue: list[Row]
    drafts: list[Row]
    in_review: list[Row]

    def rows(self) -> Iterator[Row]:
        """All of them."""
        for group in (self.returned, self.to_review, self.to_issue, self.drafts, self.in_review):
            yield from group

    @property
    def waiting(self) -> int:
        """How many reports need this person's hand; those that others are reviewing do not."""
        return len(self.returned) + len(self.to_review) + len(self.to_issue) + len(self.drafts)


def may_review(user: User, *, valuers_may_review: bool) -> bool:
    """Whether the person reviews reports of others at all."""
    return user.can(Permission.REVIEW_REPORTS) or (valuers_may_review and user.can(Permission.SUBMIT_REPORTS))


def work_of(user: User, *, valuers_may_review: bool, own_may_be_approved: bool = False) -> Work:
    """What waits for ``user``: the own drafts, what others submitted, what is approved. One command.

    Where a firm lets people approve what they submitted themselves, that waits for them too.
    """
    me = str(user.pk)
    mine = Q(created_by=me) | Q(submitted_by=me)
    wanted = mine & ~Q(status__in=[ReportStatus.ISSUED, ReportStatus.CANCELLED])
    reviews = may_review(user, valuers_may_review=valuers_may_review)
    if reviews:
        wanted |= Q(status=ReportStatus.IN_REVIEW)
    if user.can(Permission.ISSUE_REPORTS):
        wanted |= Q(status=ReportStatus.APPROVED)
    found = to_rows(Report.objects.filter(wanted).order_by("updated_at").values(*ROW_FIELDS)[:WORK_LIMIT])
    return divide(
        found,
        me,
        reviews=reviews,
        issues=user.can(Permission.ISSUE_REPORTS),
        approves_own=own_may_be_approved and user.can(Permission.SUBMIT_REPORTS),
    )


def divide(found: Iterable[Row], me: str, *, reviews: bool, issues: bool, approves_own: bool = False) -> Work:
    """Sort rows into what ``me`` has to do. Nobody reviews what is their own, unless they may approve it."""
    work = Work([], [], [], [], [])
    for row in found:
        own = row.is_of(me)
        if row.status == ReportStatus.CHANGES_REQUESTED and own:
            work.returned.append(row)
        elif row.status == ReportStatus.DRAFT and own:
            work.drafts.append(row)
        elif row.status == ReportStatus.IN_REVIEW and (approves_own if row.submitted_by == me else reviews):
            work.to_review.append(row)
        elif row.status == ReportStatus.APPROVED and issues:
            work.to_issue.append(row)
        elif row.status in (ReportStatus.IN_REVIEW, ReportStatus.APPROVED) and own:
            work.in_review.append(row)
    return work


def last_actions(user_id: str, limit: int = 30) -> list[ActivityEntry]:
    """What the person did last. Object ids grow with time, so the newest are found by the ids' index."""
    return list(ActivityEntry.objects.filter(actor_id=user_id).order_by("-pk")[:limit])


def timeline(report_id: str, limit: int = 50) -> list[ActivityEntry]:
    """What happened to a report, the newest first. One command."""
    return list(ActivityEntry.objects.filter(report_id=report_id).order_by("-at")[:limit])
