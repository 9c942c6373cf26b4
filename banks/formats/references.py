"""Which field's formula names which other fields, found from the text alone.

The calculation resolves names for good (``reports.calculation.naming``); this is the same order of search,
nearest first, for the checks that stand below it.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass, field

from banks.formats.definition import Field, FieldType, FormatDefinition
from banks.formats.formula_text import UnreadableFormula, expression, flattened, names_in
from banks.formats.paths import index_fields, is_table_part


@dataclass(frozen=True, slots=True)
class Formulas:
    """The readable formulas of a format: their trees and what they name, by the path of their field."""

    index: dict[str, Field]
    trees: Mapping[str, ast.expr]
    named: Mapping[str, frozenset[str]]
    _below: dict[str, frozenset[str]] = field(default_factory=dict)

    def find(self, name: str, path: str) -> str | None:
        """The path that ``name`` means in the formula at ``path``."""
        found = self.meanings(name, path)
        return found[0] if found else None

    def meanings(self, name: str, path: str) -> list[str]:
        """Every path that ``name`` could mean, nearest first: row, group, section, then the whole format."""
        found: list[str] = []
        scope = path.rpartition(".")[0]
        # A section is two steps deep; what contains it lends its parts no short names.
        while scope.count(".") >= 1:
            found.append(f"{scope}.{name}")
            scope = scope.rpartition(".")[0]
        paths = ((full if full in self.index else self._cell(full)) for full in (*found, name))
        return [full for full in paths if full is not None]

    def _cell(self, full: str) -> str | None:
        """``table.row.column`` of a fixed table is the column."""
        rest, _, column = full.rpartition(".")
        table_path = rest.rpartition(".")[0]
        table = self.index.get(table_path)
        path = f"{table_path}.{column}"
        return path if table is not None and table.type is FieldType.TABLE and path in self.index else None

    def below(self, path: str) -> frozenset[str]:
        """Everything that the figure at ``path`` is made from, at any remove; formulas in a circle end."""
        if path not in self._below:
            seen: set[str] = set()
            waiting = [path]
            while waiting:
                for name in self.named.get(waiting.pop(), ()):
                    if name not in seen:
                        seen.add(name)
                        waiting.append(name)
            self._below[path] = frozenset(seen)
        return self._below[path]

    def is_column(self, path: str) -> bool:
        return is_table_part(path, self.index)


def read_formulas(definition: FormatDefinition) -> Formulas:
    """Formulas that cannot be read are left out: what is wrong with them is said elsewhere."""
    index = index_fields(definition)
    trees: dict[str, ast.expr] = {}
    for path, item in index.items():
        if item.formula:
            try:
                trees[path] = expression(flattened(item.formula))
            except UnreadableFormula:
                continue
    formulas = Formulas(index, trees, {})
    named = {
        path: frozenset(found for name in names_in(tree) if (found := formulas.find(name, path)) is not None)
        for path, tree in trees.items()
    }
    return Formulas(index, trees, named)
