"""The list page's two queries on PostgreSQL, in the place of the application's."""

from __future__ import annotations

import os

from django.db import connection
from django.db.models import Count

from bench._requests.rival.firm.models import Report
from reports import listing


def tally(filters: listing.Filters, user_id: str) -> listing.Tally:
    """Numbers for the page and all its chips: one GROUP BY, answered by an index alone."""
    grouped = (
        Report.objects.order_by()
        .values("status", "bank_code", "bank_name")
        .annotate(number=Count("*"))
        .values_list("status", "bank_code", "bank_name", "number")
    )
    return listing.Tally({(status, code, name): number for status, code, name, number in grouped})


def rows(filters: listing.Filters, user_id: str, *, start: int, stop: int) -> list[listing.Row]:
    """The reports from ``start`` to before ``stop``, the latest change first."""
    found = Report.objects.order_by("-updated_at", "-pk").values(*listing.ROW_FIELDS)[start:stop]
    return listing.to_rows(found)


def tally_by_hand(filters: listing.Filters, user_id: str) -> listing.Tally:
    """The same without the ORM."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT status, bank_code, bank_name, COUNT(*) FROM rival_firm_report"
            " GROUP BY status, bank_code, bank_name"
        )
        return listing.Tally({(status, code, name): number for status, code, name, number in cursor})


def rows_by_hand(filters: listing.Filters, user_id: str, *, start: int, stop: int) -> list[listing.Row]:
    """The same without the ORM."""
    with connection.cursor() as cursor:
        cursor.execute(_ROWS, [stop - start, start])
        return listing.to_rows(dict(zip(listing.ROW_FIELDS, row, strict=True)) for row in cursor)


_COLUMNS = ", ".join("id" if name == "pk" else name for name in listing.ROW_FIELDS)
_ROWS = (
    f"SELECT {_COLUMNS} FROM rival_firm_report"  # noqa: S608 - names of columns out of this repository
    " ORDER BY updated_at DESC, id DESC LIMIT %s OFFSET %s"
)


def replace_the_queries() -> None:
    """From now on this process's list page asks PostgreSQL. The page measured has no filter.

    With BENCH_SQL_BY_HAND set it does without the ORM.
    """
    by_hand = bool(os.environ.get("BENCH_SQL_BY_HAND"))
    functions = {"tally": tally_by_hand, "rows": rows_by_hand} if by_hand else {"tally": tally, "rows": rows}
    for name, function in functions.items():
        if not hasattr(listing, name):
            raise RuntimeError(f"reports.listing has no {name}() any more: the benchmark must follow")
        setattr(listing, name, function)
