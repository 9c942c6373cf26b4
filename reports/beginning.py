"""The choices of a new report: bank, branch, format."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from django import forms

from banks.merging import MergedBank, MergedBranch
from banks.queries import FormatSummary
from reports.favourites import name_of

# A bank may have thousands of branches; a page shows this many, the search finds the rest.
BRANCHES_SHOWN = 30


class BeginForm(forms.Form):
    """Checks that branch and format belong to the chosen bank. ``bank`` is None while none is chosen."""

    branch = forms.CharField(max_length=40, error_messages={"required": "Choose the branch."})
    format = forms.CharField(max_length=24, error_messages={"required": "Choose the format."})

    def __init__(
        self,
        data: Any = None,
        *,
        bank: MergedBank | None,
        formats: Sequence[FormatSummary],
        favourites: Collection[str] = (),
    ) -> None:
        """``formats`` in the order in which they are offered; ``favourites`` are names of some of them."""
        super().__init__(data)
        self._bank = bank
        of_bank = [item for item in formats if bank is not None and item.bank_code == bank.code]
        self._formats = [item.id for item in of_bank]
        # Ids of those that the person prefers.
        self.favourites = [item.id for item in of_bank if name_of(item) in favourites]

    def value(self, name: str) -> str:
        """What was sent for the field, whether it is right or not."""
        return str(self[name].value() or "")

    @property
    def chosen_branch(self) -> str:
        return self.value("branch")

    @property
    def chosen_format(self) -> str:
        """The chosen format, else the favourite, else the only one when there is no choice."""
        given = self.value("format")
        if given:
            return given
        if self.favourites:
            return self.favourites[0]
        return self._formats[0] if len(self._formats) == 1 else ""

    def clean(self) -> dict[str, Any]:
        if self._bank is None:
            raise forms.ValidationError("Choose the bank.")
        return self.cleaned_data

    def clean_branch(self) -> str:
        code: str = self.cleaned_data["branch"]
        if self._bank is not None and self._bank.branch(code) is None:
            raise forms.ValidationError(f"{self._bank.name} has no such branch; choose one of the list.")
        return code

    def clean_format(self) -> str:
        chosen: str = self.cleaned_data["format"]
        if chosen not in self._formats:
            raise forms.ValidationError("This format is not offered for the bank; choose one of the list.")
        return chosen


def branches_matching(
    bank: MergedBank | None, search: str, *, chosen: str = "", limit: int = BRANCHES_SHOWN
) -> tuple[list[MergedBranch], int]:
    """The first ``limit`` branches that have every word of ``search``, and how many more there are.

    Words are looked for in code, name, IFSC and address without regard to case. The ``chosen`` branch is
    always among them, so that a choice survives a new search. About 1 ms for ten thousand branches.
    """
    if bank is None:
        return [], 0
    shown, total = bank.find(search, 0, limit)
    kept = bank.branch(chosen)
    if kept is not None and kept not in shown:
        shown.insert(0, kept)
    return shown, max(0, total - limit)
