"""Ways into a firm besides a person's own sign-in: API tokens and the staff's support sessions."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from django.db import models
from django.utils import timezone
from django_mongodb_backend.fields import ObjectIdField

from tenants.planes import ControlPlaneModel


class ApiToken(ControlPlaneModel):
    """A personal token for the API. The secret itself is shown once and kept nowhere; this has its hash."""

    # The public part, by which it is found.
    key = models.CharField(max_length=24, primary_key=True, db_column="_id")
    # SHA-256 of the secret part, hexadecimal. The secret is random, so no slow hash is needed.
    digest = models.CharField(max_length=64)
    user_id = ObjectIdField(db_index=True)
    org_id = models.CharField(max_length=38)
    name = models.CharField(max_length=60)
    # Codes of tenants.permissions.Scope.
    scopes = models.JSONField(default=list)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)
    last_used_from = models.CharField(max_length=45, blank=True)

    class Meta:
        db_table = "api_tokens"
        ordering: ClassVar = ["-created_at"]

    def __str__(self) -> str:
        return self.name

    def is_good(self, now: datetime) -> bool:
        """Whether it may be used at ``now``."""
        return self.revoked_at is None and now < self.expires_at


class SupportSession(ControlPlaneModel):
    """A member of the staff inside a firm for a while, for a reason that the firm's managers are told."""

    staff_id = ObjectIdField(db_index=True)
    staff_name = models.CharField(max_length=100)
    staff_email = models.CharField(max_length=254)
    org_id = models.CharField("organization id", max_length=38)
    reason = models.CharField(max_length=300)
    may_write = models.BooleanField(
        "may change drafts",
        default=False,
        help_text="Off: looking only, whatever is tried.",
    )
    begun_at = models.DateTimeField(default=timezone.now)
    ends_at = models.DateTimeField()
    # When and by whom it was ended before its time.
    ended_at = models.DateTimeField(null=True)
    ended_by = models.CharField(max_length=254, blank=True)

    class Meta:
        db_table = "support_sessions"
        ordering: ClassVar = ["-begun_at"]
        indexes: ClassVar = [models.Index(fields=["org_id", "-begun_at"], name="support_org_begun")]

    def __str__(self) -> str:
        return f"{self.staff_name} in {self.org_id}"

    def is_open(self, now: datetime) -> bool:
        """Whether the staff member is inside at ``now``."""
        return self.ended_at is None and now < self.ends_at


class CacheEntry(ControlPlaneModel):
    """What all workers share for a while: counts of failed sign-ins and of requests. Removed when expired."""

    key = models.CharField(max_length=250, primary_key=True, db_column="_id")
    # Numbers, texts and what JSON has; never pickled, so that reading it runs nothing.
    value = models.JSONField(null=True)
    expires_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "cache_entries"

    def __str__(self) -> str:
        return self.key
