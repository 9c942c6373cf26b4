"""The PDF and the pictures of its pages, made by the real renderer in its own process."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from pypdf import PdfReader

from banks.formats.definition import DocumentLayout, FieldType, TableKind
from banks.formats.reading import load_json, read_format_file
from reports.calculation.engine import calculate
from reports.documents.content import DocumentContext, Letterhead, build_document
from reports.documents.render import RenderedDocument, RenderingFailed, render_pages, render_pdf
from reports.tests.documents.making import (
    REFERENCE,
    Worked,
    a_column,
    a_context,
    a_field,
    a_format,
    a_photograph,
    a_table,
    pages_text,
    picture,
    places,
    shaped_text,
)

DATA = Path(__file__).parents[3] / "banks" / "data"
SAMPLES = sorted((DATA / "samples").glob("*.json"))
VALUE = a_field("value", FieldType.CALCULATED, "Estimated value", display="currency")
REMARKS = a_field("remarks", FieldType.TEXTAREA, "Remarks")
FLOORS = a_table(
    TableKind.ROW_DYNAMIC, (a_column("floor"), a_column("area", FieldType.NUMBER)), label="Floors"
)
LAYOUT = DocumentLayout(
    title="Valuation report", words_path="land.plot.value", declaration=("I saw the property.",)
)
WORKED = Worked({"land.plot.value": Decimal(14072625)})


def a_document(remarks: str = "", context: DocumentContext | None = None, **plot: Any) -> dict[str, Any]:
    definition = a_format(
        VALUE, REMARKS, FLOORS, layout=LAYOUT, headline={"fair_market_value": "land.plot.value"}
    )
    answers = {"land": {"plot": {"remarks": remarks, **plot}}}
    return build_document(definition, answers, WORKED, context or a_context())


def printed(remarks: str = "", context: DocumentContext | None = None, **plot: Any) -> RenderedDocument:
    return render_pdf(a_document(remarks, context, **plot), {})


def text_of(rendered: RenderedDocument) -> str:
    return "\n".join(pages_text(rendered.pdf))


def a_long_one() -> RenderedDocument:
    return printed(floors=[{"floor": f"Floor {index}", "area": "1275"} for index in range(120)])


def test_it_prints_figures_grouped_the_indian_way() -> None:
    assert "₹1,40,72,625" in text_of(printed())


def test_it_prints_the_amount_in_words() -> None:
    assert "Rupees One Crore Forty Lakh Seventy-Two Thousand Six Hundred Twenty-Five Only" in text_of(
        printed()
    )


def test_it_prints_the_report_number_on_every_page() -> None:
    assert all(REFERENCE in page for page in pages_text(a_long_one().pdf))


def test_it_prints_the_page_and_the_number_of_pages_on_every_page() -> None:
    rendered = a_long_one()
    expected = [f"page {number} of {rendered.pages}" for number in range(1, rendered.pages + 1)]
    assert all(text in page for text, page in zip(expected, pages_text(rendered.pdf), strict=True))


def test_it_repeats_the_heading_of_a_table_that_goes_over_the_page() -> None:
    assert sum("No. Floor Area" in page for page in pages_text(a_long_one().pdf)) >= 3


def test_it_prints_the_firms_name_at_the_head() -> None:
    assert pages_text(printed().pdf)[0].startswith("Demo Valuers")


def test_it_gives_the_same_bytes_for_the_same_document() -> None:
    assert printed("Once.").pdf == printed("Once.").pdf


def test_it_bears_the_date_of_the_report_and_not_of_the_clock() -> None:
    found = PdfReader(io.BytesIO(printed().pdf)).metadata
    assert found is not None
    assert found.creation_date == found.modification_date == datetime(2026, 11, 23, tzinfo=UTC)


def test_it_gives_the_sha_256_of_the_bytes() -> None:
    rendered = printed()
    assert rendered.sha256 == hashlib.sha256(rendered.pdf).hexdigest()


def metadata(rendered: RenderedDocument) -> str:
    root = PdfReader(io.BytesIO(rendered.pdf)).trailer["/Root"]
    return str(root["/Metadata"].get_object().get_data().decode())  # type: ignore[index]


def test_it_is_pdf_a_2a() -> None:
    found = metadata(printed())
    assert "<pdfaid:part>2</pdfaid:part>" in found
    assert "<pdfaid:conformance>A</pdfaid:conformance>" in found


def test_it_has_a_title_a_language_and_tags() -> None:
    reader = PdfReader(io.BytesIO(printed().pdf))
    root: Any = reader.trailer["/Root"]
    assert reader.metadata is not None
    assert (reader.metadata.title, root["/Lang"]) == (f"Valuation report, {REFERENCE}", "en-IN")
    assert root["/MarkInfo"]["/Marked"]


def test_it_embeds_nothing_but_its_own_fonts() -> None:
    reader = PdfReader(io.BytesIO(printed("नमस्ते").pdf))
    names = {font["/BaseFont"] for page in reader.pages for font in _fonts(page)}
    assert names
    assert all("NotoSans" in name for name in names)


def _fonts(page: Any) -> list[Any]:
    return [font.get_object() for font in page["/Resources"]["/Font"].values()]


MARKUP = [
    "#panic()", "$x$", "$ unclosed", "*bold*", "_italic_", "@reference", "<label>", "\\", "`raw`",
    "= Heading", "- item", "+ item", "/ term: text", "// comment", "/* comment */", '#eval("1")',
    '#image("/etc/passwd")', '#read("data.json")', "~", "---", "[", "]", "{", "}", "#{", '"quoted"', "'",
    "https://example.org", "\\u{41}",
]  # fmt: skip


def test_it_prints_markup_as_the_text_that_it_is() -> None:
    text = text_of(printed("\n".join(MARKUP)))
    assert [line for line in MARKUP if line not in text] == []


@pytest.mark.parametrize("place", ["name", "tagline", "registration"])
def test_it_prints_markup_in_the_letterhead_as_text(place: str) -> None:
    words: dict[str, Any] = {"name": "Demo Valuers", place: "#panic() $x$ *b*"}
    firm = Letterhead(**words)
    assert "#panic() $x$ *b*" in text_of(printed(context=a_context(firm=firm)))


@pytest.mark.parametrize(
    "text",
    [
        "सर्वेक्षण संख्या १२३ क्षेत्रफल",
        "কলকাতা পৌরসংস্থা",
        "અમદાવાદ ક્ષેત્રફળ",
        "சென்னை மாநகராட்சி",
        "హైదరాబాద్ నగరపాలక",
        "ಬೆಂಗಳೂರು ಕ್ಷೇತ್ರ",
        "തിരുവനന്തപുരം",
        "ਅੰਮ੍ਰਿਤਸਰ",
    ],
    ids=["Devanagari", "Bengali", "Gujarati", "Tamil", "Telugu", "Kannada", "Malayalam", "Gurmukhi"],
)
def test_it_has_indic_scripts_letter_for_letter_in_its_text_layer(text: str) -> None:
    assert text in shaped_text(printed(text).pdf)


@pytest.mark.parametrize("text", ["ଭୁବନେଶ୍ୱର", "سلام دنیا"], ids=["Odia", "Urdu"])
def test_it_has_a_font_for_further_scripts(text: str) -> None:
    assert printed(text).replaced == ()


def test_it_prints_characters_that_no_font_has_as_a_sign_and_names_them() -> None:
    assert printed("Fine 😀").replaced == ("😀",)


def test_it_breaks_a_word_of_two_hundred_letters() -> None:
    text = text_of(printed("w" * 200)).replace("\u200b", "").replace("\n", "")
    assert "w" * 200 in text


def test_it_keeps_a_long_word_inside_the_margins() -> None:
    edges = [right for _, _, _, right in places(printed("w" * 200).pdf, "w")]
    right_margin = (210 - 18) / 25.4 * 72
    assert max(edges) <= right_margin


@settings(max_examples=40, deadline=None)
@given(st.text(st.characters(), min_size=1, max_size=200))
def test_any_text_whatsoever_can_be_printed(text: str) -> None:
    assert printed(text, floors=[{"floor": text, "area": "1"}]).pages >= 1


def with_photographs(count: int, *, draft: bool = False) -> dict[str, Any]:
    context = a_context(
        photographs=tuple(a_photograph(number) for number in range(1, count + 1)), draft=draft
    )
    return a_document(context=context)


def photographs(count: int) -> dict[str, bytes]:
    return {f"photo-{number}": picture(40 + number) for number in range(1, count + 1)}


def test_it_sets_photographs_two_to_a_row() -> None:
    pdf = render_pdf(with_photographs(4), photographs(4)).pdf
    rows = [(page, round(bottom)) for page, _, bottom, _ in places(pdf, "View")]
    assert (rows[0] == rows[1], rows[2] == rows[3], rows[0] != rows[2]) == (True, True, True)


def test_it_prints_every_photograph() -> None:
    reader = PdfReader(io.BytesIO(render_pdf(with_photographs(7), photographs(7)).pdf))
    assert sum(len(page.images) for page in reader.pages) == 7


def test_it_keeps_a_caption_on_the_page_of_its_photograph() -> None:
    reader = PdfReader(io.BytesIO(render_pdf(with_photographs(13), photographs(13)).pdf))
    assert [len(page.images) for page in reader.pages] == [
        page.extract_text().count("View ") for page in reader.pages
    ]


def test_it_refuses_to_finish_a_document_without_one_of_its_photographs() -> None:
    with pytest.raises(RenderingFailed, match="The image of photograph 2 is missing"):
        render_pdf(with_photographs(2), photographs(1))


def test_it_refuses_an_image_of_another_kind() -> None:
    with pytest.raises(RenderingFailed, match="photograph 1 is neither JPEG nor PNG"):
        render_pdf(with_photographs(1), {"photo-1": b"<svg/>"})


def test_it_refuses_a_damaged_image() -> None:
    with pytest.raises(RenderingFailed):
        render_pdf(with_photographs(1), {"photo-1": picture()[:60]})


def test_it_shows_a_draft_with_a_photograph_missing() -> None:
    rendered = render_pdf(with_photographs(1, draft=True), {})
    assert "The image is missing" in text_of(rendered)


def test_it_takes_png_pictures() -> None:
    assert render_pdf(with_photographs(1), {"photo-1": picture(kind="PNG")}).pages >= 1


def test_it_marks_every_page_of_a_draft() -> None:
    pages = pages_text(printed(context=a_context(draft=True), floors=[{"floor": "x"}] * 90).pdf)
    assert all("Draft, not issued" in page for page in pages)


def test_it_marks_no_page_of_an_issued_report() -> None:
    assert "Draft" not in text_of(printed())


def test_it_makes_a_picture_of_every_page() -> None:
    document = a_document()
    pages = render_pages(document, {}, 600)
    assert len(pages) == render_pdf(document, {}).pages


def test_its_pictures_are_as_wide_as_asked() -> None:
    page = Image.open(io.BytesIO(render_pages(a_document(), {}, 600)[0]))
    assert (page.format, page.width) == ("PNG", 600)


def test_its_pictures_have_a_largest_width() -> None:
    page = Image.open(io.BytesIO(render_pages(a_document(), {}, 100_000)[0]))
    assert page.width == 2400


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.stem)
def test_a_shipped_format_prints_its_sample_with_the_expected_values(sample: Path) -> None:
    raw = json.loads(sample.read_text(encoding="utf-8"))
    definition = read_format_file(DATA / "formats" / sample.name, load_json(DATA / "common_fields.json"))
    calculation = calculate(definition, raw["answers"])
    text = text_of(render_pdf(build_document(definition, raw["answers"], calculation, a_context()), {}))
    missing = [
        name
        for name in ("fair_market_value", "realizable_value", "distress_value")
        if _grouped(calculation.values, definition.headline[name]) not in text
    ]
    assert missing == []


def _grouped(values: Mapping[str, Decimal], path: str) -> str:
    """The Indian way of writing a whole amount, worked out apart from the code under test."""
    whole = str(int(values[path]))
    head, tail = whole[:-3], whole[-3:]
    pairs = [head[max(0, end - 2) : end] for end in range(len(head), 0, -2)][::-1]
    return "₹" + ",".join([*pairs, tail])
