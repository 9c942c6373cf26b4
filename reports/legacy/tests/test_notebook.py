"""What is read is kept as it stood, and pieces of files without a record are not lost from sight."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from bson import ObjectId

from banks.legacy.tests.madeup import field, small_format
from reports.legacy.known import Formats, FormatUnknown
from reports.legacy.notebook import Notebook
from reports.legacy.originals import canonical
from reports.legacy.recognising import Kind
from reports.legacy.sources import Read

FILE, OTHER = ObjectId("65a0000000000000000000a1"), ObjectId("65a0000000000000000000a2")


@pytest.fixture
def book() -> Iterator[Notebook]:
    with Notebook() as book:
        yield book


def piece(of: ObjectId, number: int) -> Read:
    return Read(
        "valuation_reports", "fs.chunks", {"_id": ObjectId(), "files_id": of, "n": number, "data": b"12"}
    )


def test_choices_under_keys_stay_in_the_order_in_which_people_saw_them(book: Notebook) -> None:
    options = {"2": "Second", "10": "Tenth", "1": "First"}
    book.take(Read("db", "formats", small_format(field("floor", "select", options=options))))
    (row,) = book.rows(Kind.FORMAT)
    fields = row.document["documents"][0]["sections"][0]["fields"]
    assert list(fields[0]["options"]) == ["2", "10", "1"]
    assert row.text == canonical(row.document)


def test_pieces_without_a_record_are_refused_as_one_document_for_each_file(book: Notebook) -> None:
    record = {"_id": FILE, "length": 2, "chunkSize": 2, "filename": "deed.pdf"}
    for read in (piece(FILE, 0), piece(OTHER, 0), piece(OTHER, 1), Read("db", "fs.files", record)):
        book.take(read)
    book.settle_orphans()
    (fault,) = book.faults()
    (row,) = book.rows(Kind.STORE_CHUNK, outcome=None)
    assert (fault.document, fault.collection, row.outcome) == (str(OTHER), "fs.chunks", "refused")
    assert fault.problem == "4 bytes (pieces: 2) belong to a file that has no record in fs.files."


def test_a_report_that_names_no_property_type_is_not_told_that_it_names_none() -> None:
    with pytest.raises(FormatUnknown) as refused:
        Formats().of({"template_id": "T1", "bank_code": "SBI"})
    assert str(refused.value) == "It names template “T1”, and no format is there for bank “SBI”."


def report(database: str, status: str, updated_at: object) -> Read:
    found = {"_id": "r1", "reference_number": "A/1", "report_data": {}, "status": status}
    return Read(database, "reports", {**found, "updated_at": updated_at})


@pytest.mark.parametrize(
    ("first", "second", "stands"),
    [
        ("2025-01-01", "2025-02-01T10:00:00", "second"),
        ("2025-02-01T10:00:00", "2025-01-01", "first"),
        ("2025-01-01", None, "first"),
        (None, "2025-01-01", "first"),
        ("2025-01-01", "2025-01-01", "first"),
    ],
)
def test_of_two_documents_with_one_id_the_one_that_was_changed_later_stands(
    book: Notebook, first: object, second: object, stands: str
) -> None:
    book.take(report("valuation_app_prod", "first", first))
    book.take(report("valuation_reports", "second", second))
    assert [row.document["status"] for row in book.rows(Kind.REPORT)] == [stands]
    (fault,) = book.faults()
    where = "valuation_reports" if stands == "second" else "valuation_app_prod"
    assert f"stands in {where}.reports." in fault.problem


def test_of_three_documents_with_one_id_one_stands(book: Notebook) -> None:
    for day in ("2025-01-01", "2025-03-01", "2025-02-01", "2025-03-01"):
        book.take(report("db", day, day))
    assert [row.document["status"] for row in book.rows(Kind.REPORT)] == ["2025-03-01"]
    assert [row.outcome for row in book.rows(Kind.REPORT, outcome=None)] == [
        "refused",
        "",
        "refused",
        "repeated",
    ]
