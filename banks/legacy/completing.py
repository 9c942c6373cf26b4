"""Formulas of an imported format: its own, those that fill another field, and those that staff give."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator, Mapping
from typing import Any

from banks.formats.formula_text import UnreadableFormula, dotted_name, expression, flattened
from banks.formats.shape import SCHEMA_FILE
from banks.legacy.conditions import resolve_conditions
from banks.legacy.converted import Suggestion
from banks.legacy.expressions import Named, Tree, Untranslatable, Writer, read_expression
from banks.legacy.faults import Severity
from banks.legacy.ids import clean_id
from banks.legacy.measures import Measures, is_area_tree, is_rate
from banks.legacy.naming import Dependence, Names
from banks.legacy.questions import Gathered, Question
from banks.legacy.reading import clean_text, shown, truth
from banks.legacy.suggesting import is_money, suggestion_for, total_row
from banks.legacy.units import unit_label

_TEXTUAL = ("text", "select", "radio")
# What a completion may call; kept beside the functions of the calculation by a test.
FUNCTIONS = frozenset({"sum", "count", "min", "max", "coalesce", "percent", "round_to", "area_in", "say"})
_RECIPES = {
    "sum": "+", "addition": "+", "add": "+", "total": "+",
    "product": "*", "multiply": "*", "multiplication": "*",
    "difference": "-", "subtract": "-", "subtraction": "-",
    "division": "/", "divide": "/", "ratio": "/", "quotient": "/",
}  # fmt: skip
_COPIES = ("copy", "reference", "link", "lookup", "mirror")


def complete(gathered: Gathered, completions: Mapping[str, Any]) -> dict[str, Suggestion]:
    """Make every field calculated whose formula can be written here; tell of the others.

    Gives the suggestions for read-only totals that had no formula. Conditions are resolved after it, because
    what a formula needs may not hang on its own result.
    """
    return _Completing(gathered, completions).run()


def longest_formula() -> int:
    """How many characters the schema allows a formula."""
    schema = json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))
    return int(schema["$defs"]["field"]["properties"]["formula"]["maxLength"])


def untake(question: Question) -> None:
    """Make a calculated field typed again."""
    node = question.node
    node["type"] = "currency" if node.pop("display", "") == "currency" else "number"
    for key in ("formula", "overridable", "rounding"):
        node.pop(key, None)


class _Completing:
    def __init__(self, gathered: Gathered, completions: Mapping[str, Any]) -> None:
        self.gathered = gathered
        self.log = gathered.log
        self.names = Names(gathered)
        self.completions = completions
        self.dependence = Dependence()
        self.longest = longest_formula()

    def run(self) -> dict[str, Suggestion]:
        questions = list(self.gathered.questions.values())
        wanted = {one.path for one in questions if self._own(one)}
        for target, sources in self._fillings(questions).items():
            wanted.add(target)
            self._fill(self.gathered.questions[target], sources)
        suggestions: dict[str, Suggestion] = {}
        for question in questions:
            if question.type == "calculated":
                continue
            if question.path in self.completions:
                self._completed(question)
            elif question.read_only or question.computed:
                self._typed(question, question.path in wanted, suggestions)
        for path in self.completions:
            if path not in self.gathered.questions:
                self.log.tell(
                    path, "A formula was given for it, but there is no such field.", "It has no effect."
                )
        resolve_conditions(self.gathered, self.dependence)
        return suggestions

    # The field's own formula ----------------------------------------------------------------------

    def _own(self, question: Question) -> bool:
        """Whether the old field had a formula of its own, translated or not."""
        texts = list(dict.fromkeys(self._texts(question)))
        if not texts:
            return self._recipe(question)
        if len(texts) > 1:
            place = question.raw.at("formula")
            self.log.tell(
                place, f"Two formulas: {shown(texts[0])} and {shown(texts[1])}.", "The first is taken."
            )
        try:
            self._write(question, read_expression(texts[0]), texts[0])
        except Untranslatable as reason:
            self._untranslated(question, texts[0], reason)
        return True

    def _texts(self, question: Question) -> Iterator[str]:
        metadata = question.metadata if isinstance(question.metadata, Mapping) else {}
        recipe = question.recipe if isinstance(question.recipe, Mapping) else {}
        for value in (
            question.formula,
            metadata.get("formula"),
            recipe.get("customFormula"),
            recipe.get("formula"),
        ):
            if isinstance(value, str) and value.strip():
                yield value.strip()
            elif value not in (None, "", {}, []):
                place = question.raw.at("formula")
                self.log.tell(place, f"{shown(value)} is no formula.", "It is kept and has no effect.")
                self.log.keep(place, value)

    def _recipe(self, question: Question) -> bool:
        """``calculatedField`` without a text: a type and the fields it works on."""
        recipe = question.recipe
        if not isinstance(recipe, Mapping):
            return False
        kind = clean_text(recipe.get("type")).lower()
        listed = recipe.get("sourceFields") or recipe.get("dependencies")
        names = [clean_text(one.get("fieldId")) if isinstance(one, Mapping) else clean_text(one)
                 for one in (listed if isinstance(listed, list | tuple) else [])]  # fmt: skip
        names = [name for name in names if name]
        if not kind and not names:
            return False
        text = f"{kind or 'no type'} of {', '.join(names) or 'nothing'}"
        try:
            self._write(question, self._recipe_tree(kind, names, question), text)
        except Untranslatable as reason:
            self._untranslated(question, text, reason)
        return True

    def _recipe_tree(self, kind: str, names: list[str], question: Question) -> Tree:
        if not names:
            raise Untranslatable("it names no field")
        parts: list[Tree] = [("name", name) for name in names]
        if kind in ("min", "max") or (kind in ("sum", "addition", "add", "total")):
            return ("call", kind if kind in ("min", "max") else "sum", parts)
        if kind in _COPIES and len(parts) == 1:
            return parts[0]
        if kind in ("percentage", "percent") and len(parts) == 2:
            rates = [
                part for part, name in zip(parts, names, strict=True) if self._is_percentage(name, question)
            ]
            if len(rates) == 1:
                other = parts[1] if rates[0] is parts[0] else parts[0]
                return ("/", ("*", other, rates[0]), ("number", "100"))
            raise Untranslatable("it does not say which of the two is the percentage")
        sign = _RECIPES.get(kind)
        if sign is None or len(parts) < 2 or (sign == "/" and len(parts) > 2):
            raise Untranslatable(f"{kind or 'its type'} of {len(parts)} fields is not known here")
        tree = parts[0]
        for part in parts[1:]:
            tree = (sign, tree, part)
        return tree

    def _is_percentage(self, name: str, question: Question) -> bool:
        """Whether a field says how many per cent; a rate in money is another thing."""
        if "percent" in name.lower():
            return True
        if "rate" not in clean_id(name).split("_"):
            return False
        try:
            found = self.names.question(name, path=question.path, document=question.document)
        except Untranslatable:
            return False
        return found.is_numeric and not is_money(found) and not is_rate(found)

    def _untranslated(self, question: Question, text: str, reason: Untranslatable) -> None:
        place = question.raw.at("formula")
        self.log.tell(
            place, f"The formula {shown(text)} cannot be worked out here: {reason}.", "It is typed here."
        )
        self.log.keep(place, question.formula)

    # Writing --------------------------------------------------------------------------------------

    def _write(self, question: Question, tree: Tree, text: str, *, overridable: bool = False) -> None:
        """Make the question calculated. Raises Untranslatable."""
        if not question.is_numeric:
            raise Untranslatable(f"it gives a figure, and the field is a {question.type}")
        needs: set[str] = set()
        measures = Measures(self.names, self.log, question, tree)
        writer = Writer(lambda name: self._named(name, question, needs, measures))
        formula = writer.formula(tree)
        if len(question.areas) > 1 and not measures.unit:
            raise Untranslatable("it may come in several units, and nothing says which the formula gives")
        money = question.type == "currency"
        self._take(question, formula, needs, overridable=overridable or measures.assumed)
        if not money and measures.unit and is_area_tree(tree, measures.is_area):
            question.node["unit"] = measures.unit
        for change in dict.fromkeys(writer.changes):
            self.log.tell(
                question.raw.at("formula"), f"The formula {shown(text)}. {change}", f"It is {formula}."
            )
        measures.tell()
        if question.formula is not None and clean_text(question.formula) != formula:
            self.log.keep(question.raw.at("formula"), question.formula)

    def _take(self, question: Question, formula: str, needs: set[str], *, overridable: bool) -> None:
        if len(formula) > self.longest:
            raise Untranslatable(f"it would have {len(formula)} characters; at most {self.longest} are read")
        if not self.dependence.add_formula(question.path, needs):
            raise Untranslatable("it depends upon its own result")
        node = question.node
        if node["type"] == "currency":
            node["display"] = "currency"
        display = clean_text(question.raw.look("displayFormat")).lower()
        if display.startswith("percent"):
            node["display"] = "percent"
        units = node.pop("units", None)
        if units:
            node["unit"] = units[0]
            if len(units) > 1:
                done = f"It is in {unit_label(units[0])}, the first of them."
                self.log.tell(question.raw.at("units"), "A calculated figure in a choice of units.", done)
        for key in ("required", "default"):
            if key in node:
                self.log.keep(question.raw.at(key), node.pop(key))
        node.update(type="calculated", formula=formula)
        if overridable or not question.read_only:
            node["overridable"] = True

    def _named(self, name: str, question: Question, needs: set[str], measures: Measures) -> Named:
        try:
            found = self.names.question(name, path=question.path, document=question.document)
        except Untranslatable:
            path = self.names.container(name)
            members = [one for one in self.names.members(path) if one.is_numeric] if path else []
            if not members or (path in self.gathered.tables):
                raise
            parts = [self._named_question(one, question, needs, measures).text for one in members]
            return Named(name, "several", parts=tuple(parts))
        return self._named_question(found, question, needs, measures)

    def _named_question(
        self, found: Question, question: Question, needs: set[str], measures: Measures
    ) -> Named:
        text = self.names.shortest(found, question)
        needs.add(found.path)
        outside = bool(found.table) and found.table != question.table
        if found.areas and outside and len(found.areas) > 1:
            raise Untranslatable(f"the column {found.path} may come in several units")
        if not outside and found.areas and not measures.fits(found):
            return Named(f"area_in({text}, '{measures.unit}')", cell=bool(found.table))
        if outside:
            if not found.is_numeric:
                raise Untranslatable(f"{found.path} is no column of figures")
            if row := total_row(self.gathered, found.table):
                raise Untranslatable(f"the row {shown(row)} of {found.table} would count twice")
            return Named(text, "column")
        if found.is_numeric:
            return Named(text, "number", is_money(found), cell=bool(found.table))
        if found.type in _TEXTUAL:
            return Named(text, "text")
        raise Untranslatable(f"{found.path} is a {found.type}")

    # Filling another field ------------------------------------------------------------------------

    def _fillings(self, questions: list[Question]) -> dict[str, list[tuple[Question, bool]]]:
        """Path of a target → the questions that fill it, whether a person may change what is filled in."""
        found: dict[str, dict[str, tuple[Question, bool]]] = {}
        for question in questions:
            metadata = question.metadata
            if not isinstance(metadata, Mapping):
                continue
            filling = metadata.get("autoPopulate")
            if isinstance(filling, Mapping) and truth(filling.get("enabled")) is not False:
                for target in self._targets(question, filling):
                    found.setdefault(target.path, {}).setdefault(
                        question.path, (question, not target.read_only)
                    )
            source = metadata.get("autoPopulateSource")
            if isinstance(source, Mapping):
                self._add_source(question, source, found)
        return {path: list(sources.values()) for path, sources in found.items()}

    def _targets(self, question: Question, filling: Mapping[str, Any]) -> Iterator[Question]:
        listed = filling.get("targetFields")
        place = question.raw.at("calculationMetadata.autoPopulate")
        for one in listed if isinstance(listed, list | tuple) else [listed] if listed else []:
            part = one if isinstance(one, Mapping) else {"fieldId": one}
            condition = clean_text(part.get("condition")).lower()
            try:
                if condition not in ("", "always"):
                    raise Untranslatable(f"its condition {shown(condition)} is not known here")
                yield self._at(part.get("fieldId"), part.get("templateId"), question)
            except Untranslatable as reason:
                self.log.tell(
                    place, f"It fills {shown(part.get('fieldId'))}: {reason}.", "It fills nothing here."
                )

    def _add_source(
        self,
        question: Question,
        source: Mapping[str, Any],
        found: dict[str, dict[str, tuple[Question, bool]]],
    ) -> None:
        allowed = truth(source.get("allowManualOverride"))
        overridable = not question.read_only if allowed is None else allowed
        try:
            other = self._at(source.get("sourceFieldId"), source.get("sourceTemplateId"), question)
        except Untranslatable as reason:
            place = question.raw.at("calculationMetadata.autoPopulateSource")
            problem = f"It is filled from {shown(source.get('sourceFieldId'))}: {reason}."
            self.log.tell(place, problem, "It is typed here.")
            return
        found.setdefault(question.path, {})[other.path] = (other, overridable)

    def _at(self, name: Any, document: Any, question: Question) -> Question:
        """A field by its id in the document named; from anywhere when none is."""
        wanted = clean_text(name)
        if not wanted:
            raise Untranslatable("it names no field")
        where = clean_text(document)
        place = f"{where}.{wanted}" if where else wanted
        path = f"{question.path.split('.')[0]}." if not where or where == question.document else ""
        found = self.names.question(
            place if where and place in self.names.places else wanted, path=path, document=where
        )
        if found.path == question.path:
            raise Untranslatable("it is the field itself")
        return found

    def _fill(self, question: Question, sources: list[tuple[Question, bool]]) -> None:
        place = question.raw.at("calculationMetadata.autoPopulateSource")
        if question.type == "calculated":
            other = sources[0][0].path
            self.log.tell(
                place, f"It has a formula and is filled from {other} as well.", "Its formula holds."
            )
            return
        try:
            if len(sources) > 1:
                listed = ", ".join(source.path for source, _ in sources[:4])
                raise Untranslatable(f"it is filled from several fields: {listed}")
            source, overridable = sources[0]
            if source.table or question.table:
                raise Untranslatable("one of the two stands in a table")
            if not source.is_numeric:
                raise Untranslatable(f"{source.path} is a {source.type}; only figures are filled in here")
            self._write_copy(question, source, overridable)
        except Untranslatable as reason:
            self.log.tell(
                place, f"It was filled in by itself, which is not possible here: {reason}.", "It is typed."
            )

    def _write_copy(self, question: Question, source: Question, overridable: bool) -> None:
        if not question.is_numeric:
            raise Untranslatable(f"the field is a {question.type}")
        if source.type == "number_with_unit" and len(source.units) > 1:
            raise Untranslatable(f"{source.path} may come in several units")
        if len(question.areas) > 1:
            if len(source.areas) != 1 or source.areas[0] not in question.areas:
                raise Untranslatable("it may come in several units, and its source says none of them")
            question.node["units"] = source.areas
        text = self.names.shortest(source, question)
        if question.type == "currency" or source.node.get("display") == "currency":
            question.node["display"] = "currency"
        self._take(question, text, {source.path}, overridable=overridable)
        if not overridable:
            question.node.pop("overridable", None)
        self.log.tell(
            question.raw.at("calculationMetadata.autoPopulateSource"), f"It is filled from {source.path}.",
            f"It is calculated here{', and may be overridden' if overridable else ''}.", Severity.NOTE,
        )  # fmt: skip

    # Without a formula ----------------------------------------------------------------------------

    def _typed(self, question: Question, had_formula: bool, suggestions: dict[str, Suggestion]) -> None:
        """Nothing fills it, so somebody must be able to: it is typed, and a total gets a suggestion."""
        done = "It can be typed here."
        if question.is_numeric and not question.table:
            found = suggestion_for(question, self.gathered, self.names, self.longest)
            if found is not None:
                suggestions[question.path] = found
                done = f"It can be typed here. A formula that may fit: {found.formula}"
        if not had_formula:
            self.log.tell(question.raw.place, "It was read-only and nothing filled it.", done)

    def _completed(self, question: Question) -> None:
        given = self.completions[question.path]
        text = given.get("formula") if isinstance(given, Mapping) else given
        place = question.path
        if not isinstance(text, str) or not text.strip():
            self.log.tell(place, f"The formula given for it, {shown(given)}, is none.", "It is typed here.")
            return
        text = " ".join(text.split())
        try:
            if not question.is_numeric:
                raise Untranslatable(f"the field is a {question.type}")
            self._take(question, text, self._needs_of(text, question), overridable=True)
        except Untranslatable as reason:
            self.log.tell(
                place,
                f"The formula given for it, {shown(text)}, cannot be used: {reason}.",
                "It is typed here.",
            )
            return
        self.log.tell(place, "It had no formula; staff gave one.", f"It is {text}", Severity.NOTE)

    def _needs_of(self, text: str, question: Question) -> set[str]:
        """The paths that a formula in our language names. Raises Untranslatable."""
        try:
            tree = expression(flattened(text))
        except UnreadableFormula as error:
            raise Untranslatable(str(error)) from error
        needs: set[str] = set()
        called: set[int] = set()
        inner: set[int] = set()
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                if not isinstance(node.func, ast.Name) or node.func.id not in FUNCTIONS:
                    raise Untranslatable(f"it may call {', '.join(sorted(FUNCTIONS))}")
                called.add(id(node.func))
            elif isinstance(node, ast.Attribute):
                inner.add(id(node.value))
        for node in ast.walk(tree):
            if not isinstance(node, ast.Name | ast.Attribute) or id(node) in called or id(node) in inner:
                continue
            name = dotted_name(node) or ""
            needs.add(self._path_of(name, question))
        return needs

    def _path_of(self, name: str, question: Question) -> str:
        steps = question.path.split(".")[:-1]
        scopes = [".".join(steps[:count]) + "." for count in range(len(steps), 1, -1)]
        found = next(
            (f"{one}{name}" for one in (*scopes, "") if f"{one}{name}" in self.gathered.questions), None
        )
        if found is None:
            raise Untranslatable(f"there is no field {name[:80]}")
        return found
