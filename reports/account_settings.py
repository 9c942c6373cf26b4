"""A person's settings: how pages look, what a new report begins with, which letters come."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from banks.merging import MergedBank
from banks.queries import FormatSummary, published_formats, visible_banks
from reports.favourites import MOST, name_of, rearranged
from tenants.access import TenantRequest, firm_page
from tenants.account.appearance import DENSITIES, THEMES, set_appearance
from tenants.account.notices import Notice, notices_for
from tenants.account.preferences import change_preferences, preferences_of
from tenants.permissions import Permission
from tenants.questions import Question, question

_THEMES = {"system": "As the device", "light": "Light", "dark": "Dark", "contrast": "High contrast"}
_DENSITIES = {"comfortable": "Comfortable", "compact": "Compact"}


class SettingsForm(forms.Form):
    """Looks, the bank that comes first, and the letters that are wanted (their absence mutes them)."""

    theme = forms.ChoiceField(choices=[(name, _THEMES[name]) for name in THEMES])
    density = forms.ChoiceField(choices=[(name, _DENSITIES[name]) for name in DENSITIES])
    default_bank = forms.ChoiceField(label="Bank that a new report begins with", required=False)
    letters = forms.MultipleChoiceField(required=False)

    def __init__(
        self,
        data: Any = None,
        *,
        stored: Mapping[str, Any],
        banks: Sequence[MergedBank],
        notices: Sequence[Notice],
    ) -> None:
        self._muted: list[str] = list(stored["muted"])
        # The kinds of letters that are offered.
        self.notices = list(notices)
        wanted = [notice.value for notice in notices if notice.value not in self._muted]
        super().__init__(data, initial={**stored, "letters": wanted})
        choices = [("", "None: choose each time"), *((bank.code, bank.name) for bank in banks)]
        bank, letters = self.fields["default_bank"], self.fields["letters"]
        assert isinstance(bank, forms.ChoiceField)  # noqa: S101 - as declared above
        assert isinstance(letters, forms.MultipleChoiceField)  # noqa: S101 - as declared above
        bank.choices = choices
        letters.choices = [(notice.value, notice.label) for notice in notices]

    def chosen(self) -> dict[str, Any]:
        """What is to be stored. Kinds of letters that the role does not get stay as they were."""
        cleaned = self.cleaned_data
        offered = [notice.value for notice in self.notices]
        others = [name for name in self._muted if name not in offered]
        muted = [name for name in offered if name not in cleaned["letters"]]
        return {
            **{name: cleaned[name] for name in ("theme", "density", "default_bank")},
            "muted": sorted(others + muted),
        }


@dataclass(frozen=True, slots=True)
class Favourite:
    """A favourite as the page lists it; ``known`` is False when the format is not offered any more."""

    name: str
    text: str
    known: bool
    is_first: bool
    is_last: bool


@require_http_methods(["GET", "POST"])
@firm_page(Permission.VIEW_REPORTS)
def settings_page(request: TenantRequest) -> HttpResponse:
    """The settings; POST with ``favourite`` rearranges the favourites, else stores the form.

    Two commands of its own, and one for what is not kept of banks and formats.
    """
    if request.user.is_staff:
        raise PermissionDenied("Settings are for people of the firm.")
    stored = preferences_of(str(request.user.pk))
    formats = published_formats()
    wish = request.POST.get("favourite", "")
    if request.method == "POST" and wish:
        return _rearrange(request, wish, stored, formats)
    banks, notices = visible_banks(), notices_for(request.user)
    posted = request.POST if request.method == "POST" else None
    form = SettingsForm(posted, stored=stored, banks=banks, notices=notices)
    if posted is not None and form.is_valid():
        chosen = form.chosen()
        change_preferences(by=request.user, before=stored, **chosen)
        messages.success(request, "Your settings are saved.")
        response = redirect("settings")
        set_appearance(response, request, theme=chosen["theme"], density=chosen["density"])
        return response
    favourites = _listed(stored["favourite_formats"], formats, banks)
    context = {
        "form": form,
        "asked": _asked(form),
        "favourites": favourites,
        "more_formats": _to_add(stored["favourite_formats"], formats, banks),
        "full": len(favourites) >= MOST,
        "most": MOST,
    }
    return render(request, "tenants/settings.html", context, status=422 if form.errors else 200)


def _rearrange(
    request: TenantRequest, wish: str, stored: Mapping[str, Any], formats: Sequence[FormatSummary]
) -> HttpResponse:
    """``add`` alone means what the select beside it says."""
    if wish == "add":
        wish = f"add:{request.POST.get('format', '')}"
    offered = {name_of(item) for item in formats}
    changed = rearranged(stored["favourite_formats"], wish, offered)
    if change_preferences(by=request.user, before=stored, favourite_formats=changed):
        messages.success(request, "Your favourite formats are saved.")
    return redirect(reverse("settings") + "#favourites")


def _asked(form: SettingsForm) -> dict[str, Question]:
    asked = {name: question(form[name], width=6) for name in form.fields if name != "letters"}
    wanted = form["letters"].value() or ()
    asked["letters"] = Question(
        id="id_letters",
        name="letters",
        type="multiselect",
        label="Write to me when",
        value="",
        width=12,
        error=" ".join(str(error) for error in form["letters"].errors),
        choices=[(notice.value, str(notice.label), notice.value in wanted) for notice in form.notices],
    )
    return asked


def _listed(
    favourites: Sequence[str], formats: Sequence[FormatSummary], banks: Sequence[MergedBank]
) -> list[Favourite]:
    known = {name_of(item): item for item in formats}
    names = {bank.code: bank.name for bank in banks}
    return [
        Favourite(
            name=name,
            text=_titled(known[name], names) if name in known else name,
            known=name in known and name.partition("/")[0] in names,
            is_first=place == 0,
            is_last=place == len(favourites) - 1,
        )
        for place, name in enumerate(favourites)
    ]


def _to_add(
    favourites: Sequence[str], formats: Sequence[FormatSummary], banks: Sequence[MergedBank]
) -> list[tuple[str, str]]:
    """(name, text) of what may be added: the formats of the banks that the firm sees."""
    names = {bank.code: bank.name for bank in banks}
    return [
        (name_of(item), _titled(item, names))
        for item in formats
        if item.bank_code in names and name_of(item) not in favourites
    ]


def _titled(item: FormatSummary, names: Mapping[str, str]) -> str:
    """The format's title, which most often names its bank already."""
    bank = names.get(item.bank_code, item.bank_code)
    return item.title if bank in item.title else f"{bank}: {item.title}"
