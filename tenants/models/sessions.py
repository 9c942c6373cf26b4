"""The sessions of signed-in people, in the control plane. Each knows whose it is, so that it can be ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models
from django_mongodb_backend.fields import ObjectIdField

from tenants.planes import ControlPlaneModel

SHARED = "shared"

if TYPE_CHECKING:
    from tenants.sessions import SessionStore


class Session(AbstractBaseSession, ControlPlaneModel):  # type: ignore[misc] # both bring a manager
    """What a browser's cookie stands for. The server removes it when it has expired (a TTL index)."""

    # The document's own id, or the server would add another and the look-up would want an index of its own.
    session_key = models.CharField("session key", max_length=40, primary_key=True, db_column="_id")
    # Null until somebody signs in: the messages of a signed-out visitor, for one.
    user_id = ObjectIdField(null=True, db_index=True)
    # What the person's list of sessions calls it; the key itself is shown nowhere.
    public_id = models.CharField(max_length=24, blank=True)
    signed_in_at = models.DateTimeField(null=True)
    last_seen_at = models.DateTimeField(null=True)
    # How: "password", "openid", "invitation".
    signed_in_by = models.CharField(max_length=20, blank=True)
    ip = models.CharField(max_length=45, blank=True)
    agent = models.CharField(max_length=200, blank=True)
    # The support session that a member of the staff is in.
    support_id = ObjectIdField(null=True)

    class Meta(AbstractBaseSession.Meta):
        db_table = "sessions"

    @classmethod
    def get_session_store_class(cls) -> type[SessionStore]:
        from tenants.sessions import SessionStore  # noqa: PLC0415 - the store needs this model

        return SessionStore


class Revision(ControlPlaneModel):
    """How often something was changed; the one of ``SHARED`` comes along with every session.

    What a process keeps of the shared resources is right as long as their revision is the same.
    """

    name = models.CharField(max_length=20, primary_key=True, db_column="_id")
    number = models.BigIntegerField(default=0)

    class Meta:
        db_table = "revisions"
