"""A firm's people as their list shows them: one command, fifty at a time, and no field that is not shown."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.core.paginator import Page, Paginator
from django.db import connections

from tenants.models import ApiToken, Organization, Session, User
from tenants.naming import CONTROL_ALIAS
from tenants.people.standing import GONE, State, invitation_ends, invitation_lifetime
from tenants.permissions import Role

PAGE_LENGTH = 50
LONGEST_SEARCH = 100
_ROLES = {role.value: str(role.label) for role in Role}


@dataclass(frozen=True, slots=True)
class Row:
    """One person of the list. ``until`` is when an open invitation ends; ``way`` how they sign in."""

    pk: str
    name: str
    email: str
    role: str
    state: State
    last_login: datetime | None
    until: datetime | None
    way: str

    @property
    def role_label(self) -> str:
        return _ROLES.get(self.role, "")

    @property
    def is_gone(self) -> bool:
        return self.state in GONE


@dataclass(frozen=True, slots=True)
class Filters:
    """What the list is narrowed to; empty: not at all."""

    words: tuple[str, ...] = ()
    role: str = ""
    state: str = ""

    @classmethod
    def of(cls, asked: Mapping[str, str]) -> Filters:
        """Those of a query string; what is no role or state narrows nothing."""
        role, state = asked.get("role", ""), asked.get("state", "")
        return cls(
            # MongoDB takes no NUL, and nobody looks for one.
            words=tuple(asked.get("q", "").replace("\0", " ")[:LONGEST_SEARCH].split()),
            role=role if role in Role.values else "",
            state=state if state in State.values else "",
        )

    @property
    def any(self) -> bool:
        return bool(self.words or self.role or self.state)


@dataclass(frozen=True, slots=True)
class Found:
    """A page of people, and how many there are of each state and role by the other filters."""

    rows: Sequence[Row]
    page: Page[int]
    states: Mapping[str, int]
    roles: Mapping[str, int]
    everybody: int


def find_people(organization: Organization, filters: Filters, *, number: int, now: datetime) -> Found:
    """The ``number``-th page of the organization's people. One command; two for a page beyond the last."""
    found = _aggregate(organization, filters, number, now)
    total = sum(one["count"] for one in found["total"])
    page = Paginator(range(total), PAGE_LENGTH).get_page(number)
    if page.number != number:
        found = _aggregate(organization, filters, page.number, now)
    return Found(
        rows=[_row(one) for one in found["rows"]],
        page=page,
        states={one["_id"]: one["count"] for one in found["states"]},
        roles={one["_id"]: one["count"] for one in found["roles"]},
        everybody=sum(one["count"] for one in found["everybody"]),
    )


def sessions_and_tokens(person: User, now: datetime) -> tuple[int, int]:
    """How many sessions and tokens of the API let the person in now. Two commands."""
    return (
        Session.objects.filter(user_id=person.pk, expire_date__gt=now).count(),
        ApiToken.objects.filter(user_id=person.pk, revoked_at=None, expires_at__gt=now).count(),
    )


def _aggregate(organization: Organization, filters: Filters, number: int, now: datetime) -> dict[str, Any]:
    collection = connections[CONTROL_ALIAS].get_collection(User._meta.db_table)  # type: ignore[attr-defined]
    words, role, state = _matching(filters)
    skipped = (number - 1) * PAGE_LENGTH
    pipeline: list[dict[str, Any]] = [
        {"$match": {"org_id": organization.org_id, "is_staff": False}},
        {"$project": _shown(now)},
        {
            "$facet": {
                "rows": [
                    {"$match": {**words, **role, **state}},
                    {"$set": {"gone": {"$in": ["$state", [*GONE]]}}},
                    {"$sort": {"gone": 1, "name": 1, "_id": 1}},
                    {"$skip": skipped},
                    {"$limit": PAGE_LENGTH},
                ],
                "total": [{"$match": {**words, **role, **state}}, {"$count": "count"}],
                "states": [{"$match": {**words, **role}}, {"$sortByCount": "$state"}],
                "roles": [{"$match": {**words, **state}}, {"$sortByCount": "$role"}],
                "everybody": [{"$count": "count"}],
            }
        },
    ]
    with collection.aggregate(pipeline, collation={"locale": "en", "strength": 2}) as answer:
        found: dict[str, Any] = next(answer)
    return found


def _matching(filters: Filters) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """Conditions for the words, the role and the state; every word occurs in the name or the address."""
    each = [
        {"$or": [{field: {"$regex": re.escape(word), "$options": "i"}} for field in ("name", "email")]}
        for word in filters.words
    ]
    return (
        {"$and": each} if each else {},
        {"role": filters.role} if filters.role else {},
        {"state": filters.state} if filters.state else {},
    )


def _shown(now: datetime) -> dict[str, Any]:
    """The fields of a row, with the state by the rules of ``standing.state_of``; the password stays there."""
    password = {"$substrCP": [{"$ifNull": ["$password", UNUSABLE_PASSWORD_PREFIX]}, 0, 1]}
    has_password = {"$ne": [password, UNUSABLE_PASSWORD_PREFIX]}
    openid = {"$gt": [{"$ifNull": ["$cognito_id", ""]}, ""]}
    way_in = {"$or": [has_password, openid]}
    is_open = {"$gt": ["$invited_at", now - invitation_lifetime()]}
    return {
        **dict.fromkeys(("name", "email", "role", "last_login", "invited_at"), 1),
        "has_password": has_password,
        "openid": openid,
        "state": {
            "$switch": {
                "branches": [
                    {"case": {"$and": ["$is_active", way_in]}, "then": State.ACTIVE.value},
                    {"case": {"$and": ["$is_active", is_open]}, "then": State.INVITED.value},
                    {"case": "$is_active", "then": State.EXPIRED.value},
                    {"case": way_in, "then": State.DEACTIVATED.value},
                ],
                "default": State.WITHDRAWN.value,
            }
        },
    }


def _row(found: Mapping[str, Any]) -> Row:
    state, invited_at = State(found["state"]), _aware(found.get("invited_at"))
    return Row(
        pk=str(found["_id"]),
        name=found["name"],
        email=found["email"],
        role=found["role"],
        state=state,
        last_login=_aware(found.get("last_login")),
        until=invitation_ends(invited_at) if state is State.INVITED and invited_at else None,
        way=way_of(has_password=found["has_password"], openid=found["openid"]),
    )


def _aware(moment: datetime | None) -> datetime | None:
    """A time as the driver gives it, in UTC without saying so."""
    return moment.replace(tzinfo=UTC) if moment is not None else None


def way_of(*, has_password: bool, openid: bool) -> str:
    """How somebody signs in, in words; empty while they never did."""
    ways = [words for words, used in (("Password", has_password), ("Single sign-on", openid)) if used]
    return " or ".join(ways)
