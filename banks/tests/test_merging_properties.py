"""Whatever a firm changes of a bank: precedence, origins, order, search, and nothing else."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from banks.managed import changed_places
from banks.merging import BANK_FIELDS, BRANCH_FIELDS, Origin, is_own, merge_bank, prepare

Data = dict[str, Any]
few = settings(max_examples=20)
words = st.text("abc XY", max_size=6)
values = st.dictionaries(st.sampled_from(BRANCH_FIELDS[:10]), words, max_size=4)
codes = st.sampled_from(["A", "B", "C", "D", "OWN_1", "OWN_2"])
shared_branches = st.lists(
    st.builds(
        lambda code, name, rest, active: {**rest, "code": code, "name": name, "is_active": active},
        st.sampled_from(["A", "B", "C", "D"]),
        words,
        values,
        st.booleans(),
    ),
    unique_by=lambda branch: branch["code"],
    min_size=2,
    max_size=4,
)
banks = st.builds(
    lambda rest, branches: {"code": "SBI", "is_active": True, **rest, "branches": branches},
    st.fixed_dictionaries(dict.fromkeys(BANK_FIELDS, words)),
    shared_branches,
)
entries = st.builds(
    lambda changed, more: {**changed, **more},
    values,
    st.sampled_from([{}, {"hidden": True}, {"own": True}, {"own": True, "hidden": True}, {"own": False}]),
)
# Dense enough that the two meet: most codes are known, and half of the entries are no plain change.
overrides = st.fixed_dictionaries(
    {"branches": st.dictionaries(codes, entries, min_size=2, max_size=5)},
    optional={"changes": st.dictionaries(st.sampled_from(BANK_FIELDS), words, max_size=3)},
)


def merged(bank: Data, override: Data) -> Any:
    found = merge_bank(bank, override)
    assert found is not None
    return found


@few
@given(banks)
def test_without_changes_it_is_the_shared_bank(bank: Data) -> None:
    found = merged(bank, {})
    assert found.values == {name: bank[name] for name in BANK_FIELDS}
    assert {branch.code for branch in found.branches} == {
        branch["code"] for branch in bank["branches"] if branch["is_active"]
    }
    assert all(not branch.changed for branch in found.branches)


@few
@given(banks, overrides)
def test_every_value_is_what_the_layer_of_its_origin_says(bank: Data, override: Data) -> None:
    found = merged(bank, override)
    layers = {Origin.FIRM: override.get("changes", {}), Origin.SHARED: bank}
    assert found.values.keys() == found.origins.keys()
    for name, value in found.values.items():
        assert value == layers[found.origins[name]][name]
        assert (found.origins[name] is Origin.FIRM) is (name in override.get("changes", {}))
    by_code = {branch["code"]: branch for branch in bank["branches"]}
    for branch in found.branches:
        own = override.get("branches", {}).get(branch.code, {})
        assert branch.values.keys() == branch.origins.keys()
        for name, value in branch.values.items():
            layer = own if branch.origins[name] is Origin.FIRM else by_code[branch.code]
            assert value == layer[name]
            assert (branch.origins[name] is Origin.FIRM) is (name in own)


@few
@given(banks, overrides)
def test_what_is_hidden_or_inactive_appears_nowhere(bank: Data, override: Data) -> None:
    found = merged(bank, override)
    shown = [branch.code for branch in found.branches]
    known = {branch["code"]: branch for branch in bank["branches"]}
    for code, entry in override.get("branches", {}).items():
        if entry.get("hidden"):
            assert code not in shown
            assert found.branch(code) is None
            assert code not in {branch.code for branch in found.find(code)[0]}
            assert code not in found.branch_names
    for code, branch in known.items():
        if not branch["is_active"] and not is_own(override.get("branches", {}).get(code, {}), known=True):
            assert code not in shown


@few
@given(banks, overrides)
def test_each_code_stands_once_and_own_branches_have_nothing_of_shared_ones(
    bank: Data, override: Data
) -> None:
    found = merged(bank, override)
    codes = [branch.code for branch in found.branches]
    assert len(codes) == len(set(codes))
    for branch in found.branches:
        if branch.own:
            assert set(branch.origins.values()) <= {Origin.FIRM}


@few
@given(banks, overrides, words)
def test_it_finds_what_looking_through_all_finds_in_the_same_order(
    bank: Data, override: Data, search: str
) -> None:
    found = merged(bank, override)
    branches = list(found.branches)
    assert branches == sorted(branches, key=lambda one: (one.name.casefold(), one.code))
    asked = search.casefold().split()
    texts = ("name", "ifsc", "street", "area", "city", "district", "state", "pin_code")

    def text(branch: Any) -> str:
        return " ".join([branch.code, *(branch.values.get(name) or "" for name in texts)]).casefold()

    expected = [branch for branch in branches if all(word in text(branch) for word in asked)]
    assert found.find(search) == (expected, len(expected))
    assert found.find(search, 1, 2) == (expected[1:2], len(expected))
    assert (len(found.branches), found.branches[:2]) == (len(branches), branches[:2])


@few
@given(banks, overrides)
def test_nothing_given_is_changed_and_merging_again_gives_the_same(bank: Data, override: Data) -> None:
    before = deepcopy((bank, override))
    shared = prepare(bank)
    first, second = merged(shared, override), merged(shared, override)  # type: ignore[arg-type]
    assert (first.values, list(first.branches)) == (second.values, list(second.branches))
    assert (bank, override) == before


@few
@given(banks, overrides)
def test_with_every_change_taken_back_the_shared_bank_is_there_again(bank: Data, override: Data) -> None:
    left = deepcopy(override)
    for one in list(changed_places(prepare(bank), override)):
        kind, _, rest = one.place.partition(".")
        if kind == "bank":
            del left["changes"][rest]
        else:
            code, _, name = rest.rpartition(".")
            if name in left["branches"].get(code, {}):
                del left["branches"][code][name]
            else:
                del left["branches"][rest]
    assert list(merged(bank, left).branches) == list(merged(bank, {}).branches)
    assert merged(bank, left).values == merged(bank, {}).values
