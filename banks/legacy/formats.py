"""A format of the former system → a format of this one, self-contained and sound.

The old shape: ``templateMetadata.tabs[]`` name their document by ``documentSource``; ``documents[]`` hold
``sections[].fields[]`` or ``fields[]``. First everything is read into fields of ours; then, when every name
is known, formulas, conditions and totals are resolved. Whatever is wrong is told; nothing is an exception.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from banks.formats.building import build_definition
from banks.formats.changing import node_at
from banks.formats.checks import definition_problems, definition_warnings
from banks.formats.definition import FormatDefinition, FormatKey
from banks.formats.problems import FormatProblem
from banks.formats.reading import COMMON_TAB, compose, from_content
from banks.formats.shape import shape_problems
from banks.legacy.completing import complete, untake
from banks.legacy.converted import ConvertedFormat
from banks.legacy.faults import Severity
from banks.legacy.fields import CONDITIONS, read_condition
from banks.legacy.headlines import document_of, headline_of
from banks.legacy.ids import Ids, clean_id, label_of
from banks.legacy.questions import Gathered, Scope
from banks.legacy.reading import Log, Node, clean_text, cut, figure, in_order, shown, truth, whole
from banks.legacy.sections import read_fields

SCHEME = "imported"
ORIGIN = "imported"
_MAIN = "details"
_CODE = re.compile(r"[A-Z][A-Z0-9]{1,11}")
_SECTION_IDS = ("sectionId", "id")
_INNER_SECTIONS = ("subSections", "subsections", "sections")
# What a tab repeats of the sections in its document; read there where the document is silent.
_SAID_OF_SECTIONS = (*_SECTION_IDS, "sectionName", "sortOrder", "description", "isActive")


def is_format(document: Any) -> bool:
    """Whether a document has the shape of a format, whatever its collection is called."""
    if not isinstance(document, Mapping):
        return False
    metadata = document.get("templateMetadata")
    return isinstance(metadata, Mapping) and (
        "tabs" in metadata or isinstance(document.get("documents"), list)
    )


def format_from(
    document: Any,
    common: Mapping[str, Any],
    *,
    completions: Mapping[str, Any] | None = None,
    collection: str = "",
    check: Callable[[FormatDefinition], list[str]] | None = None,
) -> ConvertedFormat:
    """The format that an old document holds, with ``common`` (content of common fields) as its first tab.

    ``completions`` are staff's formulas for totals that had none: our path → formula, or the object that
    ``suggestions`` wrote for it. ``check`` judges formulas (the calculation's ``check_formulas``, which this
    layer cannot call): a field whose formula it refuses is typed instead, and told.

    Never raises; a document that cannot be taken over has a REFUSED fault and empty content.
    """
    log = Log("", None)
    try:
        log = Log(collection or _collection_of(document), document)
        if not is_format(document):
            log.refuse(
                "It has no templateMetadata with tabs.", "It is kept as it was read; nothing was made of it."
            )
            return _refused(log, "")
        return _Reading(document, common, completions or {}, log, check).run()
    except RecursionError:
        log.refuse("It is nested too deeply to be read.", "Flatten it in the export and import it again.")
        return _refused(log, "")


def _collection_of(document: Any) -> str:
    metadata = document.get("metadata") if isinstance(document, Mapping) else None
    name = metadata.get("collection_name") if isinstance(metadata, Mapping) else ""
    return clean_text(name) or "formats"


def _refused(log: Log, title: str) -> ConvertedFormat:
    return ConvertedFormat({}, None, title, False, log.faults, log.legacy())


class _Reading:
    """One document on its way through both passes."""

    def __init__(
        self,
        document: Mapping[str, Any],
        common: Mapping[str, Any],
        completions: Mapping[str, Any],
        log: Log,
        check: Callable[[FormatDefinition], list[str]] | None,
    ) -> None:
        self.check = check
        self.log = log
        self.common = common
        self.completions = completions
        self.root = Node(document, "", log)
        self.gathered = Gathered(log)
        # Old id of a document → the fields' tab ids that it became.
        self.sources: dict[str, Node] = {}
        self.used: set[str] = set()

    def run(self) -> ConvertedFormat:
        meta = self.root.child("templateMetadata")
        self.root.take("_id")
        key, title = self._key(meta)
        format_id = meta.text("templateId", most=100)
        self.log.keep("templateMetadata.templateId", meta.look("templateId"))
        active = self.root.flag("isActive", True) and meta.flag("isActive", True)
        self._index_documents()
        tabs = self._tabs(meta)
        for part in (*self.sources.values(), meta, self.root):
            part.finish()
        if not tabs:
            self.log.refuse("It has no field that can be asked.", "It is kept as it was read.")
            return _refused(self.log, title)
        suggestions = complete(self.gathered, self.completions)
        raw = self._content(key, title, tabs)
        content = self._checked(raw)
        if content is None:
            return _refused(self.log, title)
        if self.check is not None:
            self._warn(content)
        return ConvertedFormat(
            content, key, title, active, self.log.faults, self.log.legacy(), self.gathered.answer_paths(),
            self.gathered.option_values, self.gathered.tables, suggestions, format_id,
        )  # fmt: skip

    def _warn(self, content: Mapping[str, Any]) -> None:
        """What is allowed but looks like a mistake of the old format: a total that leaves a part out."""
        for text in definition_warnings(from_content(content)):
            self.log.tell(
                "", text, "It was taken over as it was; look whether the old format meant it.", Severity.NOTE
            )

    def _key(self, meta: Node) -> tuple[FormatKey, str]:
        title = meta.text("templateName", "name", most=160) or self.root.text(
            "templateName", "name", most=160
        )
        title = title or clean_text(meta.look("templateId"))[:160] or "Imported format"
        bank = clean_text(meta.take("bankCode") or self._of_first("bankCode"))
        code = re.sub(r"[^A-Z0-9]", "", bank.upper())[:12]
        if not _CODE.fullmatch(code):
            code = "UNKNOWN"
            self.log.tell(
                "templateMetadata.bankCode", f"{shown(bank)} is no code of a bank.", f"It is {code} here."
            )
        elif code != bank:
            self.log.tell(
                "templateMetadata.bankCode", f"The code {shown(bank)} is written {code} here.", "It is kept."
            )
        for key in ("bankCode", "propertyType"):
            self.log.keep(f"templateMetadata.{key}", meta.look(key))
        kind = clean_text(meta.take("propertyType") or self._of_first("propertyType"))
        property_type = clean_id(kind)[:40].rstrip("_")
        if not property_type:
            property_type = "property"
            self.log.tell(
                "templateMetadata.propertyType", f"{shown(kind)} names no type of property.",
                f"It is {property_type} here.",
            )  # fmt: skip
        return FormatKey(code, SCHEME, property_type, self._version(meta)), title

    def _of_first(self, key: str) -> Any:
        """What the first document says where the metadata is silent."""
        documents = self.root.look("documents")
        for document in documents if isinstance(documents, list) else ():
            if isinstance(document, Mapping) and document.get(key):
                return document[key]
        return None

    def _version(self, meta: Node) -> int:
        given = meta.take("version")
        text = figure(given)
        number = int(text.partition(".")[0]) if text else None
        if number is None or not 1 <= number <= 9999:
            number = 1
        if text is None or whole(given) is None or clean_text(given) != str(number):
            self.log.tell(
                "templateMetadata.version", f"The version was {shown(given)}.", f"It is {number} here.",
                Severity.NOTE,
            )  # fmt: skip
            self.log.keep("templateMetadata.version", given)
        return number

    # Documents and tabs ---------------------------------------------------------------------------

    def _index_documents(self) -> None:
        for number, document in enumerate(self.root.children("documents", "templateId"), start=1):
            name = clean_text(document.take("templateId")) or f"document {number}"
            self.log.keep(f"{document.place}._id", document.take("_id"))
            if name in self.sources:
                self.log.tell(document.place, f"Two documents have the templateId {name}.", "Both are read.")
                name = f"{name} ({number})"
            self.sources[name] = document

    def _tabs(self, meta: Node) -> list[dict[str, Any]]:
        ids, tabs = Ids(COMMON_TAB), []
        for raw in in_order(meta.children("tabs", "tabId"), "templateMetadata.tabs"):
            tab = self._tab(raw, ids)
            raw.finish()
            if tab is not None:
                tabs.append(tab)
        for name, document in self.sources.items():
            if name in self.used:
                continue
            document.tell(
                "", "No tab names this document.", "It has a tab of its own here, after the others."
            )
            stand_in = Node(
                {"tabId": name, "tabName": document.look("uiName"), "documentSource": name}, name, self.log
            )
            tab = self._tab(stand_in, ids)
            if tab is not None:
                tabs.append(tab)
        return tabs

    def _tab(self, raw: Node, ids: Ids) -> dict[str, Any] | None:
        old_id = clean_text(raw.take("tabId") or raw.take("id"))
        label = raw.text("tabName", "label", "uiName") or label_of(clean_id(old_id)) or "Tab"
        if truth(raw.take("isActive")) is False:
            raw.tell("", "The tab was inactive.", "It is kept and not shown.", Severity.KEPT_ASIDE)
            self.log.keep(raw.place, raw.raw)
            self.used.add(clean_text(raw.look("documentSource")))
            return None
        document = self._document_of(raw, old_id)
        if document is None:
            self.log.keep(raw.place, raw.raw)
            return None
        name, source = document
        tab_id = ids.claim(old_id, label, fallback="tab")
        if tab_id != old_id:
            raw.tell("tabId", f"The id {shown(old_id)} cannot be the tab's id here.", f"It is {tab_id}.")
        # A tab that holds its fields itself says everything of its sections there.
        listed = [] if source is raw else raw.children("sections", "sectionId")
        has_sections = raw.take("hasSections")
        sections = self._sections(source, name, tab_id, old_id, label, listed)
        if has_sections is not None and truth(has_sections) is not bool(source.look("sections")):
            raw.tell("hasSections", f"hasSections is {shown(has_sections)}, the document says otherwise.",
                     "The document holds.", Severity.NOTE)  # fmt: skip
        self.log.keep(raw.at("description"), raw.take("description"))
        if not sections:
            raw.tell("", "The tab has no field that can be asked.", "It is left out.", Severity.KEPT_ASIDE)
            return None
        tab = {"id": tab_id, "label": label, "sections": sections}
        read_condition(self.gathered, raw, tab, tab_id, name)
        return tab

    def _document_of(self, raw: Node, old_id: str) -> tuple[str, Node] | None:
        wanted = clean_text(raw.take("documentSource"))
        if wanted in self.sources:
            if wanted in self.used:
                raw.tell(
                    "documentSource", f"Another tab shows {shown(wanted)} already.", "It stands there alone."
                )
                return None
            self.used.add(wanted)
            if truth(self.sources[wanted].take("isActive")) is False:
                problem = f"The document {wanted} was inactive."
                raw.tell("documentSource", problem, "The tab is kept and not shown.", Severity.KEPT_ASIDE)
                self.log.keep(self.sources[wanted].place, self.sources[wanted].raw)
                return None
            return wanted, self.sources[wanted]
        if "fields" in raw.raw or any(
            "fields" in one.raw for one in Node(raw.raw, raw.place, self.log).children("sections")
        ):
            raw.log.tell(
                raw.place, "The fields stand in the tab itself.", "They are read there.", Severity.NOTE
            )
            return old_id, raw
        raw.tell(
            "documentSource", f"There is no document {shown(wanted)}.",
            "The tab is left out: nobody knows its fields.", Severity.KEPT_ASIDE,
        )  # fmt: skip
        return None

    def _sections(
        self, source: Node, name: str, tab_id: str, old_tab: str, tab_label: str, listed: list[Node]
    ) -> list[dict[str, Any]]:
        """The sections of a document in the order of the document, or of the tab where that says one."""
        told = {clean_text(one.look("sectionId")): one for one in listed}
        ids, made, seen = Ids(), [], set()
        raws = source.children("sections", "sectionId")
        for raw in raws:
            meant = told.get(clean_text(raw.look("sectionId")))
            if meant is not None and raw.look("sortOrder") is None and meant.look("sortOrder") is not None:
                raw.raw = {**raw.raw, "sortOrder": meant.look("sortOrder")}
        for raw in in_order(raws, f"{name}.sections"):
            old_id = next((text for key in _SECTION_IDS if (text := clean_text(raw.take(key)))), "")
            seen.add(old_id)
            if told and old_id not in told:
                raw.tell("", "The tab does not name this section.", "It stands in the tab.", Severity.NOTE)
            section = self._section(raw, told.get(old_id), ids, (name, tab_id, old_tab, old_id))
            made += [section] if section else []
            made += self._inner_sections(raw, section, ids, (name, tab_id, old_tab))
            raw.finish()
        fields = source.children("fields", "fieldId")
        if fields:
            scope = Scope(f"{tab_id}.{ids.claim(_MAIN, fallback=_MAIN)}", Ids(), name, (old_tab,))
            if nodes := read_fields(self.gathered, fields, scope, name):
                made.append({"id": scope.path.rpartition(".")[2], "label": tab_label, "fields": nodes})
        self._tell_unmet(told, seen)
        for section in made:
            for path, steps in list(self.gathered.places):
                if path.startswith(f"{tab_id}.{section['id']}.") and steps[0] == old_tab and name != old_tab:
                    self.gathered.places.append((path, (name, *steps[1:])))
        return made

    def _inner_sections(
        self, raw: Node, outer: dict[str, Any] | None, ids: Ids, where: tuple[str, str, str]
    ) -> list[dict[str, Any]]:
        """Sections within a section: they stand after it, led by its name, under its condition."""
        made: list[dict[str, Any]] = []
        if truth(raw.look("isActive")) is False:
            return made
        parts = [part for key in _INNER_SECTIONS for part in raw.children(key, "sectionId")]
        for part in in_order(parts, raw.at(_INNER_SECTIONS[0])):
            old_id = next((text for key in _SECTION_IDS if (text := clean_text(part.take(key)))), "")
            part.tell("", "A section within a section.", "It stands after it here, led by its name.")
            before = len(self.gathered.wishes)
            section = self._section(part, None, ids, (*where, old_id))
            if section is not None:
                lead = outer["label"] if outer else clean_text(raw.look("sectionName"))
                section["label"] = cut(f"{lead}: {section['label']}" if lead else section["label"], 200)
                made.append(section)
                if any(one.node is section for one in self.gathered.wishes[before:]):
                    if any(raw.look(key) not in (None, "", {}, []) for key in CONDITIONS):
                        part.tell("", "It hung on the outer section's condition too.", "Its own alone holds.")
                else:
                    read_condition(self.gathered, raw, section, f"{where[1]}.{section['id']}", where[0])
            made += self._inner_sections(part, section, ids, where)
            part.finish()
        return made

    def _tell_unmet(self, told: Mapping[str, Node], seen: set[str]) -> None:
        """Sections that a tab names and its document does not have."""
        for old_id, meant in told.items():
            if old_id not in seen:
                meant.tell(
                    "", "The tab names this section, its document does not have it.", "It is left out.",
                    Severity.KEPT_ASIDE,
                )  # fmt: skip
            else:
                for key in _SAID_OF_SECTIONS:
                    meant.take(key)
                meant.finish()
            self.log.keep(meant.place, meant.raw)

    def _section(
        self, raw: Node, meant: Node | None, ids: Ids, where: tuple[str, str, str, str]
    ) -> dict[str, Any] | None:
        name, tab_id, old_tab, old_id = where
        label = raw.text("sectionName", "label", "uiName")
        label = (
            label
            or (clean_text(meant.look("sectionName"))[:200] if meant else "")
            or label_of(clean_id(old_id))
        )
        label = label or "Section"
        if truth(raw.take("isActive")) is False or (
            meant is not None and truth(meant.look("isActive")) is False
        ):
            raw.tell("", "The section was inactive.", "It is kept and not shown.", Severity.KEPT_ASIDE)
            self.log.keep(raw.place, raw.raw)
            return None
        section_id = ids.claim(old_id, label, fallback="section")
        if section_id != old_id:
            raw.tell(
                "sectionId",
                f"The id {shown(old_id)} cannot be the section's id here.",
                f"It is {section_id}.",
            )
        scope = Scope(f"{tab_id}.{section_id}", Ids(), name, (old_tab, old_id))
        nodes = read_fields(self.gathered, raw.children("fields", "fieldId"), scope, raw.place)
        if not nodes:
            raw.tell(
                "fields",
                "The section has no field that can be asked.",
                "It is left out.",
                Severity.KEPT_ASIDE,
            )
            return None
        section: dict[str, Any] = {"id": section_id, "label": label, "fields": nodes}
        help_text = raw.text("description", "helpText", most=500)
        help_text = help_text or (clean_text(meant.look("description"))[:500] if meant else "")
        if help_text:
            section["help"] = help_text
        before = len(self.gathered.wishes)
        read_condition(self.gathered, raw, section, scope.path, name)
        if meant is not None and len(self.gathered.wishes) == before:
            # The tab may say when a section is shown, too.
            read_condition(self.gathered, meant, section, scope.path, name)
        return section

    # What comes out --------------------------------------------------------------------------------

    def _content(self, key: FormatKey, title: str, tabs: list[dict[str, Any]]) -> dict[str, Any]:
        headline = headline_of(self.gathered)
        raw: dict[str, Any] = {
            "format": {
                "bank_code": key.bank_code, "scheme": key.scheme,
                "property_type": key.property_type, "version": key.version,
            },
            "title": title, "origin": ORIGIN, "currency": "INR", "grouping": "indian",
            "tabs": tabs, "headline": headline, "document": document_of(self.gathered, title, headline),
        }  # fmt: skip
        description = clean_text(self.root.look("description"))[:400]
        return {**raw, "description": description} if description else raw

    def _checked(self, raw: dict[str, Any]) -> dict[str, Any] | None:
        """The content with the common tab, or None, refused, where the checks of every format refuse it."""
        problems = shape_problems(raw)
        while not problems:
            content = compose(raw, self.common)
            try:
                definition = build_definition(content)
            except FormatProblem as error:
                problems = error.problems
                break
            problems = definition_problems(definition)
            faulty = self.check(definition) if self.check is not None and not problems else []
            if not problems and not faulty:
                return content
            if faulty and not sum(self._without_formula(raw, problem) for problem in faulty):
                problems = faulty
        for problem in problems[:20]:
            self.log.refuse(
                problem, "The format is kept as it was read; mend this in the export and import it again."
            )
        return None

    def _without_formula(self, raw: dict[str, Any], problem: str) -> bool:
        """Take the formula or condition away that the calculation refuses; whether there was one."""
        path, _, said = problem.partition(": ")
        question = self.gathered.questions.get(path)
        node = question.node if question is not None else node_at(raw, path) if path else None
        if not isinstance(node, dict):
            return False
        formula, condition = node.get("formula"), node.get("condition")
        if formula and question is not None:
            untake(question)
            self.log.tell(
                question.raw.at("formula"),
                f"The formula {shown(formula)} is refused: {said}",
                "It is typed here.",
            )
        elif condition:
            del node["condition"]
            self.log.tell(path, f"The condition {shown(condition)} is refused: {said}", "It is always shown.")
        elif path in raw["headline"].values():
            raw["headline"] = {name: one for name, one in raw["headline"].items() if one != path}
            self.log.tell(
                path, f"It cannot be a headline figure: {said}", "The format has none of that name."
            )
        else:
            return False
        return True
