"""Addresses of account: see ``addresses.py`` for what a row says."""

from __future__ import annotations

from tests.isolation.addresses import Address

ROWS: tuple[Address, ...] = ()
STAFF_ROWS: tuple[Address, ...] = ()
