"""Addresses of formats in the staff's admin, and of their schema: see ``addresses.py`` for a row."""

from __future__ import annotations

from tests.isolation.addresses import ALL, REFUSED, Address, Answer, Kind, Try, leads
from tests.isolation.staff_addresses import FORMAT, NOT_OFFERED, page, shown
from tests.isolation.world import SUSPENDED

# Whoever belongs to a suspended firm meets that first.
_BUT_SUSPENDED = {SUSPENDED: REFUSED}
_NEW_DRAFT = f"{FORMAT}<new>/edit/"
_BACK = leads(f"{FORMAT}<format>/change/")


def _of_a_draft(name: str) -> Address:
    """A page on which drafts alone are written: a published version leads back and says so."""
    return page(
        f"admin:banks_format_{name}", Try(right=_BACK), Try(method="POST", right=_BACK), at=["<format>"]
    )


ROWS: tuple[Address, ...] = (
    Address(
        "api:format-schema",
        None,
        ALL,
        (
            Try(others=_BUT_SUSPENDED),
            Try(method="POST", right=NOT_OFFERED, others=_BUT_SUSPENDED),
        ),
        kind=Kind.OPEN,
        reason="The JSON Schema of formats: the same for all, and nothing of any firm is in it.",
    ),
)
STAFF_ROWS: tuple[Address, ...] = (
    _of_a_draft("edit"),
    _of_a_draft("json"),
    _of_a_draft("remove"),
    page("admin:banks_format_draft", Try(), Try(method="POST", right=leads(_NEW_DRAFT)), at=["<format>"]),
    shown("admin:banks_format_preview", ["<format>"]),
    shown("admin:banks_format_pages", ["<format>"]),
    page("admin:banks_format_page", Try(), at=["<format>", "1"]),
    shown("admin:banks_format_compare", ["<format>"]),
    shown("admin:banks_format_download", ["<format>"]),
    # Without a file there is nothing to look at, which is said.
    shown("admin:banks_format_upload", post=Answer(422)),
)
