"""Collect the static files when one of them, or what collects them, has changed since the last time."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

from tooling.paths import ROOT, VAR

OWN_DIRECTORIES = ("static", "tenants/static", "banks/static", "reports/static", "valuation/static")
OTHER_SOURCES = ("constraints.txt", "requirements.txt", "valuation/settings.py")


def collect(run: Callable[[], None]) -> None:
    """Call ``run``, which collects them, unless nothing has changed since it last succeeded."""
    stamp = VAR / "static.stamp"
    fingerprint = fingerprint_of(ROOT)
    collected = VAR / "static"
    if collected.is_dir() and stamp.is_file() and stamp.read_text(encoding="ascii") == fingerprint:
        return
    stamp.unlink(missing_ok=True)
    run()
    stamp.write_text(fingerprint, encoding="ascii")


def fingerprint_of(root: Path) -> str:
    """The names, sizes and times of what would be collected, as one hexadecimal digest."""
    digest = hashlib.sha256()
    files = [root / name for name in OTHER_SOURCES]
    for directory in OWN_DIRECTORIES:
        files += sorted(path for path in (root / directory).rglob("*") if path.is_file())
    for path in files:
        if path.is_file():
            facts = path.stat()
            digest.update(f"{path.relative_to(root)} {facts.st_size} {facts.st_mtime_ns}\n".encode())
    return digest.hexdigest()
