"""Who a token is for, read in one command together with all that a request needs to know of them.

As with sessions (``tenants.sessions``) nothing of it is cached: a token that was revoked, a person who was
deactivated or demoted, a firm that was suspended are seen by the very next request.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import connections

from tenants.models import ApiToken, Organization, Revision, User
from tenants.models.sessions import SHARED
from tenants.mongodb.documents import instance_from_document
from tenants.naming import CONTROL_ALIAS


@dataclass(frozen=True, slots=True)
class Found:
    """The person with the organization, the shared resources' revision, and the token where it is ours."""

    person: User | None
    shared_revision: int
    token: ApiToken | None = None


def find_by_key(key: str) -> Found | None:
    """What belongs to the personal token of this key, good or not; None when there is none. One command."""
    with_person: list[dict[str, Any]] = [
        {"$match": {"_id": key}},
        {"$replaceWith": {"token": "$$ROOT"}},
        {
            "$lookup": {
                "from": User._meta.db_table,
                "localField": "token.user_id",
                "foreignField": "_id",
                "as": "person",
            }
        },
        {"$unwind": {"path": "$person", "preserveNullAndEmptyArrays": True}},
    ]
    return _find(ApiToken._meta.db_table, with_person)


def find_by_subject(issuer: str, subject: str) -> Found | None:
    """The person who is ``subject`` at ``issuer``; None when the directory has nobody. One command."""
    if not issuer or not subject:
        return None
    with_person: list[dict[str, Any]] = [
        {"$match": {"cognito_id": subject, "oidc_issuer": issuer}},
        {"$replaceWith": {"person": "$$ROOT"}},
    ]
    return _find(User._meta.db_table, with_person)


def _find(table: str, with_person: list[dict[str, Any]]) -> Found | None:
    collection = connections[CONTROL_ALIAS].get_collection(table)  # type: ignore[attr-defined]
    pipeline = [
        *with_person,
        {
            "$lookup": {
                "from": Organization._meta.db_table,
                "localField": "person.org_id",
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
    with collection.aggregate(pipeline) as answered:
        document = next(answered, None)
    return _read(document) if document is not None else None


def _read(document: dict[str, Any]) -> Found:
    revision = document["revision"][0]["number"] if document["revision"] else 0
    token = instance_from_document(ApiToken, document["token"]) if "token" in document else None
    if "person" not in document:
        return Found(None, revision, token)
    person = instance_from_document(User, document["person"])
    # A person without a firm has no org_id, and what has none would be looked up as null.
    if document["organization"] and person.organization_id is not None:
        person.organization = instance_from_document(Organization, document["organization"][0])
    return Found(person, revision, token)
