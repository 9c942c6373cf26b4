"""Sessions that bring their person and organization along: one command tells who is asking, and from where.

A signed-in page asks the control plane once, and what it learns is as fresh as the answer: somebody who was
removed or demoted, or whose firm was suspended, is refused on the very next request. Nothing of it is cached.
"""

from __future__ import annotations

import contextvars
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from bson import ObjectId
from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends import db
from django.contrib.sessions.backends.base import CreateError, UpdateError
from django.db import connections
from django.db.models import QuerySet
from django.db.utils import IntegrityError
from django.utils import timezone

from tenants.models import Organization, Revision, Session, SupportSession, User
from tenants.models.sessions import SHARED
from tenants.mongodb.documents import instance_from_document
from tenants.naming import CONTROL_ALIAS
from tenants.origin import origin

# The key of a session's data that says how its person signed in: "password" when it is absent.
SIGNED_IN_BY = "signed_in_by"
_SAVED = (
    "session_data",
    "expire_date",
    "user_id",
    "public_id",
    "signed_in_at",
    "last_seen_at",
    "signed_in_by",
    "ip",
    "agent",
)

_person: contextvars.ContextVar[User | None] = contextvars.ContextVar("person_of_session", default=None)


@dataclass(frozen=True, slots=True)
class _SignIn:
    """Whose sign-in a session stands for, what lists call it, and from where it was."""

    user_id: ObjectId
    public_id: str
    at: datetime
    ip: str
    agent: str


class SessionStore(db.SessionStore):
    """Django's database sessions, loaded together with the person they belong to.

    One ends ``SESSION_IDLE_SECONDS`` after it was last used and ``SESSION_ABSOLUTE_SECONDS`` after its person
    signed in, whatever the cookie says; each new key begins a new sign-in.
    """

    # Who the loaded session belongs to, organization included; None when nobody or nothing was loaded.
    person: User | None = None
    # The revision of the shared resources as of then; None when nothing was loaded.
    shared_revision: int | None = None
    # How the person signed in; None while nobody has with this key.
    _sign_in: _SignIn | None = None

    @classmethod
    def get_model_class(cls) -> type[Session]:
        return Session

    def load(self) -> dict[str, Any]:
        """The session's data; empty when there is none or it is over.

        One command; another where nothing was noted of the session's use for ``SESSION_SEEN_SECONDS``.
        """
        self.person = self.shared_revision = self._sign_in = None
        now = timezone.now()
        found = _find(self.session_key, now) if self.session_key else None
        if found is None:
            self._session_key = None
            return {}
        self.person = _person_in(found)
        self.shared_revision = found["revision"][0]["number"] if found["revision"] else 0
        if found.get("user_id") is not None:
            self._sign_in = _SignIn(
                found["user_id"],
                found["public_id"],
                _aware(found["signed_in_at"]),
                found["ip"],
                found["agent"],
            )
            if _aware(found["last_seen_at"]) <= now - timedelta(seconds=_seen_seconds()):
                _note_use(found, now, self._sign_in)
        data: dict[str, Any] = self.decode(found["session_data"])
        return data

    def create(self) -> None:
        """Store it with a key that was never used: whoever signs in with it does so anew."""
        self._sign_in = None
        super().create()

    def create_model_instance(self, data: dict[str, Any]) -> Session:
        now = timezone.now()
        session = Session(session_key=self._get_or_create_session_key(), session_data=self.encode(data))  # type: ignore[attr-defined]
        user_id = ObjectId(data[SESSION_KEY]) if SESSION_KEY in data else None
        if user_id is None:
            session.expire_date = now + timedelta(seconds=settings.SESSION_IDLE_SECONDS)
            return session
        if self._sign_in is None or self._sign_in.user_id != user_id:
            self._sign_in = _SignIn(user_id, secrets.token_hex(12), now, origin().ip, origin().agent)
        session.user_id = user_id
        session.public_id = self._sign_in.public_id
        session.signed_in_at = self._sign_in.at
        session.signed_in_by = str(data.get(SIGNED_IN_BY, "password"))[:20]
        session.ip, session.agent = self._sign_in.ip, self._sign_in.agent
        session.last_seen_at = now
        session.expire_date = ends_at(now, self._sign_in.at)
        return session

    def save(self, must_create: bool = False) -> None:
        """Store the session. Raises CreateError when the key is taken, UpdateError when it was ended."""
        if self.session_key is None:
            self.create()
            return
        session = self.create_model_instance(self._get_session(no_load=must_create))  # type: ignore[attr-defined]
        if must_create:
            try:
                session.save(force_insert=True)
            except IntegrityError as error:
                raise CreateError from error
            return
        # All but the support session, which another request of this browser may have entered or left.
        changed = Session.objects.filter(pk=session.pk).update(
            **{name: getattr(session, name) for name in _SAVED}
        )
        if not changed:
            # It was ended meanwhile, and must not come back to life.
            raise UpdateError


def ends_at(seen: datetime, signed_in: datetime) -> datetime:
    """When a session that was last used at ``seen`` is over, unless it is used again."""
    return min(
        seen + timedelta(seconds=settings.SESSION_IDLE_SECONDS),
        signed_in + timedelta(seconds=settings.SESSION_ABSOLUTE_SECONDS),
    )


def open_sessions_of(person_id: Any, now: datetime) -> QuerySet[Session]:
    """The sessions with which the person is signed in at ``now``."""
    return Session.objects.filter(
        user_id=person_id,
        expire_date__gt=now,
        signed_in_at__gt=now - timedelta(seconds=settings.SESSION_ABSOLUTE_SECONDS),
        last_seen_at__gt=now - timedelta(seconds=settings.SESSION_IDLE_SECONDS),
    )


def end_sessions_of(people: Iterable[Any]) -> None:
    """Sign the people with these ids out everywhere. Part of the caller's transaction, if there is one."""
    Session.objects.filter(user_id__in=list(people)).delete()


def end_other_sessions(person: User, *, keep: str | None) -> int:
    """Sign the person out everywhere but in the session of the key ``keep``; how many sessions ended.

    Part of the caller's transaction, if there is one.
    """
    ended, _ = Session.objects.filter(user_id=person.pk).exclude(pk=keep or "").delete()
    return ended


@contextmanager
def person_known(person: User | None) -> Iterator[None]:
    """Within it ``known_person`` answers for the person that the session has brought along."""
    token = _person.set(person)
    try:
        yield
    finally:
        _person.reset(token)


def known_person(user_id: Any) -> User | None:
    """The person of that id if the session has brought exactly them along."""
    person = _person.get()
    return person if person is not None and str(person.pk) == str(user_id) else None


def _sessions() -> Any:
    return connections[CONTROL_ALIAS].get_collection(Session._meta.db_table)  # type: ignore[attr-defined]


def _aware(value: datetime) -> datetime:
    """A stored time; PyMongo leaves out that it is in UTC."""
    return value.replace(tzinfo=UTC)


def _seen_seconds() -> float:
    """How exact the note of a session's last use is: finer where the idle limit is short."""
    return min(float(settings.SESSION_SEEN_SECONDS), float(settings.SESSION_IDLE_SECONDS) / 4)


def _note_use(found: dict[str, Any], now: datetime, sign_in: _SignIn) -> None:
    """Let the idle limit run from ``now``. Of requests that find the same note, one writes."""
    _sessions().update_one(
        {"_id": found["_id"], "last_seen_at": found["last_seen_at"]},
        {"$set": {"last_seen_at": now, "expire_date": ends_at(now, sign_in.at)}},
    )


def _limits(now: datetime) -> dict[str, Any]:
    """What a session's document is like while it is not over at ``now``.

    The limits are asked of the times themselves too: a limit that was made shorter holds for every session.
    """
    return {
        "expire_date": {"$gt": now},
        "$or": [
            {"user_id": None},
            {
                "signed_in_at": {"$gt": now - timedelta(seconds=settings.SESSION_ABSOLUTE_SECONDS)},
                "last_seen_at": {"$gt": now - timedelta(seconds=settings.SESSION_IDLE_SECONDS)},
            },
        ],
    }


def _find(session_key: str, now: datetime) -> dict[str, Any] | None:
    """The session's document with ``person`` if there is one, lists ``organization`` and ``revision``."""
    pipeline: list[dict[str, Any]] = [
        {"$match": {"_id": session_key, **_limits(now)}},
        {
            "$lookup": {
                "from": User._meta.db_table,
                "localField": "user_id",
                "foreignField": "_id",
                "as": "person",
            }
        },
        # Between the two, so that the second looks one value up and not an array of them.
        {"$unwind": {"path": "$person", "preserveNullAndEmptyArrays": True}},
        {
            "$lookup": {
                "from": SupportSession._meta.db_table,
                "localField": "support_id",
                "foreignField": "_id",
                "as": "support",
            }
        },
        {"$unwind": {"path": "$support", "preserveNullAndEmptyArrays": True}},
        {"$set": {"org_id": {"$ifNull": ["$person.org_id", "$support.org_id"]}}},
        {
            "$lookup": {
                "from": Organization._meta.db_table,
                "localField": "org_id",
                "foreignField": "org_id",
                "as": "organization",
            }
        },
        {
            "$lookup": {
                "from": Revision._meta.db_table,
                "pipeline": [{"$match": {"_id": SHARED}}],
                "as": "revision",
            }
        },
    ]
    with _sessions().aggregate(pipeline) as found:
        return next(found, None)


def _person_in(found: dict[str, Any]) -> User | None:
    if "person" not in found:
        return None
    person = instance_from_document(User, found["person"])
    if "support" in found and person.is_staff:
        support = instance_from_document(SupportSession, found["support"])
        # One session of one member of the staff: what is not theirs, or is over, opens nothing.
        if support.staff_id != person.pk or not support.is_open(timezone.now()):
            return person
        person.support = support
    if found["organization"] and (person.support is not None or person.organization_id is not None):
        person.organization = instance_from_document(Organization, found["organization"][0])
    return person
