"""The report of an import: what was wrong, by document and field, for people, programs and spreadsheets."""

from __future__ import annotations

import csv
import io
import json

from banks.legacy.faults import Fault, Severity
from banks.legacy.report import as_csv, as_json, as_text, counts

_FAULTS = [
    Fault("banks", "b1", "bankType", "The type is strange.", "It is public.", Severity.NOTE),
    Fault("formats", "f1", "plot.size", "=HYPERLINK(1)", "It is typed.", Severity.CHANGED),
    Fault("banks", "b1", "branches.2", "No IFSC.", "It is kept.", Severity.KEPT_ASIDE),
    Fault("formats", "", "", "No tabs.", "It is kept as it was.", Severity.REFUSED),
]


def test_the_text_has_a_heading_for_each_document_and_the_gravest_first() -> None:
    assert as_text(_FAULTS).splitlines() == [
        "banks / b1: 1 kept aside, 1 note",
        "  [kept aside] branches.2: No IFSC. It is kept.",
        "  [note] bankType: The type is strange. It is public.",
        "",
        "formats / f1: 1 changed",
        "  [changed] plot.size: =HYPERLINK(1) It is typed.",
        "",
        "formats / (no id): 1 refused",
        "  [refused] (document): No tabs. It is kept as it was.",
        "",
        "All together: 1 refused, 1 kept aside, 1 changed, 1 note.",
    ]


def test_an_import_without_faults_says_so() -> None:
    assert as_text([]) == "All together: nothing to tell.\n"


def test_the_json_counts_and_lists() -> None:
    content = json.loads(as_json(_FAULTS))

    assert content["counts"] == {"refused": 1, "kept_aside": 1, "changed": 1, "note": 1}
    assert content["faults"][0]["field"] == "branches.2"
    assert counts([])["refused"] == 0


def test_no_cell_of_the_csv_is_taken_for_a_formula() -> None:
    rows = list(csv.reader(io.StringIO(as_csv(_FAULTS))))

    assert rows[0] == ["collection", "document", "field", "severity", "problem", "done"]
    assert len(rows) == 5
    assert rows[3][4] == "'=HYPERLINK(1)"
