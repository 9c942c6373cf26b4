"""The faults of an import, as text to read, JSON for programs and CSV for a spreadsheet."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import groupby

from banks.legacy.faults import Fault, Severity

COLUMNS = ("collection", "document", "field", "severity", "problem", "done")
_WORDS = {
    Severity.REFUSED: "refused",
    Severity.KEPT_ASIDE: "kept aside",
    Severity.CHANGED: "changed",
    Severity.NOTE: "note",
}
# A cell that begins so would be worked out as a formula by a spreadsheet.
_FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r")


def ordered(faults: Iterable[Fault]) -> list[Fault]:
    """By collection and document as first met, the gravest first, then by field."""
    listed = list(faults)
    met = {
        name: at for at, name in enumerate(dict.fromkeys((one.collection, one.document) for one in listed))
    }
    grave = {severity: at for at, severity in enumerate(_WORDS)}
    return sorted(listed, key=lambda one: (met[one.collection, one.document], grave[one.severity], one.field))


def counts(faults: Iterable[Fault]) -> dict[str, int]:
    """How many of each severity, the gravest first; all four are there."""
    found = Counter(fault.severity for fault in faults)
    return {str(severity): found[severity] for severity in _WORDS}


def as_text(faults: Sequence[Fault]) -> str:
    """A heading a document, a line a fault; ends with the counts and a new line."""
    lines: list[str] = []
    for (collection, document), group in groupby(
        ordered(faults), key=lambda one: (one.collection, one.document)
    ):
        of_document = list(group)
        lines += [f"{collection} / {document or '(no id)'}: {_summary(of_document)}"]
        lines += [
            f"  [{_WORDS[one.severity]}] {one.field or '(document)'}: {one.problem} {one.done}"
            for one in of_document
        ]
        lines.append("")
    lines.append(f"All together: {_summary(faults)}.")
    return "\n".join(lines) + "\n"


def as_json(faults: Sequence[Fault]) -> str:
    """``{"counts": {severity: n}, "faults": [{…}, …]}``, indented."""
    content = {"counts": counts(faults), "faults": [fault.as_json() for fault in ordered(faults)]}
    return json.dumps(content, ensure_ascii=False, indent=1) + "\n"


def as_csv(faults: Sequence[Fault]) -> str:
    """One line a fault under a heading line; no cell is taken for a formula by a spreadsheet."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for fault in ordered(faults):
        values = fault.as_json()
        writer.writerow([_cell(values[name]) for name in COLUMNS])
    return out.getvalue()


def _cell(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA_SIGNS) else text


def _summary(faults: Sequence[Fault]) -> str:
    found = Counter(fault.severity for fault in faults)
    parts = [f"{found[severity]} {word}" for severity, word in _WORDS.items() if found[severity]]
    if found[Severity.NOTE] > 1:
        parts[-1] += "s"
    return ", ".join(parts) or "nothing to tell"
