"""The formats, common fields and samples that come with the application, as files under ``banks/data``."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from banks.formats.definition import FormatDefinition
from banks.formats.reading import load_json, read_format_file

DATA_FOLDER = Path(__file__).resolve().parent.parent / "data"


def common_fields() -> dict[str, Any]:
    """The common fields that stand above every format."""
    return load_json(DATA_FOLDER / "common_fields.json")


def format_files() -> list[Path]:
    """The file of each shipped format, in order of name; one may name a family."""
    return sorted((DATA_FOLDER / "formats").glob("*.json"))


@cache
def shipped_format(name: str) -> FormatDefinition:
    """A shipped format by the name of its file without the ending (``sbi_flat_v1``)."""
    return read_format_file(DATA_FOLDER / "formats" / f"{name}.json", common_fields())


def sample(name: str) -> dict[str, Any]:
    """A filled sample of a shipped format: ``format`` (its key), ``answers`` and ``expected``.

    ``expected["headline"]`` holds the figures that the report is known by, worked out by hand, as text.
    """
    return load_json(DATA_FOLDER / "samples" / f"{name}.json")
