"""Reading files: every document once, whatever form they have, and a fault for what is spoilt."""

from __future__ import annotations

import gzip
import io
import json
from pathlib import Path
from typing import Any

import bson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.legacy import sources
from reports.legacy.sources import FileSource, Read, collection_of, json_values

TRICKY: list[dict[str, Any]] = [{"a": 'a "quoted" {brace} \\'}, {"b": [{"c": "]"}, []]}, {}, {"d": "ü\\\\"}]


def read(path: Path) -> list[Read]:
    return list(FileSource(path, frozenset({"valuation_reports"})).documents())


def documents(path: Path) -> list[object]:
    return [one.document for one in read(path)]


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(TRICKY),
        json.dumps(TRICKY, indent=2),
        "\n".join(json.dumps(one) for one in TRICKY),
        " ".join(json.dumps(one) for one in TRICKY),
        "\ufeff" + json.dumps(TRICKY),
    ],
    ids=["a list", "an indented list", "lines", "one after another", "with a byte order mark"],
)
def test_it_reads_a_list_and_documents_one_after_another(tmp_path: Path, text: str) -> None:
    (tmp_path / "reports.json").write_text(text, encoding="utf-8")
    assert documents(tmp_path / "reports.json") == TRICKY


def test_it_reads_one_document_alone(tmp_path: Path) -> None:
    (tmp_path / "one.json").write_text('{"_id": 1, "list": [1, 2]}')
    assert documents(tmp_path) == [{"_id": 1, "list": [1, 2]}]


@pytest.mark.parametrize("ending", [".bson", ".bson.gz"])
def test_it_reads_what_mongodump_writes(tmp_path: Path, ending: str) -> None:
    content = b"".join(bson.encode(one) for one in TRICKY)
    (tmp_path / f"reports{ending}").write_bytes(gzip.compress(content) if ending.endswith("gz") else content)
    (tmp_path / "reports.metadata.json").write_text('{"indexes": []}')
    assert documents(tmp_path) == TRICKY


pieces = st.lists(st.dictionaries(st.text(max_size=5), st.text(max_size=8), max_size=3), max_size=5)


@given(pieces, st.integers(1, 7))
def test_it_does_not_matter_where_a_piece_of_the_file_ends(given_documents: list[object], size: int) -> None:
    class InPieces(io.BytesIO):
        def read(self, _: int | None = -1) -> bytes:
            return super().read(size)

    text = json.dumps(given_documents, ensure_ascii=False).encode()
    assert [json.loads(one or "") for one in json_values(InPieces(text))] == given_documents


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ('[{"a": 1}, {"b": ', "not JSON"),
        ('{"a": 1} rubbish', "not JSON"),
        ("[1, 2]", "not JSON"),
        ("7", "value where a document"),
        ("{'a': 1}", "not JSON"),
    ],
)
def test_what_is_no_document_is_told_and_the_others_are_read(tmp_path: Path, content: str, told: str) -> None:
    (tmp_path / "x.json").write_text(content)
    assert any(told in one.problem for one in read(tmp_path))


@pytest.mark.parametrize("cut", [3, 10])
def test_a_dump_that_was_cut_short_gives_what_it_has(tmp_path: Path, cut: int) -> None:
    whole = bson.encode({"_id": 1}) + bson.encode({"_id": 2})
    (tmp_path / "x.bson").write_bytes(whole[:-cut])
    found = read(tmp_path)
    assert found[0].document == {"_id": 1}
    assert "middle of a document" in found[1].problem


@pytest.mark.parametrize(
    "content", [b"\xff\xff\xff\x7f" + b"x" * 50, b"\x10\x00\x00\x00" + b"\xff" * 12, b"\x01\x00\x00\x00"]
)
def test_what_is_no_bson_is_told(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.bson").write_bytes(content)
    (found,) = read(tmp_path)
    assert found.document is None
    assert found.problem


def test_a_spoilt_archive_is_told(tmp_path: Path) -> None:
    (tmp_path / "x.json.gz").write_bytes(gzip.compress(b'{"a": 1}')[:-9])
    assert "cannot be read any further" in read(tmp_path)[-1].problem


def test_a_document_longer_than_any_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "LARGEST_TEXT", 100)
    (tmp_path / "x.json").write_text(json.dumps([{"a": "x" * 200}, {"b": 1}]))
    found = read(tmp_path)
    assert "longer than any" in found[0].problem
    assert found[1].document == {"b": 1}


def test_the_folder_says_the_database_and_the_file_the_collection(tmp_path: Path) -> None:
    for folder in ("valuation_reports", "valuation_admin"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "reports.json").write_text("{}")
    found = {(one.database, one.collection) for one in read(tmp_path)}
    assert found == {("valuation_reports", "reports"), ("valuation_admin", "reports")}


def test_a_file_of_a_known_databases_folder_says_it_too(tmp_path: Path) -> None:
    (tmp_path / "valuation_reports").mkdir()
    (tmp_path / "valuation_reports" / "reports.json").write_text("{}")
    assert [one.database for one in read(tmp_path / "valuation_reports" / "reports.json")] == [
        "valuation_reports"
    ]
    assert [one.database for one in read(tmp_path / "valuation_reports")] == ["valuation_reports"]


def test_files_that_are_neither_are_named(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("hello")
    source = FileSource(tmp_path)
    assert (list(source.documents()), [one.name for one in source.passed_over]) == ([], ["notes.txt"])


@pytest.mark.parametrize(
    ("name", "collection"),
    [
        ("reports.json", "reports"),
        ("fs.files.bson.gz", "fs.files"),
        ("Users.JSONL", "Users"),
        ("a.ndjson.gz", "a"),
    ],
)
def test_a_name_says_its_collection(name: str, collection: str) -> None:
    assert collection_of(Path(name)) == collection
