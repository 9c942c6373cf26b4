"""Text that can be printed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.documents.glyphs import FONTS, code_points, printable, printable_tree


@pytest.mark.parametrize("text", ["₹14,72,625", "½ plot", "नमस्ते", "சென்னை", "سلام", "naïve"])
def test_it_keeps_what_the_fonts_have(text: str) -> None:
    assert printable(text) == text


@pytest.mark.parametrize("text", ["😀", "中", "\ue000", "\ufffe", "\ud800"])
def test_it_replaces_what_no_font_has(text: str) -> None:
    assert printable(text) == "\ufffd"


def test_it_tells_which_characters_were_lost() -> None:
    lost: set[str] = set()
    printable_tree({"remarks": ["fine 😀", {"note": "中"}]}, lost)
    assert lost == {"😀", "中"}


@pytest.mark.parametrize(("text", "spelt"), [("a → b", "a -> b"), ("✓", "Yes"), ("5 − 3", "5 – 3")])
def test_it_spells_common_signs_with_what_there_is(text: str, spelt: str) -> None:
    assert printable(text) == spelt


def test_it_removes_controls() -> None:
    assert printable("a\x00b\x1b[0m\x07") == "ab[0m"


def test_it_removes_marks_that_turn_figures_around() -> None:
    assert printable("\u202e000,1\u202c") == "000,1"


def test_it_keeps_the_joiners_that_indic_scripts_are_written_with() -> None:
    assert printable("क्\u200dष") == "क्\u200dष"


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\u2028"])
def test_it_keeps_line_breaks_of_every_kind(end: str) -> None:
    assert printable(f"one{end}two") == "one\ntwo"


def test_it_composes_letters_and_their_marks() -> None:
    assert printable("e\u0301") == "é"


def test_it_reads_which_letters_a_font_has() -> None:
    points = code_points(FONTS / "NotoSansTamil-Regular.ttf")
    assert (ord("அ") in points, ord("अ") in points) == (True, False)


@given(st.text())
def test_printing_what_was_made_printable_changes_nothing(text: str) -> None:
    assert printable(printable(text)) == printable(text)
