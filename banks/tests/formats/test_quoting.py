"""Answers quoted in the texts of the declaration's table."""

from __future__ import annotations

import pytest

from banks.formats.quoting import quoted_answers, with_answers

ANSWERS = {
    "common.details.purpose": "Home loan",
    "remarks.declaration.by": "Head office",
    "valuer": "A. Valuer",
}


def filled(text: str) -> str:
    return with_answers(text, lambda name: ANSWERS.get(name, ""))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "Purpose: {common.details.purpose}; by {remarks.declaration.by}",
            "Purpose: Home loan; by Head office",
        ),
        ("{valuer}; alone", "A. Valuer; alone"),
        ("{common.details.purpose}, {common.details.other}; by us", "Home loan; by us"),
        ("{common.details.purpose}, {common.details.other}", "Home loan"),
    ],
)
def test_an_answer_takes_the_place_of_its_path(text: str, said: str) -> None:
    assert filled(text) == said


@pytest.mark.parametrize("text", ["A set {a, b} of things ;", "{parameter.share} %", "{branch}", "{a.b}"])
def test_a_text_that_quotes_nothing_stays_as_it_is(text: str) -> None:
    assert filled(text) == text


def test_an_answer_with_braces_is_not_read_again() -> None:
    assert with_answers("{valuer}", lambda name: "{common.details.purpose}") == "{common.details.purpose}"


def test_the_valuer_is_no_question() -> None:
    assert list(quoted_answers("{valuer} for {common.details.purpose}")) == ["common.details.purpose"]
