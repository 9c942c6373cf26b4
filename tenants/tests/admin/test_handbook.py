"""The handbook says what the code does: it names every command, setting and step there is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import get_commands

from tenants.operations.engine import Kind
from tenants.operations.kinds import kind_named, kind_names

ROOT = Path(settings.BASE_DIR)
HANDBOOK = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
# They need no words of an operator's: their names are Django's, or they are for trying the system out.
ELSEWHERE = {"load_demo", "load_demo_reports", "migrate"}


def test_it_names_every_command() -> None:
    ours = {name for name, app in get_commands().items() if app in ("tenants", "banks", "reports")}
    assert sorted(name for name in ours - ELSEWHERE if f"`{name}" not in HANDBOOK) == []


def test_it_names_every_setting_of_the_environment() -> None:
    source = (ROOT / "valuation" / "settings.py").read_text(encoding="utf-8")
    # Those that say how this software is developed, and Django's own, are not an operator's.
    asked = {name for name in re.findall(r'env\.\w+\(\s*"([A-Z_]+)"', source) if name[:7] != "DJANGO_"}
    assert sorted(name for name in asked - {"SITE_NAME"} if name not in HANDBOOK) == []


@pytest.mark.parametrize("kind", kind_names())
def test_it_shows_the_steps_of_each_operation_and_the_point_of_no_return(kind: str) -> None:
    assert f"| {row_of(kind_named(kind))} |" in HANDBOOK


def row_of(kind: Kind) -> str:
    shown = [f"`{step.name}`" for step in kind.steps]
    final = next((number for number, step in enumerate(kind.steps) if step.undo is None), None)
    if final is not None:
        shown[final] = f"**{shown[final]}**"
    return " → ".join(shown)


def test_its_links_lead_somewhere() -> None:
    headings = {_anchor(line.lstrip("# ")) for line in HANDBOOK.splitlines() if line.startswith("#")}
    links = set(re.findall(r"\]\(#([^)]+)\)", HANDBOOK))
    assert links - headings == set()


def _anchor(heading: str) -> str:
    return re.sub(r"[^a-z0-9_\- ]", "", heading.lower()).replace(" ", "-")
