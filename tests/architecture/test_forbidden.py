"""What this project does without: things that do nothing, or the wrong thing, on MongoDB or under the CSP."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("valuation", "tenants", "banks", "reports")


def sources(*, tests: bool = False) -> Iterator[Path]:
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            if tests or "tests" not in path.parts:
                yield path


def calls(path: Path) -> Iterator[tuple[str, int]]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            yield node.func.attr, node.lineno


def test_nobody_imports_djangos_transactions() -> None:
    pattern = re.compile(r"from django\.db import .*\btransaction\b|django\.db\.transaction")
    assert [path for path in sources(tests=True) if pattern.search(path.read_text(encoding="utf-8"))] == []


@pytest.mark.parametrize("name", ["prefetch_related", "select_for_update", "defer", "only"])
def test_nobody_calls_what_does_not_work_on_mongodb(name: str) -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}" for path in sources() for call, line in calls(path) if call == name
    ]
    assert found == []


def test_no_view_saves() -> None:
    views = [path for path in sources() if path.stem.startswith("views") or "views" in path.parts]
    assert views
    found = [
        f"{path.relative_to(ROOT)}:{line}" for path in views for call, line in calls(path) if call == "save"
    ]
    assert found == []


def test_no_template_has_an_inline_script_style_or_handler() -> None:
    pattern = re.compile(
        r"<script(?![^>]*\bsrc=)|<style|\sstyle=[\"']|\son[a-z]+=[\"']|href=[\"']javascript:", re.I
    )
    templates = sorted((ROOT / "templates").rglob("*.html"))
    assert templates
    found = []
    for path in templates:
        text = re.sub(
            r"{%\s*comment\s*%}.*?{%\s*endcomment\s*%}", "", path.read_text(encoding="utf-8"), flags=re.S
        )
        found += [f"{path.relative_to(ROOT)}: {match.group()}" for match in pattern.finditer(text)]
    assert found == []


def test_nothing_is_loaded_from_another_site() -> None:
    pattern = re.compile(r"(?:src|href)=[\"']https?://|url\([\"']?https?://|@import\s+[\"']?https?://", re.I)
    files = [*(ROOT / "templates").rglob("*.html"), *(ROOT / "static" / "css").rglob("*.css")]
    assert [path for path in files if pattern.search(path.read_text(encoding="utf-8"))] == []
