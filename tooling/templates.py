"""Check the templates: each compiles, keeps the Content-Security-Policy and djlint's rules.

The policy allows no inline script, no inline style and no handler attribute, and a browser reports a breach
only on the page where it happens; here it is found in the file, by line.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import django
from django.template import TemplateSyntaxError, engines

from tooling.paths import ROOT

FORBIDDEN = {
    "an inline script": re.compile(r"<script(?![^>]*\s(src|type=\"application/json\"))[^>]*>", re.IGNORECASE),
    "an inline style element": re.compile(r"<style\b", re.IGNORECASE),
    "a style attribute": re.compile(r"<[a-z][^<>]*\sstyle\s*=", re.IGNORECASE),
    "a handler attribute": re.compile(r"<[a-z][^<>]*\son[a-z]+\s*=", re.IGNORECASE),
    "an htmx handler or script value": re.compile(r"\bhx-on\b|=[\"']\s*(?:javascript|js):", re.IGNORECASE),
    "unescaped output": re.compile(r"\{\{[^}]*\|\s*safe(?:seq)?\b|\{%\s*autoescape\s+off"),
    "an address on another server": re.compile(
        r"<(?:script|link|img|iframe)[^<>]*=[\"'](?:https?:)?//", re.IGNORECASE
    ),
}
COMMENT = re.compile(r"\{#.*?#\}|\{%\s*comment\b.*?\{%\s*endcomment\s*%\}|<!--.*?-->", re.DOTALL)


def forbidden_in(text: str) -> Iterator[tuple[int, str]]:
    """Line number and name of each forbidden thing in a template's text; comments do not count."""
    without_comments = COMMENT.sub(lambda found: "\n" * found[0].count("\n"), text)
    for name, pattern in FORBIDDEN.items():
        for found in pattern.finditer(without_comments):
            yield without_comments.count("\n", 0, found.start()) + 1, name


def directories() -> list[Path]:
    """Where the application's own templates are."""
    candidates = [ROOT / "templates", *ROOT.glob("*/templates")]
    return [path for path in candidates if path.is_dir() and path.parent.name != ".venv"]


def main() -> int:
    django.setup()
    complaints: list[str] = []
    for directory in directories():
        for path in sorted(directory.rglob("*.html")):
            shown = path.relative_to(ROOT)
            complaints += [
                f"{shown}:{line}: {name}" for line, name in sorted(forbidden_in(path.read_text("utf-8")))
            ]
            try:
                engines["django"].get_template(str(path.relative_to(directory)))
            except TemplateSyntaxError as error:
                complaints.append(f"{shown}: {error}")
    for complaint in complaints:
        print(complaint)
    djlint = subprocess.run(
        [sys.executable, "-m", "djlint", "--lint", "--quiet", *directories()],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        check=False,
    )
    return 1 if complaints or djlint.returncode else 0


if __name__ == "__main__":
    sys.exit(main())
