"""Look-ups about one report. Each says how many commands it costs."""

from __future__ import annotations

from tenants.models import FileKind, StoredFile


def count_photographs(report_id: object) -> int:
    """How many photographs the report has. One command, answered by an index."""
    return int(StoredFile.objects.filter(report_id=str(report_id), kind=FileKind.PHOTOGRAPH).count())


def photographs_of(report_id: object) -> list[StoredFile]:
    """The report's photographs in their order. One command."""
    files = StoredFile.objects.filter(report_id=str(report_id), kind=FileKind.PHOTOGRAPH)
    return list(files.order_by("position", "added_at"))
