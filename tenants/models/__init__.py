"""Models of the control plane, and those of an organization that are not about reports."""

from tenants.models.access import ApiToken, CacheEntry, SupportSession
from tenants.models.control import (
    OPEN_STATUSES,
    AuditEntry,
    Cluster,
    Organization,
    OrganizationStatus,
    Plan,
    Ring,
    Subscription,
    SubscriptionStatus,
)
from tenants.models.firm import ActivityEntry, Counter, FileKind, StoredFile, UserSettings
from tenants.models.fleet import (
    UNFINISHED,
    Backup,
    BackupStatus,
    Operation,
    OperationStatus,
    TaskRecord,
    TaskState,
)
from tenants.models.sessions import Revision, Session
from tenants.models.users import User

__all__ = [
    "OPEN_STATUSES",
    "UNFINISHED",
    "ActivityEntry",
    "ApiToken",
    "AuditEntry",
    "Backup",
    "BackupStatus",
    "CacheEntry",
    "Cluster",
    "Counter",
    "FileKind",
    "Operation",
    "OperationStatus",
    "Organization",
    "OrganizationStatus",
    "Plan",
    "Revision",
    "Ring",
    "Session",
    "StoredFile",
    "Subscription",
    "SubscriptionStatus",
    "SupportSession",
    "TaskRecord",
    "TaskState",
    "User",
    "UserSettings",
]
