"""A report as its reviewer reads it: every answer in the words that will print, what changed, what was said.

Pure: built from the document's data (``reports.documents.content``), the comments and the record of saves.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from banks.formats.definition import Field, FormatDefinition
from banks.formats.paths import index_fields
from reports.comments import Comment, read_comments
from reports.documents.values import EMPTY, Formatter

SAVED = "section_saved"
RETURNED = "report_returned"


@dataclass(frozen=True, slots=True)
class ChangedAnswer:
    """An answer that differs from the one that was reviewed last."""

    path: str
    label: str
    before: str
    after: str
    by: str
    # The row of the page that shows it: the path itself, or its table's.
    anchor: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a section: an answer, the heading of a group (``value`` empty), or a table."""

    path: str
    number: str
    label: str
    value: str = ""
    kind: str = "text"
    inner: bool = False
    note: str = ""
    before: str | None = None
    table: Mapping[str, Any] | None = None
    comments: tuple[Comment, ...] = ()
    changes: tuple[ChangedAnswer, ...] = ()


@dataclass(frozen=True, slots=True)
class ReadSection:
    path: str
    number: str
    label: str
    rows: tuple[Row, ...]
    comments: tuple[Comment, ...] = ()

    @property
    def tab_id(self) -> str:
        return self.path.partition(".")[0]

    @property
    def section_id(self) -> str:
        return self.path.partition(".")[2]


@dataclass(frozen=True, slots=True)
class ReadPart:
    numeral: str
    label: str
    sections: tuple[ReadSection, ...]


@dataclass(slots=True)
class _Given:
    """Comments and changes by the path of the row that they belong to; what is used up is taken out."""

    comments: dict[str, list[Comment]] = field(default_factory=dict)
    changes: dict[str, list[ChangedAnswer]] = field(default_factory=dict)


def read_parts(
    said: Mapping[str, Any], comments: Iterable[Comment], changes: Iterable[ChangedAnswer]
) -> list[ReadPart]:
    """The document's parts with comments and changes at their rows; ``said`` is from ``build_document``.

    A comment about a cell stands at its table; one about something that is not printed now is left to the
    list of all comments.
    """
    given = _Given()
    for comment in comments:
        given.comments.setdefault(comment.path, []).append(comment)
    for change in changes:
        given.changes.setdefault(change.path, []).append(change)
    return [
        ReadPart(part["numeral"], part["label"], tuple(_sections(part["sections"], given)))
        for part in said["parts"]
    ]


def _sections(sections: Iterable[Mapping[str, Any]], given: _Given) -> Iterable[ReadSection]:
    for section in sections:
        rows = [row for block in section["blocks"] for row in _rows(block, given)]
        path = ".".join(rows[0].path.split(".")[:2]) if rows else ""
        about = tuple(given.comments.get(path, ()))
        yield ReadSection(path, section["number"], section["label"], tuple(rows), about)


def _rows(block: Mapping[str, Any], given: _Given) -> Iterable[Row]:
    if block["kind"] == "table":
        row = Row(block["path"], block["number"], block["label"], kind="table", table=block)
        yield _with_given(row, given, below=True)
        return
    for item in block["rows"]:
        yield from _answers(item, given, inner=False)


def _answers(item: Mapping[str, Any], given: _Given, *, inner: bool) -> Iterable[Row]:
    row = Row(
        item["path"], item["number"], item["label"], item["value"], item["kind"], inner, note=item["note"]
    )
    yield _with_given(row, given, below=False)
    for part in item["rows"]:
        yield from _answers(part, given, inner=True)


def _with_given(row: Row, given: _Given, *, below: bool) -> Row:
    """The row with what is about it; ``below`` takes what is about a table's cells too."""
    paths = [row.path]
    if below:
        known = (*given.comments, *given.changes)
        paths += [path for path in dict.fromkeys(known) if path.startswith(f"{row.path}.")]
    comments = tuple(item for path in paths for item in given.comments.pop(path, ()))
    changes = tuple(item for path in paths for item in given.changes.pop(path, ()))
    before = changes[0].before if changes and not below else None
    return replace(row, comments=comments, changes=changes, before=before)


def comments_of(stored: Iterable[Mapping[str, Any]], definition: FormatDefinition) -> list[Comment]:
    """A report's comments in order, each with the name of its question."""
    labels = _labels(definition)
    return [
        replace(comment, field_label=labels.get(_table_of(comment.path, labels), ""))
        for comment in read_comments(stored)
    ]


def _labels(definition: FormatDefinition) -> dict[str, str]:
    labels = {section.path: section.label for section in definition.sections()}
    return labels | {path: field.label for path, field in index_fields(definition).items()}


def _table_of(path: str, labels: Mapping[str, str]) -> str:
    """The longest known beginning of a cell's path."""
    while path and path not in labels:
        path = path.rpartition(".")[0]
    return path


def changes_since_return(
    entries: Iterable[Mapping[str, Any]], definition: FormatDefinition, formatter: Formatter
) -> list[ChangedAnswer] | None:
    """What was changed after the last return, from activity entries with the newest first.

    ``None`` when the report was never returned: then everything is new. An answer that was changed several
    times shows its first and its last state; one that came back to what it was is left out.
    """
    first: dict[str, Any] = {}
    last: dict[str, tuple[Any, str, str]] = {}
    returned = False
    for entry in entries:
        if entry["action"] == RETURNED:
            returned = True
            break
        for change in (entry["details"] or {}).get("changes", ()):
            last.setdefault(change["path"], (change["after"], change["label"], entry["actor_name"]))
            first[change["path"]] = change["before"]
    if not returned:
        return None
    labels, fields = _labels(definition), index_fields(definition)
    changed = []
    for path, (after, label, by) in last.items():
        if first[path] == after:
            continue
        question = _field_of(path, fields)
        texts = [_text(question, value, formatter) for value in (first[path], after)]
        changed.append(ChangedAnswer(path, label or labels.get(path, path), texts[0], texts[1], by, path))
    order = {path: place for place, path in enumerate(labels)}
    return sorted(changed, key=lambda item: order.get(_table_of(item.path, labels), len(order)))


def _field_of(path: str, fields: Mapping[str, Field]) -> Field | None:
    """The field of an answer's path; of a cell's path the column's, or the row's of a turned table."""
    if path in fields:
        return fields[path]
    parts = path.split(".")
    if len(parts) > 3:
        for without in (-2, -1):
            shorter = parts[:without] + (parts[without + 1 :] if without != -1 else [])
            if ".".join(shorter) in fields:
                return fields[".".join(shorter)]
    return None


def _text(question: Field | None, value: Any, formatter: Formatter) -> str:
    """An answer in the words of the document; of a group or a table only whether there is one."""
    if value is None or value in ("", [], {}):
        return EMPTY
    if question is not None and question.table is None and not question.fields:
        return formatter.answer(question, value).text
    if isinstance(value, Mapping):
        return "Not applicable" if value.get("not_applicable") else "Answered"
    if isinstance(value, list):
        return f"{len(value)} rows" if len(value) != 1 else "1 row"
    return str(value)
