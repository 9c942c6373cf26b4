"""docs/security.md answers every item of the chapters it is about, and names tests that exist."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
# The items of OWASP ASVS 5.0.0 up to level 2: how many each section has, less those of level 3.
ITEMS = {
    "6.1": (1, 2, 3),
    "6.2": tuple(range(1, 13)),
    "6.3": (1, 2, 3, 4),
    "6.4": (1, 2, 3, 4),
    "6.5": (1, 2, 3, 4, 5),
    "6.6": (1, 2, 3),
    "6.8": (1, 2, 3, 4),
    "7.1": (1, 2, 3),
    "7.2": (1, 2, 3, 4),
    "7.3": (1, 2),
    "7.4": (1, 2, 3, 4, 5),
    "7.5": (1, 2),
    "7.6": (1, 2),
    "8.1": (1, 2),
    "8.2": (1, 2, 3),
    "8.3": (1,),
    "8.4": (1,),
    "9.1": (1, 2, 3),
    "9.2": (1, 2, 3, 4),
    "10.1": (1, 2),
    "10.2": (1, 2),
    "10.3": (1, 2, 3, 4),
}
ROW = re.compile(r"^\| (\d+\.\d+\.\d+) \| ([^|]*) \| (yes|partly|no|not here) \| (.+) \|$", re.MULTILINE)


def rows() -> dict[str, tuple[str, str]]:
    """The number of each answered item → the verdict and what is said of it."""
    return {number: (verdict, said) for number, _, verdict, said in ROW.findall(DOCUMENT)}


def tests_of_the_project() -> set[str]:
    folders = ("tests", "tenants", "reports", "banks", "valuation", "tooling")
    files = [path for folder in folders for path in (ROOT / folder).rglob("test_*.py")]
    return {
        name for path in files for name in re.findall(r"def (test_\w+)", path.read_text(encoding="utf-8"))
    } | {path.name for path in files}


def test_every_item_up_to_level_two_is_answered() -> None:
    wanted = [f"{section}.{number}" for section, numbers in ITEMS.items() for number in numbers]
    assert sorted(set(wanted) - set(rows())) == []


def test_no_item_is_answered_that_does_not_exist() -> None:
    known = {f"{section}.{number}" for section, numbers in ITEMS.items() for number in numbers}
    assert sorted(set(rows()) - known) == []


def test_what_is_said_to_be_so_names_a_test_or_gives_a_reason() -> None:
    bare = [
        number
        for number, (verdict, said) in rows().items()
        if verdict == "yes" and "`test_" not in said and "Reason:" not in said
    ]
    assert bare == []


def test_what_is_not_so_says_why() -> None:
    missing = [number for number, (verdict, said) in rows().items() if verdict in ("partly", "no")]
    assert [number for number in missing if len(rows()[number][1]) < 40] == []


def test_every_test_that_it_names_exists() -> None:
    named = set(re.findall(r"`(test_\w+(?:\.py)?)`", DOCUMENT))
    assert sorted(named - tests_of_the_project()) == []
