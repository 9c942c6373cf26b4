"""What an import found, in files: every fault, and every document that was not taken over, whole.

Both hold people's data, so only who ran the import may read them. Neither is ever whole in memory.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from pathlib import Path
from typing import IO, Any

from banks.legacy.faults import Fault
from banks.legacy.report import as_csv, as_text
from reports.legacy.bringing import Import
from reports.legacy.notebook import Notebook, Outcome
from reports.legacy.verifying import Verification, table

ENDINGS = (".json", ".txt", ".csv")
# A document without end (a collection that was not known) has faults without end; written in parts.
_PART = 500


def write_report(path: Path, run: Import, verification: Verification) -> None:
    """Raises OSError."""
    with _private(path) as file:
        writer = {".json": _json, ".csv": _csv}.get(path.suffix.casefold(), _text)
        for part in writer(run.book, verification):
            file.write(part)


def write_refused(path: Path, book: Notebook) -> int:
    """A line of JSON for each document that was not taken over; how many it was. Raises OSError."""
    written = 0
    with _private(path) as file:
        for row in book.with_outcome(Outcome.REFUSED, Outcome.UNKNOWN):
            about = {"database": row.database, "collection": row.collection, "id": row.shown_id}
            # The document is Extended JSON already.
            file.write(f'{{"about":{json.dumps(about)},"document":{row.text}}}\n')
            written += 1
    return written


def write_suggestions(path: Path, suggestions: Mapping[str, Any]) -> None:
    """``{old template id: {path: {"formula", "reason"}}}``, for staff to edit. Raises OSError."""
    with _private(path) as file:
        json.dump(suggestions, file, indent=1, ensure_ascii=False, sort_keys=True)
        file.write("\n")


class CompletionsProblem(ValueError):
    """The file of completions is not what it should be; the message says what is wrong."""


def read_completions(path: Path) -> dict[str, dict[str, str]]:
    """``{old template id: {path: formula}}`` of a file as ``write_suggestions`` writes it, edited.

    Raises CompletionsProblem, OSError.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise CompletionsProblem(f"{path.name} is not JSON: {error}") from None
    if not isinstance(found, dict) or not all(isinstance(one, dict) for one in found.values()):
        raise CompletionsProblem(
            f"{path.name} has to say, for each old template id, a formula for each path."
        )
    made: dict[str, dict[str, str]] = {}
    for template, paths in found.items():
        for where, said in paths.items():
            formula = said.get("formula") if isinstance(said, dict) else said
            if not isinstance(formula, str):
                raise CompletionsProblem(
                    f"{path.name}: {template}, {where} has no formula; write it as text."
                )
            if formula.strip():
                made.setdefault(template, {})[where] = formula.strip()
    return made


def _private(path: Path) -> IO[str]:
    return open(
        path, "w", encoding="utf-8", newline="", opener=lambda name, flags: os.open(name, flags, 0o600)
    )


def _json(book: Notebook, verification: Verification) -> Iterator[str]:
    lines = [line.as_json() for line in verification.lines]
    yield '{"counts": ' + json.dumps(book.severities()) + ', "sound": ' + json.dumps(verification.sound)
    yield ', "collections": ' + json.dumps(lines, ensure_ascii=False) + ', "faults": [\n'
    for at, fault in enumerate(book.faults()):
        yield (",\n" if at else "") + json.dumps(fault.as_json(), ensure_ascii=False)
    yield "\n]}\n"


def _csv(book: Notebook, verification: Verification) -> Iterator[str]:
    yield as_csv([])
    heading = len(as_csv([]))
    for part in _parts(book.faults()):
        yield as_csv(part)[heading:]


def _text(book: Notebook, verification: Verification) -> Iterator[str]:
    for _, group in groupby(book.faults(), key=lambda one: (one.collection, one.document)):
        for part in _parts(group):
            # Each ends with the counts of its own faults; those of all stand at the end.
            yield as_text(part).rpartition("All together:")[0]
    counts = ", ".join(f"{number} {severity}" for severity, number in book.severities().items())
    yield f"All together: {counts}.\n\n"
    yield "\n".join(table(verification)) + "\n"


def _parts(faults: Iterable[Fault]) -> Iterator[list[Fault]]:
    part: list[Fault] = []
    for fault in faults:
        part.append(fault)
        if len(part) == _PART:
            yield part
            part = []
    if part:
        yield part
