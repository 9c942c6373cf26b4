"""An override that is about to be written: what changes in it, place by place. It writes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from banks.formats.overriding import FormatChanges, original
from banks.managed import spots_of
from banks.merging import BANK_FIELDS, MergedBank, SharedBank, is_own, laid_over
from banks.models import BankOverride
from banks.override_checks import without
from banks.override_failures import BranchUnknown, OverrideProblem
from banks.places import Place, parse

DATA = ("hidden", "changes", "branches", "formats", "letterhead", "empanelment", "under")


class OverrideDraft:
    """``new`` is the override as it will be, ``changes`` what differs: {place: {"from", "to"}}."""

    def __init__(self, bank: SharedBank, stored: BankOverride) -> None:
        self.bank = bank
        self.new = stored
        self.changes: dict[str, dict[str, Any]] = {}
        for name in DATA:
            setattr(stored, name, deepcopy(getattr(stored, name)))

    def merged(self) -> MergedBank:
        """The bank with the branches as they are now."""
        override = {"changes": self.new.changes, "branches": self.new.branches}
        return laid_over(self.bank, override)

    def note(self, place: Place, before: Any, after: Any) -> None:
        if before != after:
            self.changes[str(place)] = {"from": before, "to": after}

    def branch(self, code: str) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        """(the firm's entry, the shared branch, empty for an own one). Raises BranchUnknown."""
        entry, shared = self.new.branches.get(code, {}), self.bank.branches.get(code, {})
        if is_own(entry, known=bool(shared)):
            return entry, {}
        if not shared:
            raise BranchUnknown(self.bank.code, code)
        return entry, shared

    def put(self, part: str, place: Place, name: str, value: Any, shared: Any) -> None:
        """One value of the bank; what is equal to the shared one is taken out."""
        entry = dict(getattr(self.new, part))
        setattr(self.new, part, self._laid(entry, place, name, value, shared))

    def put_branch(self, code: str, name: str, value: Any) -> None:
        entry, shared = self.branch(code)
        own = is_own(entry, known=bool(shared))
        place = Place("branch", name, code)
        default: Any = False if name == "hidden" else None if name in ("latitude", "longitude") else ""
        under = default if own else shared.get(name, default)
        laid = self._laid(dict(entry), place, name, value, under, remember=not own and name != "hidden")
        if own or "name" in laid:
            # A named entry would count as an own branch once the shared one is gone.
            laid["own"] = own
        else:
            laid.pop("own", None)
        branches = {key: one for key, one in self.new.branches.items() if key != code}
        self.new.branches = {**branches, code: laid} if laid else branches

    def _laid(
        self,
        entry: dict[str, Any],
        place: Place,
        name: str,
        value: Any,
        shared: Any,
        *,
        remember: bool = True,
    ) -> dict[str, Any]:
        before = entry.get(name, shared)
        under = dict(self.new.under or {})
        if value == shared:
            entry.pop(name, None)
            under.pop(str(place), None)
        else:
            if remember and (name not in entry or entry[name] != value):
                under[str(place)] = shared
            entry[name] = value
        self.note(place, before, value)
        self.new.under = under or None
        return entry

    def put_format(
        self, name: str, branch_code: str, changes: FormatChanges, content: Mapping[str, Any]
    ) -> None:
        formats = dict(self.new.formats or {})
        own = formats.get(name) or {}
        layers = {"": own.get("all") or {}, **(own.get("branches") or {})}
        old = dict(spots_of(layers.get(branch_code) or {}))
        new = dict(spots_of(changes))
        under = dict(self.new.under or {})
        for spot in dict.fromkeys([*old, *new]):
            place = Place("format", spot.attribute, branch_code, name, spot.path)
            before, after = old.get(spot), new.get(spot)
            if spot in old and spot in new and before == after:
                continue
            self.changes[str(place)] = {"from": before, "to": after}
            if spot not in new:
                under.pop(str(place), None)
            elif spot.attribute != "added":
                under[str(place)] = original(content, spot.attribute, spot.path)
        layers[branch_code] = dict(changes)
        self.new.formats = _formats(formats, name, layers)
        self.new.under = under or None

    def take_back(self, place: Place) -> None:
        """Remove all that lies within the place."""
        new = self.new
        match place.kind:
            case "bank":
                for name in BANK_FIELDS:
                    if place.field in ("", name) and name in new.changes:
                        self.note(Place("bank", name), new.changes[name], self.bank.values.get(name))
                new.changes = {
                    name: value for name, value in new.changes.items() if place.field not in ("", name)
                }
                if place.field in ("", "hidden"):
                    self.note(Place("bank", "hidden"), new.hidden, after=False)
                    new.hidden = False
            case "branch":
                self._take_back_branch(place)
            case "format":
                self._take_back_format(place)
            case _:
                self.note(place, getattr(new, place.kind), None)
                setattr(new, place.kind, None)
        left = {key: value for key, value in (new.under or {}).items() if not place.contains(parse(key))}
        new.under = left or None

    def _take_back_branch(self, place: Place) -> None:
        code = place.branch or ""
        entry, shared = self.new.branches.get(code, {}), self.bank.branches.get(code, {})
        own = is_own(entry, known=bool(shared))
        if own:
            if place.field not in ("", "hidden"):
                raise OverrideProblem(
                    [(str(place), "The branch is your firm's own; there is nothing shared under it.")]
                )
            if not place.field:
                self.note(place, {key: value for key, value in entry.items() if key != "own"}, None)
        left = {}
        for name, value in entry.items():
            if name == "own":
                continue
            if place.field and name != place.field:
                left[name] = value
            elif place.field or not own:
                self.note(Place("branch", name, code), value, shared.get(name))
        if left and "own" in entry and (entry["own"] or "name" in left):
            left["own"] = entry["own"]
        branches = {key: one for key, one in self.new.branches.items() if key != code}
        self.new.branches = {**branches, code: left} if left else branches

    def _take_back_format(self, place: Place) -> None:
        formats = dict(self.new.formats or {})
        own = formats.get(place.format_name) or {}
        layers = {"": own.get("all") or {}, **(own.get("branches") or {})}
        for code, changes in layers.items():
            for spot, value in spots_of(changes):
                one = Place("format", spot.attribute, code, place.format_name, spot.path)
                if place.contains(one):
                    self.changes[str(one)] = {"from": value, "to": None}
            layers[code] = without(changes, code, place)
        self.new.formats = _formats(formats, place.format_name, layers)


def _formats(
    formats: dict[str, Any], name: str, layers: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any] | None:
    """The formats with the layers of one; what is empty is left out."""
    tidy = {code: {key: value for key, value in changes.items() if value} for code, changes in layers.items()}
    branches = {code: changes for code, changes in tidy.items() if code and changes}
    own = {**({"all": tidy[""]} if tidy.get("") else {}), **({"branches": branches} if branches else {})}
    rest = {key: value for key, value in formats.items() if key != name}
    return {**rest, **({name: own} if own else {})} or None
