"""What is said when a package of the system's is missing."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from typing import Any

import pytest

from tooling import apt, browser


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch) -> list[Sequence[str]]:
    """The commands that would be run, on a Debian where this process is root."""
    sent: list[Sequence[str]] = []

    def run(command: Sequence[str], **_options: Any) -> subprocess.CompletedProcess[str]:
        sent.append(command)
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr("shutil.which", lambda name: f"/usr/bin/{name}" if name == "apt-get" else None)
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setattr("subprocess.run", run)
    return sent


def test_root_installs_after_reading_the_lists(commands: list[Sequence[str]]) -> None:
    apt.install(["chromium"], why="the browser tests")
    assert [command[1] for command in commands] == ["update", "install"]


def test_anybody_else_is_told_the_command(
    commands: list[Sequence[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    with pytest.raises(
        apt.MissingPackagesError, match=r"As root:\n    apt-get update && apt-get install .*chromium"
    ):
        apt.install(["chromium"], why="the browser tests")


def test_a_system_without_apt_is_told_the_package(
    commands: list[Sequence[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.which", lambda _name: None)
    with pytest.raises(apt.MissingPackagesError, match="no apt-get"):
        apt.install(["chromium"], why="the browser tests")


def test_without_a_browser_the_tests_are_not_begun(
    commands: list[Sequence[str]], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    monkeypatch.delenv("CHROMIUM", raising=False)
    assert browser.main() == 1
    assert "chromium needed for the browser tests" in capsys.readouterr().err
