"""CSV and XLSX files become rows of text, and rows of text such files, whatever stands in them."""

from __future__ import annotations

import io
import random
import zipfile
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from banks.exchange import tables
from banks.exchange.tables import MOST_BYTES, Table, UnreadableFile, read_table, write_csv, write_xlsx

HEADINGS = ("code", "name")


def rows_of(content: bytes) -> list[tuple[str, ...]]:
    return [row.cells for row in read_table(content).rows]


def workbook(*rows: list[object]) -> bytes:
    book = Workbook()
    for row in rows:
        book.active.append(row)
    written = io.BytesIO()
    book.save(written)
    return written.getvalue()


# Reading -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        "code,name\nA,Café\n".encode(),
        "code,name\r\nA,Café\r\n".encode("utf-8-sig"),
        "code;name\nA;Café\n".encode("cp1252"),
        "code\tname\nA\tCafé\n".encode("utf-16"),
        '"code","name"\n"A","Café"\n'.encode(),
    ],
    ids=["utf-8", "with a mark", "windows, semicolons", "excel's unicode text", "quoted"],
)
def test_a_csv_is_read_however_a_spreadsheet_saved_it(content: bytes) -> None:
    assert read_table(content).headings == HEADINGS
    assert rows_of(content) == [("A", "Café")]


def test_a_semicolon_within_a_quoted_heading_does_not_part_the_columns() -> None:
    assert read_table(b'code,"na;me;x"\nA,B\n').headings == ("code", "na;me;x")


def test_rows_are_numbered_as_in_a_spreadsheet_and_empty_ones_left_out() -> None:
    table = read_table(b"code,name\nA,One\n,\n\nB,Two\n")
    assert [(row.number, row.cells[0]) for row in table.rows] == [(2, "A"), (5, "B")]


def test_a_short_row_is_filled_up_with_empty_cells() -> None:
    assert rows_of(b"code,name\nA\n") == [("A", "")]


def test_a_row_with_more_cells_than_headings_is_a_fault_of_that_row() -> None:
    [row] = read_table(b"code,name\nA,Main, Road\n").rows
    assert "more cells than headings" in row.faults[0][1]


def test_numbers_of_a_spreadsheet_are_read_as_they_are_shown() -> None:
    content = workbook(["code", "name"], [110001, 18.5], [110001.0, True])
    assert rows_of(content) == [("110001", "18.5"), ("110001", "yes")]


@pytest.mark.parametrize(("cell", "said"), [("=A1", "formula"), ("#N/A", "error")])
def test_what_a_spreadsheet_would_calculate_is_a_fault(cell: str, said: str) -> None:
    [row] = read_table(workbook(["code", "name"], ["A", cell])).rows
    assert (row.faults[0][0], said in row.faults[0][1]) == (1, True)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b"\n\n", "empty"),
        (b'code,name\nA,"never ends\n', "Line 2"),
        (b"\xd0\xcf\x11\xe0" + bytes(600), ".xls"),
        (b"code\x00\x01", "neither a CSV nor an XLSX"),
        (b"PK\x03\x04 no archive at all", "damaged"),
        (b"a" * (MOST_BYTES + 1), "5 MB"),
        (",".join(f"c{n}" for n in range(61)).encode(), "60 headings"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_with_the_way_out(content: bytes, said: str) -> None:
    with pytest.raises(UnreadableFile, match=said):
        read_table(content)


def test_more_rows_than_are_taken_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "MOST_ROWS", 2)
    with pytest.raises(UnreadableFile, match="more than 2 rows"):
        read_table(b"code\nA\nB\nC\n")


def test_endless_empty_rows_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "_LAST_ROW", 10)
    with pytest.raises(UnreadableFile, match="beyond row 10"):
        read_table(b"code\n" + b"\n" * 20 + b"A\n")


def test_a_very_long_cell_is_a_fault_and_not_kept() -> None:
    [row] = read_table(b"code\n" + b"x" * 2_001).rows
    assert (len(row.cells[0]), "longer than 2,000" in row.faults[0][1]) == (2_000, True)


# What an XLSX may unpack to ----------------------------------------------------------------------------


def archive(**parts: bytes) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in parts.items():
            packed.writestr(name.replace("_", "."), content)
    return written.getvalue()


def test_a_bomb_is_refused_before_it_is_unpacked() -> None:
    bomb = archive(sheet_xml=bytes(65 * 1024 * 1024))
    assert len(bomb) < 100_000
    with pytest.raises(UnreadableFile, match="64 MB"):
        read_table(bomb)


def test_a_bomb_that_lies_about_its_size_is_refused() -> None:
    bomb = bytearray(archive(sheet_xml=bytes(70 * 1024 * 1024)))
    # The size after unpacking, in the directory at the end, which is what a reader is told first.
    directory = bomb.rfind(b"PK\x01\x02")
    bomb[directory + 24 : directory + 28] = (10).to_bytes(4, "little")
    with pytest.raises(UnreadableFile):
        read_table(bytes(bomb))


def test_entities_are_refused() -> None:
    with pytest.raises(UnreadableFile, match="entities"):
        read_table(archive(sheet_xml=b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>'))


# Writing, and back -------------------------------------------------------------------------------------


@pytest.mark.parametrize("cell", ["=1+1", "+91 20 0000 0000", "-x", "@SUM(A1)", "\t=1", "\r=1"])
def test_no_cell_of_a_csv_begins_as_a_formula(cell: str) -> None:
    written = write_csv(["code"], [[cell]]).decode("utf-8-sig")
    assert written.splitlines()[1].lstrip('"').startswith("'")


@pytest.mark.parametrize("cell", ["-77.5", "+18", "18.5"])
def test_numbers_stay_numbers_in_a_csv(cell: str) -> None:
    assert write_csv(["code"], [[cell]]).decode("utf-8-sig").splitlines()[1] == cell


def test_no_cell_of_an_xlsx_is_a_formula_or_a_link() -> None:
    content = write_xlsx(["code"], [["=1+1"], ["https://example.com"]], "Demo: [x]")
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        sheet = packed.read("xl/worksheets/sheet1.xml")
    assert b"<f>" not in sheet
    assert b"hyperlink" not in sheet
    assert rows_of(content) == [("=1+1",), ("https://example.com",)]


_VISIBLE = st.characters(exclude_categories=("Cs", "Cc", "Zs", "Zl", "Zp", "Cn", "Co"))
CELLS = st.text(st.one_of(st.sampled_from("'=+-@,;\"."), _VISIBLE), max_size=12)
TABLES = st.lists(st.tuples(CELLS.filter(bool), CELLS, CELLS), min_size=1, max_size=4)


@given(TABLES)
@settings(max_examples=150)
def test_a_csv_reads_back_as_it_was_written(rows: list[tuple[str, str, str]]) -> None:
    assert rows_of(write_csv(("a", "b", "c"), rows)) == rows


@given(TABLES)
@settings(max_examples=30, deadline=None)
def test_an_xlsx_reads_back_as_it_was_written(rows: list[tuple[str, str, str]]) -> None:
    assert rows_of(write_xlsx(("a", "b", "c"), rows, "Sheet")) == rows


@given(st.binary(max_size=300))
def test_whatever_the_bytes_it_is_a_table_or_refused(content: bytes) -> None:
    with suppress(UnreadableFile):
        assert isinstance(read_table(content), Table)


@pytest.mark.parametrize(
    ("part", "was", "becomes"),
    [
        ("xl/sharedStrings.xml", b"<si>", b"<sy>"),
        ("xl/worksheets/sheet1.xml", b"<v>0</v>", b"<v>99999</v>"),
    ],
)
def test_a_sheet_that_names_texts_it_has_not_is_damaged(part: str, was: bytes, becomes: bytes) -> None:
    spoilt = io.BytesIO()
    whole = zipfile.ZipFile(io.BytesIO(write_xlsx(["code"], [["A"]], "x")))
    with whole, zipfile.ZipFile(spoilt, "w") as written:
        for name in whole.namelist():
            text = whole.read(name)
            written.writestr(name, text.replace(was, becomes) if name == part else text)

    with pytest.raises(UnreadableFile, match="damaged"):
        read_table(spoilt.getvalue())


def test_bytes_that_are_spoilt_on_the_way_are_a_sentence_and_no_crash() -> None:
    content = write_xlsx(["code", "name"], [["A", "B"]] * 50, "x")
    dice = random.Random(4)  # noqa: S311 - the same order each time
    sentences = []
    for _ in range(150):
        spoilt = bytearray(content)
        for _ in range(4):
            spoilt[dice.randrange(4, len(spoilt))] = dice.randrange(256)
        try:
            read_table(bytes(spoilt))
        except UnreadableFile as refusal:
            sentences.append(str(refusal))
    assert len(sentences) > 75
    assert all(sentence.endswith(".") for sentence in sentences)
