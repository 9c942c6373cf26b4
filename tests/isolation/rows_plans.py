"""Addresses of plans: see ``addresses.py`` for what a row says."""

from __future__ import annotations

from tenants.permissions import Permission
from tests.isolation.addresses import GET, MANAGERS, Address

ROWS: tuple[Address, ...] = (Address("usage", Permission.VIEW_USAGE, MANAGERS, GET),)
STAFF_ROWS: tuple[Address, ...] = ()
