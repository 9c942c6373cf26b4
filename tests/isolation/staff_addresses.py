"""Every address of the staff's admin, grouped by what is expected of it.

A model that is registered appears here by hand: its pages, whether records are added, changed and removed,
and its steps. Whoever is not staff is sent to the admin's door, or refused (``addresses.expected``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tests.isolation.addresses import (
    ABSENT,
    NONE,
    OK,
    REFUSED,
    Address,
    Answer,
    Kind,
    Try,
    leads,
)
from tests.isolation.world import HALF_MADE, LEAVING, NORTH, SIGNED_OUT, STAFF, SUSPENDED, WEST

NOT_OFFERED = Answer(405)
MEASURED = {"admin": "Asks the server how many files it has open; reads nobody's data."}


def page(name: str, *tries: Try, at: Sequence[str] = ()) -> Address:
    return Address(name, None, NONE, tries, at=tuple(at), kind=Kind.STAFF)


def shown(
    name: str,
    at: Sequence[str] = (),
    *,
    get: Answer = OK,
    post: Answer = OK,
    also: Mapping[str, str] | None = None,
) -> Address:
    """A page to read. Django's admin answers a form that nobody offers as if it were asked for the page."""
    return page(name, Try(right=get, also=also or {}), Try(method="POST", right=post, also=also or {}), at=at)


def asked(
    name: str,
    record: str,
    back: str,
    *,
    data: Mapping[str, Any] | None = None,
    also: Mapping[str, str] | None = None,
    leads_back: bool = False,
) -> Address:
    """A step: GET says what it means, POST does it and leads back; or both, in a state that has it not."""
    done = Try(method="POST", data=data, right=leads(back), also=also or {})
    return page(name, Try(right=leads(back)) if leads_back else Try(), done, at=record.split())


def begun(name: str, record: str, data: Mapping[str, Any]) -> Address:
    """A step that becomes an operation, whose page comes next."""
    done = Try(method="POST", data=data, right=leads(f"{OPERATION}<new>/change/"))
    return page(f"admin:tenants_organization_{name}", Try(), done, at=[record])


def model(
    name: str,
    record: str,
    *,
    adds: bool = True,
    changes: bool = True,
    removes: str = "",
    also: Mapping[str, str] | None = None,
    added: Sequence[Try] = (),
    steps: Sequence[Address] = (),
) -> tuple[Address, ...]:
    """The pages of a model. ``removes``: a record that may be removed; ``added``: forms that add one."""
    path = f"/admin/{name.replace('_', '/')}/"
    add, change = (OK if adds else REFUSED), (OK if changes else REFUSED)
    old = f"admin/{name.replace('_', '/')}/<path:object_id>/"
    removal = (
        (Try(), Try(method="POST", data={"post": "yes"}, right=leads(path)))
        if removes
        else (Try(right=REFUSED), Try(method="POST", data={"post": "yes"}, right=REFUSED))
    )
    to_change = leads(f"{path}{record}/change/")
    return (
        shown(f"admin:{name}_changelist"),
        page(f"admin:{name}_add", Try(right=add), Try(method="POST", right=add), *added),
        shown(f"admin:{name}_history", [record]),
        page(f"admin:{name}_delete", *removal, at=[removes or record]),
        page(
            f"admin:{name}_change",
            Try(also=also or {}),
            Try(method="POST", right=change, also=also or {}),
            at=[record],
        ),
        # The address that records had in older versions of Django.
        page(old, Try(right=to_change), Try(method="POST", right=to_change), at=[record]),
        *steps,
    )


SITE = (
    shown("admin:index", also=MEASURED),
    Address(
        "admin:login",
        None,
        NONE,
        tuple(
            Try(
                method=method,
                right=REFUSED,
                others={SIGNED_OUT: leads("/sign-in/?next=/admin/"), STAFF: leads("/admin/")},
            )
            for method in ("GET", "POST")
        ),
        kind=Kind.OPEN,
        reason="The admin's door: it sends people to the one sign-in page.",
    ),
    Address(
        "admin:logout",
        None,
        NONE,
        (
            Try(
                method="POST",
                right=leads("/admin/"),
                others={STAFF: leads("/sign-in/"), SUSPENDED: REFUSED},
            ),
        ),
        kind=Kind.OPEN,
        reason="Signs staff out; others are not signed in there.",
    ),
    shown("admin:password_change", get=leads("/password/"), post=leads("/password/")),
    shown("admin:password_change_done", post=NOT_OFFERED),
    page(
        "admin:autocomplete",
        Try(data={"app_label": "tenants", "model_name": "user", "field_name": "organization"}),
    ),
    shown("admin:jsi18n", post=NOT_OFFERED),
    shown("admin:app_list", ["tenants"]),
    page("admin/(?P<url>.*)$", Try(right=ABSENT), Try(method="POST", right=ABSENT)),
)

OPERATION = "/admin/tenants/operation/"
ORGANIZATION, PERSON = "/admin/tenants/organization/", "/admin/tenants/user/"
BANK, FORMAT = "/admin/banks/bank/", "/admin/banks/format/"
PASSWORDS = {"new_password1": "another-password-for-tests", "new_password2": "another-password-for-tests"}
NEW_BRANCH = {
    "name": "Another Branch",
    "code": "SBI_OTHER",
    "ifsc": "SBIN0099999",
    "city": "Pune",
    "state": "Maharashtra",
    "is_active": "on",
}
NEW_FIRM = {"name": "West Valuers", "initials": "WV", "org_id": WEST, "cluster": "primary", "plan": ""}
NEW_PERSON = {
    "name": "Another Person",
    "email": "another@world.example",
    "organization": NORTH,
    "role": "viewer",
    "password1": "another-password-for-tests",
    "password2": "another-password-for-tests",
}
NEW_PLAN = {
    "code": "other",
    "name": "Other",
    "seats": "1",
    "reports_a_month": "1",
    "storage_mb": "1",
    "api_requests_a_minute": "60",
    "backup_every_hours": "24",
    "backups_kept_days": "30",
    "price_a_month": "1",
}

TO_FIRM = f"{ORGANIZATION}<organization>/change/"
BEGUN: tuple[tuple[str, str, Mapping[str, Any]], ...] = (
    ("migrate", "<behind>", {}),
    ("backup", "<organization>", {"store": "local"}),
    ("clone", "<organization>", {"into": WEST, "name": "West Valuers", "initials": "WV"}),
    ("export", "<organization>", {}),
    ("offboard", "<organization>", {"grace_days": "30", "typed": NORTH}),
    ("deletion", "<leaving>", {"typed": LEAVING}),
)

TENANTS = (
    *model("tenants_auditentry", "<entry>", adds=False, changes=False),
    *model("tenants_cluster", "<cluster>", removes="<spare_cluster>", also=MEASURED),
    *model(
        "tenants_plan",
        "<plan>",
        removes="<spare_plan>",
        added=[Try(method="POST", data=NEW_PLAN, right=leads("/admin/tenants/plan/"))],
    ),
    *model("tenants_subscription", "<subscription>"),
    *model(
        "tenants_organization",
        "<organization>",
        added=[
            Try(
                method="POST",
                data=NEW_FIRM,
                right=leads(f"{ORGANIZATION}<new>/change/"),
                also={WEST: "Its database is made: collections and indexes, no document.", **MEASURED},
            )
        ],
        steps=(
            asked(
                "admin:tenants_organization_finish",
                "<half_made>",
                f"{ORGANIZATION}<half_made>/change/",
                also={
                    HALF_MADE: "Its database is made: collections and indexes, no document.",
                    **MEASURED,
                },
            ),
            *(begun(name, record, data) for name, record, data in BEGUN),
            # The other cluster is the same server: the page says so.
            page(
                "admin:tenants_organization_move",
                Try(also=MEASURED),
                Try(method="POST", data={"to": "spare", "read_only_hours": "24"}, also=MEASURED),
                at=["<organization>"],
            ),
            # Its files are not there: the page says so.
            page(
                "admin:tenants_organization_restore",
                Try(),
                Try(method="POST", data={"backup": "<backup>", "typed": NORTH}),
                at=["<organization>"],
            ),
            asked("admin:tenants_organization_confirm_restore", "<organization>", TO_FIRM, leads_back=True),
            asked("admin:tenants_organization_revert_restore", "<organization>", TO_FIRM, leads_back=True),
            asked(
                "admin:tenants_organization_cancel_offboarding",
                "<leaving>",
                f"{ORGANIZATION}<leaving>/change/",
            ),
            asked(
                "admin:tenants_organization_rename",
                "<organization>",
                TO_FIRM,
                data={"name": "North & Co", "initials": "NC"},
            ),
            page(
                "admin:tenants_organization_check",
                Try(),
                Try(
                    method="POST",
                    right=leads(TO_FIRM),
                    also={NORTH: "Names of collections, indexes and files; no report."},
                ),
                at=["<organization>"],
            ),
            shown(
                "admin:tenants_organization_certificate",
                ["<deleted>"],
                get=leads(f"{ORGANIZATION}<deleted>/change/"),
                post=leads(f"{ORGANIZATION}<deleted>/change/"),
            ),
            asked(
                "admin:tenants_organization_suspend",
                "<organization>",
                f"{ORGANIZATION}<organization>/change/",
                data={"reason": "For tests"},
            ),
            asked("admin:tenants_organization_reactivate", "<behind>", f"{ORGANIZATION}<behind>/change/"),
        ),
    ),
    *model(
        "tenants_operation",
        "<stopped>",
        adds=False,
        changes=False,
        steps=(
            shown("admin:tenants_operation_progress", ["<stopped>"]),
            asked("admin:tenants_operation_resume", "<stopped>", f"{OPERATION}<stopped>/change/"),
            asked("admin:tenants_operation_cancel", "<stopped>", f"{OPERATION}<stopped>/change/"),
        ),
    ),
    *model(
        "tenants_backup",
        "<backup>",
        adds=False,
        changes=False,
        steps=(
            asked("admin:tenants_backup_verify", "<backup>", "/admin/tenants/backup/<backup>/change/"),
            # Its files are not there, and it is the last good one: both say so on the page.
            page(
                "admin:tenants_backup_restore",
                Try(),
                Try(method="POST", data={"into": NORTH, "typed": NORTH}),
                at=["<backup>"],
            ),
            page("admin:tenants_backup_removal", Try(), Try(method="POST"), at=["<backup>"]),
        ),
    ),
    *model(
        "tenants_taskrecord",
        "<task>",
        adds=False,
        changes=False,
        steps=(
            asked("admin:tenants_taskrecord_retry", "<task>", "/admin/tenants/taskrecord/<task>/change/"),
        ),
    ),
    *model(
        "tenants_user",
        "<person>",
        added=[Try(method="POST", data=NEW_PERSON, right=leads(PERSON))],
        steps=(
            asked("admin:tenants_user_invite", "<invited>", f"{PERSON}<invited>/change/"),
            asked("admin:tenants_user_password", "<person>", f"{PERSON}<person>/change/", data=PASSWORDS),
            asked("admin:tenants_user_deactivate", "<person>", f"{PERSON}<person>/change/"),
            asked("admin:tenants_user_reactivate", "<former>", f"{PERSON}<former>/change/"),
        ),
    ),
)

BANKS = (
    *model(
        "banks_bank",
        "<bank>",
        steps=(
            asked("admin:banks_bank_branch_add", "<bank>", f"{BANK}<bank>/change/", data=NEW_BRANCH),
            asked("admin:banks_bank_branch_remove", "<bank> <branch>", f"{BANK}<bank>/change/"),
            asked(
                "admin:banks_bank_branch_change",
                "<bank> <branch>",
                f"{BANK}<bank>/change/",
                data={**NEW_BRANCH, "code": "<branch>"},
            ),
        ),
    ),
    *model(
        "banks_format",
        "<format>",
        adds=False,
        changes=False,
        steps=(
            # A published version is not published again: the step leads back and says so.
            page(
                "admin:banks_format_publish",
                Try(right=leads(f"{FORMAT}<format>/change/")),
                Try(method="POST", right=leads(f"{FORMAT}<format>/change/")),
                at=["<format>"],
            ),
            asked("admin:banks_format_retire", "<format>", f"{FORMAT}<format>/change/"),
        ),
    ),
    *model("banks_commonfields", "<common_fields>", adds=False, changes=False),
    *model("banks_documenttype", "<document_type>", removes="<document_type>"),
)

STAFF_ADDRESSES = (*SITE, *TENANTS, *BANKS)
