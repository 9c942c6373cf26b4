"""What a report's document says."""

from __future__ import annotations

import dataclasses
import json
from decimal import Decimal
from typing import Any

from banks.formats.definition import AbstractLine, Condition, DocumentLayout, FieldType, Tab
from reports.documents.content import Photograph, build_document
from reports.tests.documents.making import (
    REFERENCE,
    Worked,
    a_context,
    a_field,
    a_format,
    a_section,
    built,
    rows_of,
)

VALUE = a_field("value", FieldType.CALCULATED, "Estimated value", display="currency", number="6")
WORKED = Worked({"land.plot.value": Decimal(10080000)})
LAYOUT = DocumentLayout(
    title="Valuation report",
    addressee=("The Branch Manager", "{bank}, {branch}"),
    abstract_columns=(("market", "Fair market value, ₹"),),
    abstract_lines=(
        AbstractLine("Land", {"market": "land.plot.value"}),
        AbstractLine(
            "Building", {"market": "land.plot.building"}, condition=Condition("land.plot.built", "==", "yes")
        ),
        AbstractLine("Total", {"market": "land.plot.value"}, emphasis=True),
    ),
    words_path="land.plot.value",
    words_label="Say",
    declaration=("I inspected the property.", "I have no interest in it."),
    declaration_rows=(("Sources", "land.plot.sources"), ("Restrictions", "For the bank only.")),
    enclosures=("Location map",),
)
FIELDS = (VALUE, a_field("sources"), a_field("built"), a_field("building", FieldType.CURRENCY))


def full(plot: dict[str, Any] | None = None, worked: Worked = WORKED, **context: Any) -> dict[str, Any]:
    definition = a_format(*FIELDS, layout=LAYOUT, headline={"fair_market_value": "land.plot.value"})
    return build_document(definition, {"land": {"plot": plot or {}}}, worked, a_context(**context))


def test_it_is_nothing_but_json() -> None:
    document = full(photographs=(Photograph("p1", "Front"),))
    assert json.loads(json.dumps(document)) == document


def test_it_keeps_the_numeral_of_a_part() -> None:
    assert built(VALUE)["parts"][0]["numeral"] == "A"


def test_it_keeps_the_number_of_a_question() -> None:
    assert rows_of(built(VALUE))[0]["number"] == "6"


def test_it_prints_a_figure_that_was_worked_out() -> None:
    assert rows_of(built(VALUE, worked=WORKED))[0]["value"] == "₹1,00,80,000"


def test_it_says_beside_an_override_what_was_computed() -> None:
    path = "land.plot.value"
    worked = Worked({path: Decimal(10000000)}, {path: Decimal(10080000)}, frozenset({path}))
    note = rows_of(built(VALUE, worked=worked))[0]["note"]
    assert note == "Entered by the valuer; the computed figure is ₹1,00,80,000"


def test_an_override_of_what_could_not_be_computed_is_said_too() -> None:
    path = "land.plot.value"
    row = rows_of(built(VALUE, worked=Worked({path: Decimal(10000000)}, {}, frozenset({path}))))[0]
    assert (row["marked"], row["note"]) == (True, "Entered by the valuer")


def test_it_leaves_a_hidden_question_out() -> None:
    document = built(VALUE, a_field("survey_no"), worked=Worked(hidden=frozenset({"land.plot.value"})))
    assert [row["label"] for row in rows_of(document)] == ["Survey no"]


def test_it_leaves_a_hidden_part_out() -> None:
    assert built(VALUE, worked=Worked(hidden=frozenset({"land"})))["parts"] == []


def test_it_leaves_out_a_section_that_is_not_printed() -> None:
    tab = Tab(id="land", label="Land", sections=(a_section(VALUE, printed=False),))
    assert build_document(a_format(tabs=(tab,)), {}, WORKED, a_context())["parts"] == []


def test_it_letters_the_questions_of_a_group() -> None:
    inner = tuple(a_field(name, path=f"land.plot.owner.{name}") for name in ("name", "phone"))
    group = a_field("owner", FieldType.GROUP, fields=inner)
    rows = rows_of(built(group, plot={"owner": {"name": "Applicant One"}}))
    assert [(row["number"], row["value"]) for row in rows] == [("", ""), ("a)", "Applicant One"), ("b)", "—")]


def test_it_says_once_that_a_whole_group_does_not_apply() -> None:
    group = a_field("lease", FieldType.GROUP, fields=(a_field("lessor", path="land.plot.lease.lessor"),))
    rows = rows_of(built(group, plot={"lease": {"not_applicable": True}}))
    assert [row["value"] for row in rows] == ["Not applicable"]


def test_it_sets_items_and_their_total_as_an_account() -> None:
    items = [a_field(name, FieldType.CURRENCY) for name in ("portico", "door")]
    assert built(*items, VALUE)["parts"][0]["sections"][0]["blocks"][0]["figures"]


def test_it_does_not_set_questions_of_words_as_an_account() -> None:
    assert not built(a_field("shape"), VALUE)["parts"][0]["sections"][0]["blocks"][0]["figures"]


def test_it_prints_the_number_of_this_report_and_not_one_that_was_copied() -> None:
    document = built(a_field("reference_number"), plot={"reference_number": "OLD/0001"})
    assert rows_of(document)[0]["value"] == REFERENCE


def test_it_addresses_the_bank_and_branch() -> None:
    assert full()["addressee"] == ["The Branch Manager", "State Bank of India, Kompally"]


def test_it_adds_the_address_of_the_branch_to_the_addressee() -> None:
    assert full(branch_address="Medchal Road, Hyderabad")["addressee"][-1] == "Medchal Road, Hyderabad"


def test_it_heads_the_document_with_the_fair_market_value() -> None:
    assert full()["summary"]["figures"] == [
        {"label": "Fair market value", "text": "₹1,00,80,000", "emphasis": True}
    ]


def test_it_heads_the_document_with_no_value_before_there_is_one() -> None:
    assert full(worked=Worked({"land.plot.value": Decimal(0)}))["summary"]["figures"] == []


def test_it_writes_the_amount_in_words() -> None:
    assert full()["abstract"]["words"]["text"] == "Rupees One Crore Eighty Thousand Only"


def test_it_finds_the_property_in_the_answers() -> None:
    definition = a_format(a_field("postal_address"))
    answers = {"land": {"plot": {"postal_address": "12 Sample Cross"}}}
    document = build_document(definition, answers, Worked(), a_context())
    assert document["summary"]["facts"][0] == ["Property", "12 Sample Cross"]


def test_it_prints_amounts_of_the_abstract_without_sign_or_places() -> None:
    assert full()["abstract"]["rows"][0]["cells"][0]["text"] == "1,00,80,000"


def test_it_leaves_out_a_line_of_the_abstract_whose_condition_does_not_hold() -> None:
    assert [row["label"] for row in full()["abstract"]["rows"]] == ["Land", "Total"]


def test_it_has_a_line_of_the_abstract_whose_condition_holds() -> None:
    document = full({"built": "yes", "building": "2743125"})
    assert document["abstract"]["rows"][1]["cells"][0]["text"] == "27,43,125"


def test_it_leaves_out_a_line_of_the_abstract_whose_part_is_hidden() -> None:
    document = full({"built": "yes"}, Worked(WORKED.values, hidden=frozenset({"land.plot.building"})))
    assert [row["label"] for row in document["abstract"]["rows"]] == ["Land", "Total"]


def test_it_emphasises_the_total() -> None:
    assert full()["abstract"]["rows"][-1]["emphasis"]


def test_it_has_no_abstract_where_the_format_has_none() -> None:
    assert built(VALUE)["abstract"] is None


def test_it_letters_the_declaration() -> None:
    assert [letter for letter, _ in full()["declaration"]["statements"]] == ["a)", "b)"]


def test_it_fills_the_table_of_the_declaration_from_answers_and_fixed_text() -> None:
    rows = full({"sources": "Sale deed"})["declaration"]["rows"]
    assert rows == [["1", "Sources", "Sale deed"], ["2", "Restrictions", "For the bank only."]]


def test_it_does_not_declare_what_is_hidden() -> None:
    worked = Worked(WORKED.values, hidden=frozenset({"land.plot.sources"}))
    assert full({"sources": "Sale deed"}, worked)["declaration"]["rows"][0][2] == "—"


def test_it_names_the_valuers_registrations() -> None:
    assert "IBBI: IBBI/RV/00/0000/00000" in full()["signature"]["lines"]


def test_it_numbers_photographs() -> None:
    document = full(photographs=(Photograph("p1", "Front"), Photograph("p2", "Rear")))
    assert [item["number"] for item in document["photographs"]] == [1, 2]


def test_it_has_no_block_for_the_manager_where_the_format_wants_none() -> None:
    layout = dataclasses.replace(LAYOUT, manager_block=False)
    assert build_document(a_format(layout=layout), {}, Worked(), a_context())["manager"] is None


def test_it_marks_a_draft() -> None:
    assert full(draft=True)["draft_mark"] == "Draft, not issued"


def test_it_does_not_mark_a_report_that_is_issued() -> None:
    assert full()["draft_mark"] == ""
