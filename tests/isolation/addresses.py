"""Every address of the firm's side and of the API in one table: who may ask for what, and the right answer.

A row names its pattern as ``reverse`` does. Words in angle brackets stand for something of a firm
(``<draft>``: a draft report of it; see ``world.Names``). What a row does not say follows from its kind:

====  ===================  =================  ============  =======================================
kind  signed out           suspended, staff,  role not in   another firm's object, for roles that
                           no firm            ``who``       may ask
====  ===================  =================  ============  =======================================
PAGE  302 to the sign-in   403                403           404
API   401                  403                403           404
OWN   302 to the sign-in   right but for the  right         right: it is about whoever asks
                           suspended (403)
====  ===================  =================  ============  =======================================

Staff inside a firm, for looking only, get the right answer to a GET whose permission is for looking, and are
refused everything else; pages of a member's own, and exports, are closed to them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from tenants.permissions import Permission, Role
from tests.isolation.world import (
    NO_FIRM,
    NORTH,
    PASSWORD,
    PERSONAS,
    PICTURE,
    RIVALS,
    SIGNED_OUT,
    STAFF,
    STAFF_INSIDE,
    SUSPENDED,
    Persona,
)

Roles = frozenset[str]
# Written out, and compared with the permissions that the roles have.
ALL: Roles = frozenset({Role.MANAGER.value, Role.VALUER.value, Role.ASSISTANT.value, Role.VIEWER.value})
WRITERS: Roles = frozenset({Role.MANAGER.value, Role.VALUER.value, Role.ASSISTANT.value})
VALUERS: Roles = frozenset({Role.MANAGER.value, Role.VALUER.value})
MANAGERS: Roles = frozenset({Role.MANAGER.value})
NONE: Roles = frozenset()


class Kind(StrEnum):
    PAGE = "page"
    API = "api"
    STAFF = "staff"
    # About the person's own account: anybody who is signed in, staff and people without a firm included.
    OWN = "own"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class Answer:
    """A status, and where the answer leads (``<new>``: an id that was not there before)."""

    status: int
    to: str = ""

    def __str__(self) -> str:
        return f"{self.status} {self.to}".strip()


OK = Answer(200)
CREATED = Answer(201, "/api/reports/<new>")
REFUSED = Answer(403)
SIGN_IN_FIRST = Answer(401)
ABSENT = Answer(404)


def leads(to: str) -> Answer:
    """A redirect."""
    return Answer(302, to)


SIGN_IN = leads("/sign-in/?next=<url>")
# Who sends a form without saying from which page comes back to the work list.
SIGN_IN_FROM_FORM = leads("/sign-in/?next=/")


@dataclass(frozen=True, slots=True, kw_only=True)
class Try:
    """One method of an address, and what is sent.

    ``who``: the roles that get the ``right`` answer, where the view asks for a permission of its own; else
    the address's. ``writes``: the roles whose request changes their firm's database; to the others the same
    answer says why not. ``foreign_first``: another firm's object is missed before the role is asked.
    ``also``: databases beyond one's own, the control plane and the shared resources, with the reason.
    """

    method: str = "GET"
    right: Answer = OK
    who: Roles | None = None
    writes: Roles = NONE
    data: Any = None
    json: bool = False
    foreign_first: bool = False
    others: Mapping[Persona, Answer] = field(default_factory=dict)
    also: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.method


@dataclass(frozen=True, slots=True)
class Address:
    """A URL pattern: its name (or its route when it has none), what stands in it, and its methods."""

    name: str
    permission: Permission | None
    who: Roles
    tries: tuple[Try, ...]
    at: tuple[str, ...] = ()
    kind: Kind = Kind.PAGE
    # The permission of writing methods, where an API address has two.
    write_permission: Permission | None = None
    # Why an address asks nobody to sign in.
    reason: str = ""

    @property
    def names_an_object(self) -> bool:
        """Whether it names something that belongs to one firm."""
        return self.kind in (Kind.PAGE, Kind.API) and any(part in FIRM_OBJECTS for part in self.at)

    def __str__(self) -> str:
        return self.name


# What stands in an address for something that one firm has.
FIRM_OBJECTS = frozenset(
    {
        *("<draft>", "<in_review>", "<approved>", "<issued>", "<photograph>", "<document>"),
        *("<colleague>", "<guest>", "<left>"),
    }
)


def expected(address: Address, one: Try, persona: Persona) -> Answer:
    """What ``persona`` is answered when the address names something of the first firm."""
    if persona in one.others:
        return one.others[persona]
    if persona is STAFF_INSIDE:
        return _of_staff_inside(address, one)
    if address.kind is Kind.OPEN:
        return one.right
    if address.kind is Kind.STAFF:
        return _of_staff(one, persona)
    if persona is SIGNED_OUT:
        return _sign_in(address, one)
    if address.kind is Kind.OWN and persona is not SUSPENDED:
        return one.right
    if persona in (SUSPENDED, NO_FIRM, STAFF):
        return REFUSED
    if persona.role not in address.who:
        return REFUSED
    who = address.who if one.who is None else one.who
    foreign = persona in RIVALS and address.names_an_object
    if foreign and (one.foreign_first or persona.role in who):
        return ABSENT
    return one.right if persona.role in who else REFUSED


def _sign_in(address: Address, one: Try) -> Answer:
    if address.kind is Kind.API:
        return SIGN_IN_FIRST
    return SIGN_IN if one.method in ("GET", "HEAD") else SIGN_IN_FROM_FORM


def _of_staff(one: Try, persona: Persona) -> Answer:
    """The admin sends whoever is not staff to its door, which refuses members and asks others to sign in."""
    if persona is STAFF:
        return one.right
    return REFUSED if persona is SUSPENDED else leads("/admin/login/?next=<url>")


# For looking into a firm, and the words in names of pages that support opens in no case.
LOOKING = frozenset({Permission.VIEW_REPORTS, Permission.VIEW_ACTIVITY, Permission.VIEW_USAGE})
CLOSED_TO_SUPPORT = frozenset(
    {"profile", "settings", "signature", "token", "tokens", "export", "csv", "jsonl"}
)


def _of_staff_inside(address: Address, one: Try) -> Answer:
    """In the admin as other staff; in the firm they look, and change nothing."""
    if address.kind is Kind.STAFF:
        return one.right
    if not CLOSED_TO_SUPPORT.isdisjoint(re.split("[:_-]", address.name)):
        return REFUSED
    if address.kind in (Kind.OPEN, Kind.OWN):
        return one.others.get(STAFF, one.right)
    looks = one.method == "GET" and (address.permission is None or address.permission in LOOKING)
    return one.right if looks else REFUSED


def everybody(answer: Answer, *, but: Mapping[Persona, Answer] | None = None) -> Mapping[Persona, Answer]:
    return dict.fromkeys(PERSONAS, answer) | dict(but or {})


GET = (Try(),)
VIEW, DRAFT = Permission.VIEW_REPORTS, Permission.DRAFT_REPORTS
FIRM_FORM = {
    "letterhead_name": "<firm_name> LLP",
    "initials": "XY",
    "reference_pattern": "{initials}/{seq:04}/{FY}",
    "accent": "plum",
}
# The first section, with another applicant.
SECTION = {
    "version": "0",
    "applicant_name": "Another Applicant",
    "purpose": "home_loan",
    "branch": "SBI_MUM_BKC",
    "inspection_date": "2026-11-16",
    "valuation_date": "2026-11-18",
    "report_date": "2026-11-20",
}
NEW_REPORT = {
    "bank": "SBI",
    "branch": "SBI_MUM_BKC",
    "scheme": "general",
    "property_type": "flat",
}
CHANGED_REPORT = {
    "sections": {"common.details": {"base_version": 0, "answers": {"applicant_name": "Another Applicant"}}}
}

# Signing in and out, how pages look --------------------------------------------------------------------

AT_WORK = leads("/")
OPEN = (
    Address(
        "sign-in",
        None,
        ALL,
        (
            Try(right=AT_WORK, others={SIGNED_OUT: OK, STAFF: leads("/admin/")}),
            Try(
                method="POST",
                data={"username": "manager@north-valuers.example", "password": PASSWORD},
                right=AT_WORK,
                others={STAFF: leads("/admin/")},
                also={NORTH: "The settings of whoever signs in here: how pages look."},
            ),
        ),
        kind=Kind.OPEN,
        reason="This is where people sign in.",
    ),
    Address(
        "sign-out",
        None,
        ALL,
        (Try(method="POST", right=leads("/sign-in/")),),
        kind=Kind.OPEN,
        reason="Whoever is signed out already loses nothing.",
    ),
    Address(
        "invitation",
        None,
        ALL,
        (
            Try(right=Answer(410), others={SUSPENDED: REFUSED}),
            Try(
                method="POST",
                data={"new_password1": PASSWORD, "new_password2": PASSWORD},
                right=Answer(410),
                others={SUSPENDED: REFUSED},
            ),
        ),
        at=("nobody", "made-up"),
        kind=Kind.OPEN,
        reason="Who is invited has no password yet: the signed link says who it is.",
    ),
    Address(
        "appearance",
        None,
        ALL,
        (Try(method="POST", data={"theme": "dark"}, right=AT_WORK, others={SUSPENDED: REFUSED}),),
        kind=Kind.OPEN,
        reason="A cookie of the browser's, which the sign-in page obeys too.",
    ),
)

# The firm's pages -------------------------------------------------------------------------------------------

FIRM = (
    Address("work", VIEW, ALL, GET),
    Address(
        "profile",
        VIEW,
        ALL,
        (
            Try(),
            Try(method="POST", data={"name": "Another Name"}, right=leads("/profile/"), writes=ALL),
        ),
    ),
    Address(
        "firm",
        Permission.MANAGE_FIRM,
        MANAGERS,
        (Try(), Try(method="POST", data=FIRM_FORM, right=leads("/firm/"), writes=MANAGERS)),
    ),
    Address("firm-example", Permission.MANAGE_FIRM, MANAGERS, GET),
    Address("firm-logo", VIEW, ALL, GET),
    Address("reports:list", VIEW, ALL, GET),
    Address(
        "reports:new",
        DRAFT,
        WRITERS,
        (
            Try(),
            Try(
                method="POST",
                data={"bank": "SBI", "branch": "SBI_MUM_BKC", "format": "<format>"},
                right=leads("/reports/<new>/edit/common/details/"),
                writes=WRITERS,
            ),
        ),
    ),
)

# One report's pages ---------------------------------------------------------------------------------------

DETAIL, REVIEW = "/reports/<draft>/", "/reports/<in_review>/review/"


def step(
    name: str,
    permission: Permission,
    who: Roles,
    report: str,
    *,
    writes: Roles,
    data: Mapping[str, str] | None = None,
    to: str = "",
) -> Address:
    """A button of a report's page: answers with a redirect whether the step was allowed or not."""
    right = leads(to or f"/reports/{report}/")
    return Address(
        name, permission, who, (Try(method="POST", data=data, right=right, writes=writes),), at=(report,)
    )


REPORTS = (
    Address("reports:detail", VIEW, ALL, GET, at=("<draft>",)),
    Address(
        "reports:section",
        VIEW,
        ALL,
        (
            Try(),
            Try(
                method="POST",
                who=WRITERS,
                data=SECTION,
                right=leads("/reports/<draft>/edit/common/details/"),
                writes=WRITERS,
            ),
        ),
        at=("<draft>", "common", "details"),
    ),
    Address(
        "reports:values",
        DRAFT,
        WRITERS,
        (Try(method="POST", data=SECTION),),
        at=("<draft>", "common", "details"),
    ),
    Address(
        "reports:photographs",
        VIEW,
        ALL,
        (
            Try(),
            Try(
                method="POST",
                who=WRITERS,
                data={"photos": PICTURE},
                right=leads("/reports/<draft>/photographs/"),
                writes=WRITERS,
                foreign_first=True,
            ),
        ),
        at=("<draft>",),
    ),
    Address(
        "reports:photograph",
        DRAFT,
        WRITERS,
        (
            Try(
                method="POST",
                data={"caption": "Another caption"},
                right=leads("/reports/<draft>/photographs/#photo-<photograph>"),
                writes=WRITERS,
            ),
            Try(
                method="POST",
                data={"action": "remove", "confirm": "1"},
                right=leads("/reports/<draft>/photographs/"),
                writes=WRITERS,
            ),
        ),
        at=("<draft>", "<photograph>"),
    ),
    Address("reports:file", VIEW, ALL, GET, at=("<draft>", "<photograph>")),
    Address("reports:thumbnail", VIEW, ALL, GET, at=("<draft>", "<photograph>")),
    Address("reports:preview", VIEW, ALL, GET, at=("<draft>",)),
    Address("reports:preview-page", VIEW, ALL, GET, at=("<draft>", "1")),
    Address("reports:preview-pdf", VIEW, ALL, GET, at=("<draft>",)),
    Address("reports:document", VIEW, ALL, GET, at=("<issued>",)),
    Address("reports:review", VIEW, ALL, GET, at=("<in_review>",)),
    step(
        "reports:comment",
        VIEW,
        ALL,
        "<in_review>",
        writes=MANAGERS,
        data={"path": "common.details", "text": "Which branch?", "next": REVIEW},
        to=REVIEW,
    ),
    step(
        "reports:resolve-comment",
        VIEW,
        ALL,
        "<draft>",
        writes=WRITERS,
        data={"comment": "<comment>", "next": DETAIL},
    ),
    step("reports:submit", Permission.SUBMIT_REPORTS, VALUERS, "<draft>", writes=VALUERS),
    step("reports:return", VIEW, ALL, "<in_review>", writes=MANAGERS, data={"note": "Say more."}),
    step("reports:approve", VIEW, ALL, "<in_review>", writes=MANAGERS),
    step("reports:issue", Permission.ISSUE_REPORTS, MANAGERS, "<approved>", writes=MANAGERS),
    step("reports:cancel", Permission.CANCEL_REPORTS, VALUERS, "<draft>", writes=VALUERS),
)

# The API -------------------------------------------------------------------------------------------------

API = (
    Address("api:me", None, ALL, GET, kind=Kind.API),
    Address("api:banks", VIEW, ALL, GET, kind=Kind.API),
    Address("api:bank", VIEW, ALL, GET, at=("SBI",), kind=Kind.API),
    Address(
        "api:reports",
        VIEW,
        ALL,
        (
            Try(),
            Try(method="POST", who=WRITERS, data=NEW_REPORT, json=True, right=CREATED, writes=WRITERS),
        ),
        kind=Kind.API,
        write_permission=DRAFT,
    ),
    Address(
        "api:report",
        VIEW,
        ALL,
        (
            Try(),
            Try(method="PATCH", who=WRITERS, data=CHANGED_REPORT, json=True, writes=WRITERS),
        ),
        at=("<draft>",),
        kind=Kind.API,
        write_permission=DRAFT,
    ),
    Address("api:schema", None, ALL, GET, kind=Kind.API),
    # A page for people: it sends them to the sign-in.
    Address("api:docs", VIEW, ALL, GET),
)

FIRM_ADDRESSES = (*OPEN, *FIRM, *REPORTS, *API)
