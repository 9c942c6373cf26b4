"""Addresses of banks in the API: see ``addresses.py`` for what a row says."""

from __future__ import annotations

from tenants.permissions import Permission
from tests.isolation.addresses import ALL, GET, Address, Kind

ROWS: tuple[Address, ...] = (
    Address(
        "api:bank-format",
        Permission.VIEW_REPORTS,
        ALL,
        GET,
        at=("SBI", "general", "land_building"),
        kind=Kind.API,
    ),
)
STAFF_ROWS: tuple[Address, ...] = ()
