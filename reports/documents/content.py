"""What a report's document says, as data that any renderer can print.

``build_document`` walks the format and the answers and returns JSON-able parts, rows and tables with every
figure already grouped, every date written out and every condition decided. No renderer has to know what a
format is, and nothing here knows paper beyond the width of a table.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from banks.formats.definition import Field, FieldType, FormatDefinition, Section, Tab
from banks.formats.families import with_parameters
from banks.formats.paths import TABLE_TYPES, index_fields
from banks.formats.quoting import VALUER, with_answers
from reports.calculation import conditions
from reports.calculation.problems import CalculationProblem
from reports.calculation.words import amount_in_words
from reports.documents.context import DocumentContext, Letterhead, Photograph, ValuerBlock
from reports.documents.tables import table_blocks
from reports.documents.values import EMPTY, Figures, Formatter, date_text, to_decimal

__all__ = ["DocumentContext", "Letterhead", "Photograph", "ValuerBlock", "build_document"]

VERSION = 1
DRAFT_MARK = "Draft, not issued"
_HEADLINES = (
    ("fair_market_value", "Fair market value"),
    ("realizable_value", "Realizable value"),
    ("distress_value", "Distress value"),
    ("guideline_value", "Guideline value"),
    ("insurable_value", "Insurable value"),
)
_ADDRESS_IDS = ("property_address", "postal_address", "address_of_property", "address")
_LONG_TEXT = 220
_SHORT_TEXT = 40
_GROUPED_FROM = 1000


def build_document(
    definition: FormatDefinition, answers: Mapping[str, Any], calculation: Figures, context: DocumentContext
) -> dict[str, Any]:
    """The whole document as JSON-able data; the method that builds a part says what shape it has.

    ``answers`` and ``calculation`` have the shapes and paths of ``banks.formats.definition``. Hidden tabs,
    sections and fields are left out, empty answers are dashes. Images are named by their keys only.
    """
    return _Builder(definition, answers, calculation, context).document()


class _Builder:
    def __init__(
        self,
        definition: FormatDefinition,
        answers: Mapping[str, Any],
        figures: Figures,
        context: DocumentContext,
    ) -> None:
        self.definition = definition
        self.layout = definition.document
        self.answers = answers
        self.figures = figures
        self.context = context
        named = {"banks": context.bank_name, "bank_branches": context.branch_name}
        self.formatter = Formatter(definition, context.labels, named)
        self.fields = index_fields(definition)
        # A percentage is said as the format writes it, an amount grouped as amounts are.
        self.parameters = {
            name: self.formatter.amount(value, symbol=False)
            if isinstance(value, Decimal) and value >= _GROUPED_FROM
            else value
            for name, value in definition.parameters.items()
        }

    def document(self) -> dict[str, Any]:
        context = self.context
        return {
            "version": VERSION,
            "title": self.layout.title or self.definition.title,
            "subtitle": self._said(self.layout.subtitle),
            "reference": context.reference,
            "draft_mark": DRAFT_MARK if context.draft else "",
            "date": context.report_date.isoformat(),
            "date_text": date_text(context.report_date),
            "letterhead": self._letterhead(),
            "addressee": self._addressee(),
            "summary": self._summary(),
            "parts": [part for tab in self.definition.tabs if (part := self._part(tab))],
            "abstract": self._abstract(),
            "methodology": [self._said(text) for text in self.layout.methodology],
            "photographs": [
                {"image": item.image_key, "caption": item.caption, "note": item.taken_note, "number": number}
                for number, item in enumerate(context.photographs, 1)
            ],
            "declaration": self._declaration(),
            "enclosures_title": self.layout.enclosures_title,
            "enclosures": list(self.layout.enclosures),
            "signature": self._signature(),
            "manager": self._manager() if self.layout.manager_block else None,
        }

    # The head of the document

    def _letterhead(self) -> dict[str, Any]:
        firm = self.context.firm
        contact = [part for part in (firm.phone, firm.email, firm.website) if part]
        return {
            "name": firm.name,
            "tagline": firm.tagline,
            "address": list(firm.address_lines),
            "contact": contact,
            "registration": firm.registration,
            "logo": firm.logo,
        }

    def _addressee(self) -> list[str]:
        """The format's own lines with bank and branch filled in; both are added where no line names them."""
        context = self.context
        known = {
            "bank": context.bank_name,
            "bank_name": context.bank_name,
            "branch": context.branch_name,
            "branch_name": context.branch_name,
            "branch_address": context.branch_address,
        }
        lines = []
        for line in self.layout.addressee or ("The Branch Manager",):
            filled = line
            for name, text in known.items():
                filled = filled.replace(f"{{{name}}}", text)
            lines.append(filled)
        for text in (context.bank_name, context.branch_name, context.branch_address):
            if text and not any(text in line for line in lines):
                lines.append(text)
        return [line.strip(" ,") for line in lines if line.strip(" ,")]

    def _summary(self) -> dict[str, Any]:
        """``{facts: [[label, text]], figures: [{label, text, emphasis}], words}``; words as ``_words``."""
        context = self.context
        facts = [("Property", context.property_address or self._first_text(_ADDRESS_IDS))]
        facts.append(("Applicant", context.applicant_name or self._first_text(("applicant_name",))))
        for label, field_id in (("Inspected on", "inspection_date"), ("Valued as on", "valuation_date")):
            facts.append((label, self._first_text((field_id,))))
        figures = []
        for name, label in _HEADLINES:
            value = self._figure(self.definition.headline.get(name))
            # Nothing valued yet adds up to zero, which is no value to head a document with.
            if value:
                figures.append(
                    {
                        "label": label,
                        "text": self.formatter.amount(value),
                        "emphasis": name == "fair_market_value",
                    }
                )
        return {
            "facts": [[label, text or EMPTY] for label, text in facts],
            "figures": figures,
            "words": self._words(),
        }

    def _words(self) -> dict[str, str] | None:
        value = self._figure(self.layout.words_path)
        if not value:
            return None
        try:
            words = amount_in_words(value, self.definition.currency)
        except CalculationProblem:
            # A currency that has no words is still printed in figures.
            words = ""
        label = self._said(self.layout.words_label) or "In words"
        return {"label": label, "amount": self.formatter.amount(value), "text": words}

    def _first_text(self, ids: Iterable[str]) -> str:
        """The printed answer of the first field with one of these ids that has an answer."""
        for wanted in ids:
            for path, field in self.fields.items():
                if field.id != wanted or field.type in TABLE_TYPES or field.type is FieldType.GROUP:
                    continue
                text = self._value_text(path)
                if text:
                    return text
        return ""

    # The format's own parts

    def _part(self, tab: Tab) -> dict[str, Any] | None:
        """``{numeral, label, sections: [{number, label, blocks}]}``; ``None`` when none is printed."""
        if tab.id in self.figures.hidden:
            return None
        sections = []
        for section in tab.sections:
            if section.printed and section.path not in self.figures.hidden:
                blocks = self._blocks(section)
                if blocks:
                    sections.append({"number": section.number, "label": section.label, "blocks": blocks})
        if not sections:
            return None
        if len(sections) == 1 and not sections[0]["number"] and sections[0]["label"] == tab.label:
            # The part's heading has said it already.
            sections[0]["label"] = ""
        return {"numeral": tab.numeral, "label": tab.label, "sections": sections}

    def _blocks(self, section: Section) -> list[dict[str, Any]]:
        """Runs of rows ``{kind: rows, rows, figures}`` and tables ``{kind: table, …}`` in order."""
        stored = self._stored(section)
        blocks: list[dict[str, Any]] = []
        for field in section.fields:
            if field.path in self.figures.hidden:
                continue
            tables = self._tables(field, stored.get(field.id)) if field.type in TABLE_TYPES else []
            if tables:
                blocks.extend(tables)
                continue
            if not blocks or blocks[-1]["kind"] != "rows":
                blocks.append({"kind": "rows", "rows": [], "figures": False})
            blocks[-1]["rows"].append(self._row(field, stored.get(field.id)))
        for block in blocks:
            if block["kind"] == "rows":
                block["figures"] = _is_account(block["rows"])
        return blocks

    def _tables(self, field: Field, answer: Any) -> list[dict[str, Any]]:
        if isinstance(answer, Mapping) and answer.get("not_applicable"):
            return []
        pieces = table_blocks(field, answer, self.figures, self.formatter)
        return [
            {
                "kind": "table",
                "path": field.path,
                "number": field.number,
                "label": field.label if index == 0 else f"{field.label}, continued",
                **piece,
            }
            for index, piece in enumerate(pieces)
        ]

    def _row(self, field: Field, answer: Any, letter: str = "") -> dict[str, Any]:
        """One question: number, label, value and how they are shown; only a group has ``rows``."""
        row: dict[str, Any] = {
            "path": field.path,
            "number": field.number or letter,
            "label": field.label,
            "value": "",
            "kind": "text",
            "long": False,
            "marked": False,
            "note": "",
            "money": field.type is FieldType.CURRENCY or field.display == "currency",
            "emphasis": field.type is FieldType.CALCULATED and field.display == "currency",
            "rows": [],
        }
        if field.type is FieldType.GROUP and not _is_not_applicable(answer):
            inner = answer if isinstance(answer, Mapping) else {}
            shown = [item for item in field.fields if item.path not in self.figures.hidden]
            row["kind"] = "group"
            row["rows"] = [
                self._row(item, inner.get(item.id), _letter(index)) for index, item in enumerate(shown)
            ]
            return row
        row["value"], row["kind"] = self._shown(field, answer)
        row["long"] = len(row["value"]) > _LONG_TEXT or "\n" in row["value"].strip()
        if field.path in self.figures.overridden:
            row["marked"] = True
            row["note"] = "Entered by the valuer"
            computed = self.figures.computed.get(field.path)
            if computed is not None:
                text = self.formatter.number(field, computed).text
                row["note"] += f"; the computed figure is {text}"
        return row

    def _shown(self, field: Field, answer: Any) -> tuple[str, str]:
        if field.id == "reference_number":
            # One number stands on every page; what a copied report still holds would contradict it.
            return self.context.reference, "text"
        value = self.figures.values.get(field.path)
        if value is not None and not _is_not_applicable(answer):
            shown = self.formatter.number(field, value)
        elif field.type in TABLE_TYPES and not _is_not_applicable(answer):
            return EMPTY, "empty"
        else:
            shown = self.formatter.answer(field, answer)
        return shown.text, shown.kind

    # Values, declaration, signatures

    def _abstract(self) -> dict[str, Any] | None:
        """``{title, head: [text], rows: [{label, cells: [{text, marked}], emphasis}], notes, words}``."""
        columns = self.layout.abstract_columns
        rows = []
        notes: list[str] = []
        for line in self.layout.abstract_lines:
            if line.condition is not None and not conditions.holds(line.condition, self._raw):
                continue
            paths = [line.paths.get(column) for column, _ in columns]
            if all(path is None or self._is_hidden(path) for path in paths):
                continue
            cells = [
                self._abstract_cell(self._said(line.label), path, self._said(heading), notes)
                for path, (_, heading) in zip(paths, columns, strict=True)
            ]
            rows.append({"label": self._said(line.label), "cells": cells, "emphasis": line.emphasis})
        if not rows:
            return None
        return {
            "title": self._said(self.layout.abstract_title),
            "head": [self._said(heading) for _, heading in columns],
            "rows": rows,
            "notes": notes,
            "words": self._words(),
        }

    def _abstract_cell(self, line: str, path: str | None, heading: str, notes: list[str]) -> dict[str, Any]:
        value = self._figure(path)
        if path is None or value is None:
            return {"text": "" if path is None else EMPTY, "marked": False}
        marked = path in self.figures.overridden
        if marked:
            note = f"† {line}, {heading}: entered by the valuer"
            computed = self.figures.computed.get(path)
            if computed is not None:
                note += f"; the computed figure is {self.formatter.amount(computed)}"
            notes.append(f"{note}.")
        return {"text": self.formatter.amount(value, symbol=False), "marked": marked}

    def _declaration(self) -> dict[str, Any] | None:
        """``{title, statements: [[letter, text]], rows: [[number, particulars, text]]}``."""
        if not self.layout.declaration and not self.layout.declaration_rows:
            return None
        return {
            "title": self.layout.declaration_title,
            "statements": [
                [_letter(index), self._said(text)] for index, text in enumerate(self.layout.declaration)
            ],
            "rows": [
                [
                    str(number),
                    particulars,
                    (self._value_text(source) or EMPTY)
                    if source in self.fields
                    else with_answers(self._said(source), self._quoted),
                ]
                for number, (particulars, source) in enumerate(self.layout.declaration_rows, 1)
            ],
        }

    def _signature(self) -> dict[str, Any]:
        valuer = self.context.valuer
        lines = [valuer.qualifications]
        lines += [f"{label}: {number}" for label, number in valuer.registrations]
        lines += [*valuer.memberships, valuer.empanelment, valuer.address, valuer.phone]
        return {
            "name": valuer.name,
            "firm": self.context.firm.name,
            "lines": [line for line in lines if line],
            "image": valuer.signature,
            "place": self.context.place or EMPTY,
            "date": date_text(self.context.report_date),
        }

    def _manager(self) -> dict[str, Any]:
        return {
            "title": "For the bank",
            "text": (
                f"The property described in report {self.context.reference} of "
                f"{date_text(self.context.report_date)} was seen by the undersigned on ____________________. "
                f"Its fair market value is considered reasonable at "
                f"{self.formatter.symbol}____________________ (in words: "
                "________________________________________________________________)."
            ),
            "left": ["Date", "Place"],
            "right": ["Signature of the branch manager", "Name, designation and office seal"],
        }

    # Looking things up

    def _said(self, text: str) -> str:
        """A text of the format with the figures of the parameters that it quotes."""
        return with_parameters(text, self.parameters)

    def _quoted(self, name: str) -> str:
        """What a text that quotes an answer gets: a dash where it is open, nothing where it is not asked."""
        if name == VALUER:
            return self.context.valuer.name or EMPTY
        if name not in self.fields or self._is_hidden(name):
            return ""
        return self._value_text(name) or EMPTY

    def _stored(self, section: Section) -> Mapping[str, Any]:
        stored = (self.answers.get(section.tab_id) or {}).get(section.id)
        return stored if isinstance(stored, Mapping) else {}

    def _raw(self, path: str) -> Any:
        """The figure or the stored answer at a path; ``None`` where it is empty, hidden or unknown."""
        if self._is_hidden(path):
            return None
        if path in self.figures.values:
            return self.figures.values[path]
        here: Any = self.answers
        for step in path.split("."):
            here = here.get(step) if isinstance(here, Mapping) else None
        return here

    def _figure(self, path: str | None) -> Decimal | None:
        if not path:
            return None
        raw = self._raw(path)
        return raw if isinstance(raw, Decimal) else to_decimal(raw)

    def _value_text(self, path: str) -> str:
        field = self.fields[path]
        raw = self._raw(path)
        if field.id == "reference_number":
            return self.context.reference
        if raw is None:
            return ""
        if isinstance(raw, Decimal):
            return self.formatter.number(field, raw).text
        return (
            self.formatter.answer(field, raw).text if not isinstance(raw, Mapping) or "value" in raw else ""
        )

    def _is_hidden(self, path: str) -> bool:
        steps = path.split(".")
        return any(".".join(steps[: end + 1]) in self.figures.hidden for end in range(len(steps)))


def _is_account(rows: list[dict[str, Any]]) -> bool:
    """Whether a run of rows is an account: typed amounts, then their total, under each other at the right."""
    items = sum(row["money"] and not row["emphasis"] for row in rows)
    plain = all(row["kind"] != "group" and len(row["value"]) <= _SHORT_TEXT for row in rows)
    return plain and items >= 2 and 2 * items >= len(rows) and bool(rows[-1]["emphasis"])


def _is_not_applicable(answer: Any) -> bool:
    return isinstance(answer, Mapping) and bool(answer.get("not_applicable"))


def _letter(index: int) -> str:
    """``a)`` to ``z)``, then ``aa)``."""
    return f"{chr(97 + index % 26) * (index // 26 + 1)})"
