"""The staff's pages of the control plane. No model of an organization's own database is registered."""

from tenants.admin import audit, clusters, organizations, people, plans

__all__ = ["audit", "clusters", "organizations", "people", "plans"]
