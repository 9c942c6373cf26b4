"""What a formula's result is measured in, found out from the units of its fields before any report exists."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

from banks.formats.definition import Field, FormatDefinition
from banks.formats.formula_text import dotted_name
from reports.calculation import tags, units
from reports.calculation.formula import LOOKUP_PREFIX, Formula, is_pure
from reports.calculation.functions import FUNCTIONS
from reports.calculation.naming import Kind, Place, Places, Target
from reports.calculation.problems import UnitProblem
from reports.calculation.tags import CHOSEN, Tag
from reports.calculation.values import declared_tag


def carried(field: Field, tag: Tag | None) -> Tag | None:
    """What a figure keeps of its formula's unit where the field itself declares none: money is no area."""
    return tag if tag is not None and (tag.rate or field.display == "number") else None


def misfit(own: Tag, given: Tag) -> str:
    """In words: the formula's unit is not the field's."""
    way_out = "" if given.rate or own.rate else f' Turn it with area_in(…, "{own.unit}").'
    return f"the formula gives {given}, but the field holds {own}.{way_out}"


def inferred_tag(
    definition: FormatDefinition,
    places: Places,
    per: Mapping[str, Target],
    known: Mapping[str, Tag | None],
    place: Place,
    formula: Formula,
    names: Mapping[str, Target],
) -> Tag | None:
    """The unit of a calculated field's figure. ``known`` holds those of the calculated ones before it.

    Raises ``UnitProblem`` where two units meet that are fixed in the format; one that is chosen in the report
    is looked at there.
    """
    inference = _Inference(definition, places, per, known, names)
    found = inference.of(formula.tree)
    own = inference.of_field(place.path, place.field)
    if own is None:
        return carried(place.field, found)
    if found is not None and (
        own.rate is not found.rate or (own.unit != found.unit and not (own.is_open or found.is_open))
    ):
        raise UnitProblem(misfit(own, found))
    return own


@dataclass(frozen=True, slots=True)
class _Inference:
    definition: FormatDefinition
    places: Places
    per: Mapping[str, Target]
    known: Mapping[str, Tag | None]
    names: Mapping[str, Target]

    def of_field(self, path: str, field: Field) -> Tag | None:
        if path in self.per:
            return Tag(f"{CHOSEN}{self.per[path].path}", rate=True)
        return declared_tag(field)

    def of(self, node: ast.expr) -> Tag | None:
        if isinstance(node, ast.Name | ast.Attribute):
            return self._of_name(dotted_name(node) or "")
        if isinstance(node, ast.BinOp):
            return self._of_arithmetic(node)
        if isinstance(node, ast.UnaryOp):
            found = self.of(node.operand)
            return found if isinstance(node.op, ast.USub) else None
        if isinstance(node, ast.IfExp):
            return self._of_choice(node.test, node.body, node.orelse)
        if isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            for left, right in pairwise(sides):
                tags.added(self.of(left), self.of(right), _said(left, right))
        elif isinstance(node, ast.BoolOp):
            for side in node.values:
                self.of(side)
        elif isinstance(node, ast.Call):
            return self._of_call(node)
        return None

    def _of_name(self, name: str) -> Tag | None:
        target = self.names.get(name)
        if target is None or target.kind in (Kind.PARAMETER, Kind.TABLE, Kind.LOOKUP):
            return None
        if target.path in self.known:
            return self.known[target.path]
        return self.of_field(target.path, self.places.by_path[target.path].field)

    def _of_arithmetic(self, node: ast.BinOp) -> Tag | None:
        left, right = self.of(node.left), self.of(node.right)
        names, pure = _said(node.left, node.right), (is_pure(node.left), is_pure(node.right))
        if isinstance(node.op, ast.Mult):
            return tags.multiplied(left, right, names, pure)
        if isinstance(node.op, ast.Div):
            return tags.divided(left, right, names, pure)
        return tags.added(left, right, names)

    def _of_choice(self, test: ast.expr, *ways: ast.expr) -> Tag | None:
        self.of(test)
        found = {tag for way in ways if (tag := self.of(way)) is not None}
        return found.pop() if len(found) == 1 else None

    def _of_call(self, node: ast.Call) -> Tag | None:
        name = node.func.id.lower() if isinstance(node.func, ast.Name) else ""
        given = [*node.args, *(keyword.value for keyword in node.keywords)]
        if name == "if":
            return self._of_choice(given[0], *given[1:])
        if name == "lookup":
            return self._of_lookup(given)
        found = [self.of(one) for one in given]
        if name == "area_in":
            return self._of_area_in(given[1])
        if name == "value_where":
            return found[0]
        function = FUNCTIONS[name]
        if not function.keeps_unit:
            return None
        if not function.gathers:
            return found[0]
        return tags.together((tag, ast.unparse(one)[:60]) for tag, one in zip(found, given, strict=True))

    def _of_lookup(self, given: list[ast.expr]) -> Tag | None:
        first = given[0]
        name = str(first.value) if isinstance(first, ast.Constant) else dotted_name(first)
        for one in given[1:]:
            self.of(one)
        target = self.names.get(f"{LOOKUP_PREFIX}{name}")
        if target is None:
            return None
        table = self.definition.lookups[target.path]
        return tags.of_unit(table.per, rate=True) if table.per else tags.of_unit(table.unit)

    def _of_area_in(self, unit: ast.expr) -> Tag | None:
        if isinstance(unit, ast.Constant):
            return Tag(str(unit.value)) if unit.value in units.AREA_UNITS else None
        target = self.names.get(dotted_name(unit) or "")
        if target is None or target.kind is not Kind.FIELD:
            return None
        return Tag(f"{CHOSEN}{target.path}")


def _said(left: ast.expr, right: ast.expr) -> tuple[str, str]:
    return ast.unparse(left)[:60], ast.unparse(right)[:60]
