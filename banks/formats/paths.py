"""Finding the fields of a format by their paths, and saying where a path is in words."""

from __future__ import annotations

from collections.abc import Iterator

from banks.formats.definition import Field, FieldType, FormatDefinition, Section

TABLE_TYPES = frozenset({FieldType.TABLE, FieldType.DYNAMIC_TABLE})


def own_fields(section: Section) -> Iterator[Field]:
    """Every field of a section: top-level ones, those in groups, columns and row fields of tables."""
    for item in section.fields:
        yield item
        yield from item.fields
        if item.table is not None:
            yield from item.table.columns
            yield from item.table.row_fields


def index_fields(definition: FormatDefinition) -> dict[str, Field]:
    """Path → field for every field, group member, table column and row field of the format."""
    return {item.path: item for section in definition.sections() for item in own_fields(section)}


def is_table_part(path: str, index: dict[str, Field]) -> bool:
    """Whether the path names a column or row field of a table rather than a field of its own."""
    parent = index.get(path.rpartition(".")[0])
    return parent is not None and parent.type in TABLE_TYPES


def describe(path: str) -> str:
    """``general.owners.phone`` → ``tab general > section owners > field phone``."""
    names = ("tab", "section", "field", "part")
    return " > ".join(f"{name} {part}" for name, part in zip(names, path.split(".", 3), strict=False))
