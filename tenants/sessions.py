"""Sessions that bring their person and organization along: one command tells who is asking, and from where.

A signed-in page asks the control plane once, and what it learns is as fresh as the answer: somebody who was
removed or demoted, or whose firm was suspended, is refused on the very next request. Nothing of it is cached.
"""

from __future__ import annotations

import contextvars
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from bson import ObjectId
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends import db
from django.contrib.sessions.backends.base import CreateError, UpdateError
from django.db import connections
from django.db.utils import IntegrityError
from django.utils import timezone

from tenants.models import Organization, Revision, Session, SupportSession, User
from tenants.models.sessions import SHARED
from tenants.mongodb.documents import instance_from_document
from tenants.naming import CONTROL_ALIAS

_person: contextvars.ContextVar[User | None] = contextvars.ContextVar("person_of_session", default=None)


class SessionStore(db.SessionStore):
    """Django's database sessions, loaded together with the person they belong to."""

    # Who the loaded session belongs to, organization included; None when nobody or nothing was loaded.
    person: User | None = None
    # The revision of the shared resources as of then; None when nothing was loaded.
    shared_revision: int | None = None

    @classmethod
    def get_model_class(cls) -> type[Session]:
        return Session

    def load(self) -> dict[str, Any]:
        """The session's data; empty when there is none or it has expired. One command."""
        self.person = self.shared_revision = None
        found = _find(self.session_key) if self.session_key else None
        if found is None:
            self._session_key = None
            return {}
        self.person = _person_in(found)
        self.shared_revision = found["revision"][0]["number"] if found["revision"] else 0
        data: dict[str, Any] = self.decode(found["session_data"])
        return data

    def create_model_instance(self, data: dict[str, Any]) -> Session:
        session = super().create_model_instance(data)
        assert isinstance(session, Session)  # noqa: S101 - what get_model_class says
        session.user_id = ObjectId(data[SESSION_KEY]) if SESSION_KEY in data else None
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
        changed = Session.objects.filter(pk=session.pk).update(
            session_data=session.session_data, expire_date=session.expire_date, user_id=session.user_id
        )
        if not changed:
            # It was ended meanwhile, and must not come back to life.
            raise UpdateError


def end_sessions_of(people: Iterable[Any]) -> None:
    """Sign the people with these ids out everywhere. Part of the caller's transaction, if there is one."""
    Session.objects.filter(user_id__in=list(people)).delete()


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


def _find(session_key: str) -> dict[str, Any] | None:
    """The session's document with ``person`` if there is one, lists ``organization`` and ``revision``."""
    collection = connections[CONTROL_ALIAS].get_collection(Session._meta.db_table)  # type: ignore[attr-defined]
    pipeline: list[dict[str, Any]] = [
        {"$match": {"_id": session_key, "expire_date": {"$gt": timezone.now()}}},
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
    with collection.aggregate(pipeline) as found:
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
