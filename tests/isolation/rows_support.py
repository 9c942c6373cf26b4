"""Addresses of support: see ``addresses.py`` for what a row says."""

from __future__ import annotations

from tenants.permissions import Permission
from tests.isolation.addresses import ABSENT, ALL, GET, MANAGERS, REFUSED, Address, Kind, Try, leads
from tests.isolation.staff_addresses import asked, model, page
from tests.isolation.world import MANAGER, PASSWORD, RIVAL_MANAGER, STAFF

ROWS: tuple[Address, ...] = (
    Address("support", Permission.VIEW_ACTIVITY, MANAGERS, GET),
    Address(
        "support-leave",
        None,
        ALL,
        (Try(method="POST", data={}, right=leads("/"), others={STAFF: leads("/admin/")}),),
        kind=Kind.OWN,
    ),
    # Not a page of the firm's: a manager ends it where nothing else of the firm may be changed, too.
    Address(
        "support-end",
        None,
        ALL,
        (
            Try(
                method="POST",
                data={},
                right=REFUSED,
                others={MANAGER: leads("/support/"), RIVAL_MANAGER: ABSENT},
            ),
        ),
        at=("<support>",),
        kind=Kind.OWN,
    ),
)
STAFF_ROWS: tuple[Address, ...] = (
    page(
        "admin:tenants_organization_support",
        Try(),
        Try(
            method="POST",
            data={
                "reason": "T-1042: the total of a flat differs from its preview",
                "minutes": "30",
                "password": PASSWORD,
            },
            right=leads("/"),
        ),
        at=["<organization>"],
    ),
    *model(
        "tenants_supportsession",
        "<support>",
        adds=False,
        changes=False,
        steps=(
            asked(
                "admin:tenants_supportsession_end",
                "<support>",
                "/admin/tenants/supportsession/<support>/change/",
            ),
        ),
    ),
)
