"""Two people at one form: what only one of them changed is taken, what both changed is asked about."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django import forms
from django.http import QueryDict
from hypothesis import given
from hypothesis import strategies as st

from banks.models import BankOverride
from banks.overrides import OverrideProblem, StaleOverride
from banks.pages.editing import Current, EditForm, plain, save, three_way

_VALUES = st.fixed_dictionaries(
    dict.fromkeys(("phone", "email", "name"), st.sampled_from(["", "a", "b", "c"]))
)


class ContactForm(EditForm):
    name = forms.CharField()
    phone = forms.CharField(required=False)
    kind = forms.ChoiceField(choices=[("x", "The first"), ("y", "The second")], required=False)


STORED = Current({"name": "Fort", "phone": "1", "kind": "x"}, 4, "Olga", None)


def sent(values: dict[str, str], *, was: dict[str, Any] | None = None, version: int = 4) -> QueryDict:
    data = QueryDict(mutable=True)
    data.update({**values, "version": str(version), "was": json.dumps(was or dict(STORED.values))})
    return data


def form(values: dict[str, str], **carried: Any) -> ContactForm:
    one = ContactForm(sent(values, **carried), current=STORED)
    assert one.is_valid()
    return one


class Store:
    """Stands for the override: refuses a version that is not its own, as the actions do."""

    def __init__(self, now: Current) -> None:
        self.now = now
        self.written: dict[str, Any] = {}

    def read(self) -> Current:
        return self.now

    def write(self, values: dict[str, Any], base_version: int) -> None:
        if base_version != self.now.version:
            raise StaleOverride(BankOverride(version=self.now.version))
        self.written = values


def saved(one: ContactForm, store: Store, **more: bool) -> bool:
    return save(one, read=store.read, write=store.write, **more)


def test_what_nobody_else_changed_is_stored_as_typed() -> None:
    store = Store(STORED)
    assert saved(form({"name": "Fort", "phone": "2", "kind": "x"}), store)
    assert store.written == {"name": "Fort", "phone": "2", "kind": "x"}


def test_only_what_differs_is_written_where_that_is_asked() -> None:
    store = Store(STORED)
    saved(form({"name": "Fort", "phone": "2", "kind": "x"}), store, changed_only=True)
    assert store.written == {"phone": "2"}


def test_what_somebody_else_changed_meanwhile_stays() -> None:
    store = Store(Current({"name": "Fort, East", "phone": "1", "kind": "x"}, 5))
    assert saved(form({"name": "Fort", "phone": "2", "kind": "x"}), store)
    assert store.written == {"name": "Fort, East", "phone": "2", "kind": "x"}


def test_what_both_changed_is_asked_about_and_nothing_is_stored() -> None:
    store = Store(Current({"name": "Fort", "phone": "3", "kind": "x"}, 5, "Olga"))
    one = form({"name": "Fort", "phone": "2", "kind": "x"})
    assert not saved(one, store)
    shown = one.question("phone")
    assert (shown["value"], shown["conflict"].theirs_text, shown["conflict"].by) == ("2", "3", "Olga")
    assert store.written == {}


def test_the_page_that_asks_is_drawn_from_what_is_stored_now() -> None:
    store = Store(Current({"name": "Fort", "phone": "3", "kind": "x"}, 5))
    one = form({"name": "Fort", "phone": "2", "kind": "x"})
    saved(one, store)
    assert one.carried["version"] == "5"
    assert json.loads(one.carried["was"])["phone"] == "3"


def test_both_having_typed_the_same_is_no_conflict() -> None:
    store = Store(Current({"name": "Fort", "phone": "2", "kind": "x"}, 5))
    assert saved(form({"name": "Fort", "phone": "2", "kind": "x"}), store)


def test_who_chooses_theirs_gets_theirs() -> None:
    now = Current({"name": "Fort", "phone": "3", "kind": "x"}, 5)
    data = {"name": "Fort", "phone": "2", "kind": "x", "phone__choose": "theirs"}
    one = ContactForm(sent(data, was=dict(now.values), version=5), current=now)
    assert one.is_valid()
    store = Store(now)
    saved(one, store)
    assert store.written["phone"] == "3"


def test_a_choice_in_conflict_is_told_in_its_words() -> None:
    store = Store(Current({"name": "Fort", "phone": "1", "kind": ""}, 5))
    one = form({"name": "Fort", "phone": "1", "kind": "y"})
    saved(one, store)
    assert one.question("kind")["shown"] == "The second"


def test_a_form_without_its_version_overwrites_nobody() -> None:
    data = sent({"name": "Fort", "phone": "2", "kind": "x"}, was={"phone": "1"})
    del data["version"], data["was"]
    one = ContactForm(data, current=STORED)
    assert one.is_valid()
    store = Store(STORED)
    assert not saved(one, store)
    assert (set(one.conflicts), store.written) == ({"phone"}, {})


def test_a_refusal_stands_at_its_field() -> None:
    def refuse(values: dict[str, Any], base_version: int) -> None:
        raise OverrideProblem([("branch.FORT.phone", "Too short."), ("elsewhere", "No.")])

    one = form({"name": "Fort", "phone": "2", "kind": "x"})
    assert not save(one, read=lambda: STORED, write=refuse)
    assert [*one.errors["phone"], *one.non_field_errors()] == ["Too short.", "No."]


def test_who_is_overtaken_all_the_time_is_told_so() -> None:
    class Busy(Store):
        def read(self) -> Current:
            self.now = Current(self.now.values, self.now.version + 1)
            return Current(self.now.values, self.now.version - 1)

    one = form({"name": "Fort", "phone": "2", "kind": "x"}, version=3)
    assert not saved(one, Busy(STORED))
    assert "Others are changing this bank" in one.non_field_errors()[0]


def test_what_the_bank_has_is_not_refused_when_nobody_touched_it() -> None:
    class Strict(ContactForm):
        def clean(self) -> dict[str, Any]:
            self.forgive_untouched()
            return self.cleaned_data

    was = {"name": "", "phone": "1", "kind": "x"}
    one = Strict(sent({"name": "", "phone": "2", "kind": "x"}, was=was), current=Current(was, 4))
    assert one.is_valid()


@given(_VALUES, _VALUES, _VALUES)
def test_every_value_is_the_one_persons_or_the_others(
    typed: dict[str, str], was: dict[str, str], now: dict[str, str]
) -> None:
    merged, both = three_way(typed, was, now)
    for name in typed:
        mine, theirs = typed[name] != was[name], now[name] != was[name]
        assert merged[name] == (typed[name] if mine or not theirs else now[name])
        assert (name in both) == (mine and theirs and typed[name] != now[name])


@pytest.mark.parametrize(
    "value", [None, True, 1.5, Decimal("1E+2"), date(2026, 11, 23), ["a"], {"unit": "ft"}]
)
def test_everything_that_a_form_carries_can_be_written_as_json(value: Any) -> None:
    assert json.loads(json.dumps(plain(value))) == plain(value)
