"""What filling one side leaves for the benchmark: whom to ask as, and what one page sends to the database."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from bench._requests.load import PATH, Target


def write(file: Path, targets: Sequence[Target], commands: Sequence[str]) -> None:
    """``targets`` for the load, and ``commands``: what one page sends, in order, in words for people."""
    file.write_text(
        json.dumps({"targets": [asdict(target) for target in targets], "commands": list(commands)}),
        encoding="utf-8",
    )


def read_targets(file: Path) -> list[Target]:
    return [Target(**values) for values in json.loads(file.read_text(encoding="utf-8"))["targets"]]


def read_commands(file: Path) -> list[str]:
    return [str(command) for command in json.loads(file.read_text(encoding="utf-8"))["commands"]]


def page_in_process(target: Target) -> bytes:
    """The page as this very process answers it. Raises RuntimeError for anything but the firm's page."""
    from django.test import Client

    browser = Client()
    for name, value in target.cookies.items():
        browser.cookies[name] = value
    response = browser.get(PATH, headers={"host": target.host})
    complaint = target.complaint(str(response.status_code).encode(), response.content)
    if complaint:
        raise RuntimeError(complaint)
    return bytes(response.content)
