"""A file that cannot be read says which and why."""

from __future__ import annotations

from pathlib import Path

import pytest

from banks.formats import files
from banks.formats.problems import FormatProblem
from banks.formats.reading import load_json, read_format_file
from banks.tests.formats.small import small_common


def refusal(path: Path) -> str:
    with pytest.raises(FormatProblem) as caught:
        load_json(path)
    return str(caught.value)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b'{"title": "half', "is not JSON"),
        (b'{"title": "caf\xe9"}', "not UTF-8"),
        (b"[1, 2]", "no JSON object"),
        (b'{"title": "a", "title": "b"}', "title occurs twice"),
        (b'{"title": NaN}', "NaN is no figure"),
        (b'{"a":' * 100_000, "nested too deeply"),
    ],
)
def test_it_says_what_is_wrong_with_an_unreadable_file(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "broken.json"
    path.write_bytes(content)

    assert words in refusal(path)


def test_it_names_the_file(tmp_path: Path) -> None:
    path = tmp_path / "broken.json"
    path.write_text("{", encoding="utf-8")

    assert refusal(path).startswith("broken.json: ")


def test_it_names_a_file_that_is_missing(tmp_path: Path) -> None:
    assert refusal(tmp_path / "missing.json").startswith("missing.json: It cannot be read")


def test_it_refuses_a_file_that_is_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "MOST_BYTES", 10)
    path = tmp_path / "large.json"
    path.write_text('{"title": "eleven"}', encoding="utf-8")

    assert "at most 10 are read" in refusal(path)


def test_it_names_the_file_of_a_format_of_the_wrong_shape(tmp_path: Path) -> None:
    path = tmp_path / "shape.json"
    path.write_text("{}", encoding="utf-8")

    with pytest.raises(FormatProblem, match=r"shape\.json: .*missing"):
        read_format_file(path, small_common())
