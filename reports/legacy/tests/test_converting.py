"""What a report says of itself: its number, and answers that are none."""

from __future__ import annotations

from datetime import UTC
from typing import Any

import pytest

from reports.legacy.converting import ConvertedReport, KnownBank, World, convert_report, reference_of
from reports.legacy.notebook import Row
from reports.legacy.originals import canonical, hash_of
from reports.legacy.recognising import Kind
from reports.legacy.tests.fixtures import known_format


def made_of(document: dict[str, Any]) -> ConvertedReport:
    text = canonical(document)
    row = Row(1, Kind.REPORT, "", "db", "reports", '"r1"', "r1", hash_of(text), text, "", "")
    return convert_report(row, document, known_format(), KnownBank("HTB", "HTB"), World(UTC, {}))


@pytest.mark.parametrize(
    ("said", "reference"),
    [("CV/0007", "CV/0007"), (123, "123"), (True, ""), (1.5, ""), (None, ""), ({"a": 1}, "")],
)
def test_a_reference_is_text_or_a_whole_number(said: Any, reference: str) -> None:
    assert reference_of({"reference_number": said}) == reference


@pytest.mark.parametrize("data", ["see the paper file", [1, {"postal_address": "4 Sample Street"}], 7])
def test_answers_that_are_no_group_are_set_aside(data: Any) -> None:
    made = made_of({"reference_number": "CV/0001/01012025", "status": "draft", "report_data": data})
    assert made.fields["set_aside"]["report_data"]["answer"] == data
    assert [one.field for one in made.faults if one.severity == "kept_aside"] == ["report_data"]


@pytest.mark.parametrize("data", [None, "", [], {}])
def test_no_answers_at_all_are_nothing_to_tell(data: Any) -> None:
    made = made_of({"reference_number": "CV/0001/01012025", "status": "draft", "report_data": data})
    assert made.fields["set_aside"] is None
