"""Addresses of activity: see ``addresses.py`` for what a row says."""

from __future__ import annotations

from tenants.permissions import Permission
from tests.isolation.addresses import GET, MANAGERS, Address, Try
from tests.isolation.staff_addresses import page

ROWS: tuple[Address, ...] = (
    Address("activity", Permission.VIEW_ACTIVITY, MANAGERS, GET),
    Address("activity-csv", Permission.VIEW_ACTIVITY, MANAGERS, GET),
    Address("activity-jsonl", Permission.VIEW_ACTIVITY, MANAGERS, GET),
)
STAFF_ROWS: tuple[Address, ...] = (page("admin:tenants_auditentry_export", Try()),)
