"""Every mutation of the catalogue still fits the code, and its row stands in docs/isolation.md."""

from __future__ import annotations

import pytest

from tooling.mutations.catalogue import MUTATIONS, Mutation
from tooling.paths import ROOT


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda one: one.what)
def test_what_a_mutation_breaks_is_there_once(mutation: Mutation) -> None:
    text = (ROOT / mutation.file).read_text(encoding="utf-8")
    assert text.count(mutation.old) == 1


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda one: one.what)
def test_the_tests_that_are_asked_exist(mutation: Mutation) -> None:
    assert [name for name in mutation.tests if not (ROOT / name).exists()] == []


def test_the_table_has_a_row_for_each() -> None:
    table = (ROOT / "docs" / "isolation.md").read_text(encoding="utf-8")
    assert [one.what for one in MUTATIONS if f"| {one.what} |" not in table] == []
