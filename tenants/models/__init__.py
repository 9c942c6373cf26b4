"""Models of the control plane, and those of an organization that are not about reports."""

from tenants.models.control import (
    AuditEntry,
    Cluster,
    Organization,
    OrganizationStatus,
    Plan,
    Subscription,
    SubscriptionStatus,
)
from tenants.models.firm import ActivityEntry, Counter, FileKind, StoredFile, UserSettings
from tenants.models.sessions import Revision, Session
from tenants.models.users import User

__all__ = [
    "ActivityEntry",
    "AuditEntry",
    "Cluster",
    "Counter",
    "FileKind",
    "Organization",
    "OrganizationStatus",
    "Plan",
    "Revision",
    "Session",
    "StoredFile",
    "Subscription",
    "SubscriptionStatus",
    "User",
    "UserSettings",
]
