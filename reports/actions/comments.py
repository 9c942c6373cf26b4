"""Comments on the answers of a report."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from banks.formats.definition import Field, FormatDefinition, Table, TableKind
from banks.formats.paths import index_fields
from reports.actions.changing import Changed, change_report
from reports.actions.failures import CommentRefused, NotAllowed
from reports.actions.review import standing_of
from reports.formats import definition_of
from reports.forms.names import COLUMNS, row_number
from reports.models import Report
from reports.workflow import actor_of, may_comment
from tenants.models import User

LONGEST_COMMENT = 2_000
MOST_COMMENTS = 500


def add_comment(*, report_id: object, path: str, text: str, by: User, now: datetime) -> Report:
    """Say something about one field or section (``path``; empty for the whole report).

    Raises NotAllowed, CommentRefused, Report.DoesNotExist.
    """
    words = text.strip()

    def decide(report: Report) -> Changed:
        if not may_comment(standing_of(report), actor_of(by)):
            raise NotAllowed("Reviewers comment during the review, authors while they write the report.")
        if not words:
            raise CommentRefused("The comment is empty; write what should change.")
        if len(words) > LONGEST_COMMENT:
            raise CommentRefused(f"The comment is too long; at most {LONGEST_COMMENT:,} characters are kept.")
        if len(report.comments) >= MOST_COMMENTS:
            raise CommentRefused(f"The report has {MOST_COMMENTS} comments; return it instead.")
        if path and not _exists(definition_of(report), path):
            raise CommentRefused("The report has no such question.")
        comment = {
            "id": uuid.uuid4().hex,
            "path": path,
            "text": words,
            "by": str(by.pk),
            "by_name": by.acting_name,
            "at": now.isoformat(),
            "resolved": False,
        }
        return Changed(
            "comment_added",
            {"comments": [*report.comments, comment]},
            target=path,
            details={"text": words, "comment": comment["id"]},
        )

    return change_report(report_id, decide, by=by, now=now)


def resolve_comment(
    *, report_id: object, comment_id: str, by: User, now: datetime, resolved: bool = True
) -> Report:
    """Mark a comment as done, or as open again. Raises NotAllowed, CommentRefused, Report.DoesNotExist."""

    def decide(report: Report) -> Changed | None:
        if not may_comment(standing_of(report), actor_of(by)):
            raise NotAllowed("Those who write or review the report mark its comments as done.")
        found = next((comment for comment in report.comments if comment["id"] == comment_id), None)
        if found is None:
            raise CommentRefused("The report has no such comment.")
        if found["resolved"] is resolved:
            return None
        comments = [_marked(comment, comment_id, resolved) for comment in report.comments]
        return Changed(
            "comment_resolved" if resolved else "comment_reopened",
            {"comments": comments},
            target=found["path"],
            details={"comment": comment_id},
        )

    return change_report(report_id, decide, by=by, now=now)


def _marked(comment: Mapping[str, Any], comment_id: str, resolved: bool) -> dict[str, Any]:
    return {**comment, "resolved": resolved} if comment["id"] == comment_id else dict(comment)


def _exists(definition: FormatDefinition, path: str) -> bool:
    if any(path == section.path for section in definition.sections()):
        return True
    fields = index_fields(definition)
    return path in fields or any(
        _is_cell(field, field.table, path) for field in fields.values() if field.table is not None
    )


def _is_cell(field: Field, table: Table, path: str) -> bool:
    """Whether ``path`` names a record of the table, or a cell: one that is there or one that may come."""
    if not path.startswith(f"{field.path}."):
        return False
    names = path.removeprefix(f"{field.path}.").split(".")
    if table.kind is TableKind.COLUMN_DYNAMIC:
        lines = {COLUMNS, *(row.id for row in table.row_fields)}
        return (
            names[0] in lines and all(row_number(name) is not None for name in names[1:]) and len(names) <= 2
        )
    rows = {row.id for row in table.rows}
    columns = {column.id for column in table.columns}
    first = names[0] in rows if table.kind is TableKind.FIXED else row_number(names[0]) is not None
    return first and set(names[1:]) <= columns and len(names) <= 2
