"""The OpenID provider of the tests: installed as its lock file says, or a sentence that helps."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tooling import node_packages
from tooling.paths import ROOT


def program(directory: Path, name: str, text: str) -> None:
    path = directory / name
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="ascii")
    path.chmod(0o755)


def test_the_lock_file_names_every_package_by_its_hash_and_no_registry() -> None:
    locked = json.loads((ROOT / node_packages.LOCK).read_text(encoding="utf-8"))["packages"]
    packages = {name: entry for name, entry in locked.items() if name}
    assert len(packages) > 1
    assert [name for name, entry in packages.items() if not entry.get("integrity")] == []
    assert [name for name, entry in packages.items() if "resolved" in entry] == []


def test_every_package_that_is_asked_for_has_one_version() -> None:
    asked = json.loads((ROOT / node_packages.DIRECTORY / "package.json").read_text(encoding="utf-8"))
    assert asked["dependencies"] == {"oidc-provider": "9.13.3"}


def test_a_node_that_is_too_old_is_told_with_a_way_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(tmp_path, "node", "echo v18.20.4")
    program(tmp_path, "npm", "exit 9")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(node_packages.NotInstalledError, match=r"Node\.js 20 or newer is needed .* is 18\."):
        node_packages.install(ROOT)


def test_nothing_that_a_package_brings_is_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / node_packages.DIRECTORY).mkdir(parents=True)
    program(tmp_path, "node", "echo v20.0.0")
    program(tmp_path, "npm", f'echo "$@" > {tmp_path}/asked')
    monkeypatch.setenv("PATH", str(tmp_path))
    node_packages.install(tmp_path)
    asked = (tmp_path / "asked").read_text(encoding="ascii").split()
    assert asked[:2] == ["ci", "--ignore-scripts"]


def test_an_npm_that_fails_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / node_packages.DIRECTORY).mkdir(parents=True)
    program(tmp_path, "node", "echo v22.1.0")
    program(tmp_path, "npm", "exit 1")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(node_packages.NotInstalledError, match="npm could not install"):
        node_packages.install(tmp_path)
