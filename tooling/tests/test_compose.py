"""The composed deployment, as far as its file tells: no Docker is needed."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from tooling.paths import ROOT

MEMBERS = ("mongo1", "mongo2", "mongo3")


@pytest.fixture(scope="module")
def services() -> dict[str, dict[str, Any]]:
    composed = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
    found: dict[str, dict[str, Any]] = composed["services"]
    return found


def test_three_members_form_one_replica_set(services: dict[str, dict[str, Any]]) -> None:
    assert [("--replSet=rs0" in services[name]["command"]) for name in MEMBERS] == [True] * 3


def test_each_member_keeps_its_own_data(services: dict[str, dict[str, Any]]) -> None:
    assert [services[name]["volumes"][1] for name in MEMBERS] == [f"{name}:/data/db" for name in MEMBERS]


def test_no_database_is_published(services: dict[str, dict[str, Any]]) -> None:
    assert [name for name, service in services.items() if "ports" in service] == ["web"]


def test_every_secret_comes_from_outside() -> None:
    text = (ROOT / "compose.yaml").read_text(encoding="utf-8")
    named = re.findall(r"^ +\w*(?:PASSWORD|SECRET_KEY): *(.*)$", text, re.MULTILINE)
    assert [value for value in named if not re.fullmatch(r'"\$\{\w+:\?[^}]*\}"', value)] == []


def test_every_variable_without_a_default_is_in_the_example() -> None:
    text = (ROOT / "compose.yaml").read_text(encoding="utf-8")
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    needed = set(re.findall(r"\$\{(\w+):\?", text))
    assert {name for name in needed if f"\n{name}=" not in example} == set()


def test_it_serves_only_after_the_setup_has_succeeded(services: dict[str, dict[str, Any]]) -> None:
    assert services["web"]["depends_on"]["setup"]["condition"] == "service_completed_successfully"


def test_the_image_runs_as_nobody_special() -> None:
    lines = (ROOT / "Dockerfile").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if line.startswith("USER")] == ["USER valuation"]
