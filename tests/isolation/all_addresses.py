"""The whole table: every address of the firms' side and of the staff's."""

from __future__ import annotations

from tests.isolation import (
    addresses,
    rows_account,
    rows_activity,
    rows_banks,
    rows_banks_admin,
    rows_banks_api,
    rows_formats_admin,
    rows_oidc,
    rows_people,
    rows_plans,
    rows_sign_in,
    rows_support,
    rows_tokens,
    rows_upgrade,
    staff_addresses,
)
from tests.isolation.addresses import Address

_TOPICS = (
    rows_account,
    rows_activity,
    rows_banks,
    rows_banks_admin,
    rows_banks_api,
    rows_formats_admin,
    rows_oidc,
    rows_people,
    rows_plans,
    rows_sign_in,
    rows_support,
    rows_tokens,
    rows_upgrade,
)
FIRM_ADDRESSES: tuple[Address, ...] = (
    *addresses.FIRM_ADDRESSES,
    *(row for topic in _TOPICS for row in topic.ROWS),
)
STAFF_ADDRESSES: tuple[Address, ...] = (
    *staff_addresses.STAFF_ADDRESSES,
    *(row for topic in _TOPICS for row in topic.STAFF_ROWS),
)
ADDRESSES = (*FIRM_ADDRESSES, *STAFF_ADDRESSES)
