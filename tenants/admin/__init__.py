"""The staff's pages of the control plane. No model of an organization's own database is registered."""

from tenants.admin import audit, backups, clusters, operations, organizations, people, plans, support, tasks

__all__ = [
    "audit",
    "backups",
    "clusters",
    "operations",
    "organizations",
    "people",
    "plans",
    "support",
    "tasks",
]
