"""What canaries are made of: answers, pictures and documents that hold a firm's own words and colours."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from typing import Any

from PIL import Image

from banks.formats.definition import Field, FieldType, FormatDefinition, TableKind
from reports.tests.making import sample_answers, shipped_format

Colour = tuple[int, int, int]

_TEXTS = frozenset({FieldType.TEXT, FieldType.TEXTAREA})


def marked_answers(name: str, word: Callable[[str], str]) -> dict[str, Any]:
    """The sample's answers with a new word behind every text that a person writes freely."""
    definition: FormatDefinition = shipped_format(name)
    answers = sample_answers(name)
    for section in definition.sections():
        stored = answers.get(section.tab_id, {}).get(section.id, {})
        for item in section.fields:
            if item.id in stored:
                stored[item.id] = _marked(item, stored[item.id], word)
    return answers


def _marked(item: Field, answer: Any, word: Callable[[str], str]) -> Any:
    if isinstance(answer, str):
        free = item.type in _TEXTS and not item.read_only and not item.validation.pattern
        room = (item.validation.max_length or 1_000) - len(answer) > 14
        return f"{answer} {word(item.path)}" if free and room else answer
    if item.type is FieldType.GROUP:
        parts = {part.id: part for part in item.fields}
        return {
            key: _marked(parts[key], value, word) if key in parts else value for key, value in answer.items()
        }
    if item.table is None:
        return answer
    columns = {column.id: column for column in (*item.table.columns, *item.table.row_fields)}
    if item.table.kind is TableKind.COLUMN_DYNAMIC:
        names = [f"{column} {word(item.path)}" for column in answer.get("columns", [])]
        return {**answer, "columns": names} if names else answer
    if item.table.kind is TableKind.ROW_DYNAMIC:
        return [_marked_each(columns, row, word) for row in answer]
    return {row: _marked_each(columns, cells, word) for row, cells in answer.items()}


def _marked_each(fields: Mapping[str, Field], answers: Any, word: Callable[[str], str]) -> Any:
    return {
        key: _marked(fields[key], answer, word) if key in fields else answer
        for key, answer in answers.items()
    }


def picture(colour: Colour, kind: str) -> bytes:
    """A picture of nothing but the colour."""
    written = io.BytesIO()
    Image.new("RGB", (640, 480), colour).save(written, kind)
    return written.getvalue()


def tiny_pdf(words: str) -> bytes:
    """A PDF of one page that says ``words``."""
    said = f"BT /F1 24 Tf 40 700 Td ({words}) Tj ET".encode()
    font = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"
    parts = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R "
        b"/Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(said), said),
        font,
    ]
    written, places = bytearray(b"%PDF-1.4\n"), []
    for number, part in enumerate(parts, 1):
        places.append(len(written))
        written += b"%d 0 obj\n%s\nendobj\n" % (number, part)
    start = len(written)
    written += b"xref\n0 %d\n0000000000 65535 f \n" % (len(parts) + 1)
    written += b"".join(b"%010d 00000 n \n" % place for place in places)
    written += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(parts) + 1, start)
    return bytes(written)
