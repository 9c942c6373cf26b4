"""A bank's format as the firm adapts it: its figures, its sections, what the firm changes of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from banks.formats.definition import Section
from banks.formats.overriding import FormatChanges
from banks.pages import adapting, telling
from banks.pages.adapting import Asked
from banks.pages.answering import resetting, status_of
from banks.pages.editing import Current
from banks.pages.format_forms import ParametersForm, parameter_told
from banks.pages.format_page import FROM_NOW_ON, FormatPage, format_page, saved
from banks.pages.reading import format_places, place_label, place_value, since_of
from banks.places import parse
from tenants.access import TenantRequest, firm_page
from tenants.permissions import Permission

# A search that finds more of a format's questions than these is too wide to help.
MOST_FOUND = 60
MOST_BRANCHES_OFFERED = 12
_SEARCH_LENGTH = 100


@require_GET
@firm_page(Permission.VIEW_REPORTS)
def bank_format(request: TenantRequest, code: str, scheme: str, property_type: str) -> HttpResponse:
    """A format: its figures, its sections, what the firm changes of them."""
    return _shown(request, format_page(request, code, scheme, property_type))


@require_POST
@firm_page(Permission.MANAGE_OVERRIDES)
def parameters(request: TenantRequest, code: str, scheme: str, property_type: str) -> HttpResponse:
    """Set the format's percentages, rates and roundings for the scope."""
    page = format_page(request, code, scheme, property_type)
    below = page.below
    form = ParametersForm(resetting(request, below), current=_parameters(page), below=below)

    def make(now: FormatPage, values: dict[str, Any]) -> FormatChanges:
        return adapting.with_parameters(now.changes, now.below, values)

    if form.is_valid() and saved(request, page, form, make=make, show=_parameters):
        messages.success(request, f"The figures are saved {page.for_whom}. {FROM_NOW_ON}")
        return redirect(page.url("bank-format"))
    return _shown(request, page, form)


def _parameters(page: FormatPage) -> Current:
    return page.current({**page.below, **page.changes.get("parameters", {})})


def _shown(request: TenantRequest, page: FormatPage, form: ParametersForm | None = None) -> HttpResponse:
    words = request.GET.get("q", "")[:_SEARCH_LENGTH].split()
    find = request.GET.get("find", "").strip()[:_SEARCH_LENGTH]
    form = form or ParametersForm(current=_parameters(page), below=page.below)
    branches, total = page.format.bank.find(find, 0, MOST_BRANCHES_OFFERED) if find else ([], 0)
    context = {
        "page": page,
        "crumbs": page.crumbs(),
        "form": form,
        "asked": _figures(page, form),
        "words": " ".join(words),
        "found": list(_found(page, words)) if words else [],
        "most_found": MOST_FOUND,
        "tabs": [] if words else _outline(page),
        "find": find,
        "branches": branches,
        "more_branches": total - len(branches),
        "own_branches": _branches_with_changes(page),
        "changed": adapting.count_of(page.changes),
        "place": f"format.{page.format.name}/@{page.scope.branch}",
        "stale": _stale(page),
        "since": since_of(page.format.bank_code).get(page.format.summary.id),
        "page_url": page.url("bank-format"),
        "all_url": page.url("bank-format").partition("?")[0],
        "figures_url": page.url("bank-format-figures"),
        "back_text": page.back_text,
    }
    return render(request, "banks/format.html", context, status=status_of(form))


def _figures(page: FormatPage, form: ParametersForm) -> list[dict[str, Any]]:
    """The format's parameters as questions, each with what lies under it."""
    own, below = page.changes.get("parameters", {}), page.below
    asked = []
    for name, one in form.questions().items():
        told = parameter_told(name, below[name])
        of_firm = name in page.layers.firm.get("parameters", {})
        whose = "Your firm's for all branches" if of_firm and page.scope.branch else "The bank's"
        origin = f"{whose}."
        if name in own:
            origin = f"{_capital(page.scope.origin.words)}; {whose[0].lower()}{whose[1:]} is {told}."
        now = parameter_told(name, one["value"])
        asked.append({**one, "origin": origin, "resettable": name in own, "told": now})
    return asked


def _capital(words: str) -> str:
    return f"{words[0].upper()}{words[1:]}"


def _outline(page: FormatPage) -> list[dict[str, Any]]:
    return [
        {
            "label": tab.label,
            "numeral": tab.numeral,
            "sections": [_line(page, section) for section in tab.sections],
        }
        for tab in page.definition.tabs
    ]


def _line(page: FormatPage, section: Section) -> dict[str, Any]:
    asked = adapting.flat(page.questions(section))
    return {
        "label": section.label,
        "number": section.number,
        "href": page.url("bank-format-section", section.tab_id, section.id),
        "questions": len(asked),
        "changed": sum(1 for one in asked if one.changed_by and not one.hidden),
        "hidden": sum(1 for one in asked if one.hidden),
    }


def _found(page: FormatPage, words: list[str]) -> Iterator[dict[str, Any]]:
    """The questions whose words, help or id has every word, with where they stand; at most MOST_FOUND."""
    wanted, left = [word.casefold() for word in words], MOST_FOUND
    for tab in page.definition.tabs:
        for section in tab.sections:
            for one in adapting.flat(page.questions(section)):
                text = f"{one.label} {one.values['help']} {one.field.id}".casefold()
                if left and all(word in text for word in wanted):
                    left -= 1
                    yield {**row(page, section, one), "where": f"{tab.label}, {section.label}", "parts": []}


def _stale(page: FormatPage) -> list[dict[str, str]]:
    """Changes of the scope under which the bank says something else now, or that have no effect."""
    places = format_places(page.bank.override, [page.format.summary])
    stale = [one for one in places if one.stale or one.problem]
    return [
        {
            "place": one.place,
            "label": place_label(one, page.bank),
            "ours": place_value(one, one.ours),
            "was": place_value(one, one.was),
            "shared": place_value(one, one.shared),
            "problem": one.problem,
        }
        for one in stale
        if parse(one.place).branch == page.scope.branch
    ]


def _branches_with_changes(page: FormatPage) -> list[tuple[str, str, int]]:
    """(code, name, how much) of the branches for which something of the format is changed already."""
    of_format = (page.bank.override.get("formats") or {}).get(page.format.name) or {}
    found = []
    for code, changes in sorted((of_format.get("branches") or {}).items()):
        branch = page.format.bank.branch(code, include_hidden=True)
        # What was changed for a branch that the bank took away is taken back on the bank's page.
        if branch is not None:
            found.append((code, branch.name, adapting.count_of(changes)))
    return found


@require_GET
@firm_page(Permission.VIEW_REPORTS)
def section(
    request: TenantRequest, code: str, scheme: str, property_type: str, tab: str, section: str
) -> HttpResponse:
    """A section's questions as reports that are begun now ask them."""
    page = format_page(request, code, scheme, property_type)
    one = page.section(tab, section)
    context = {
        "page": page,
        "crumbs": page.crumbs((one.label, "")),
        "section": one,
        "rows": [row(page, one, asked) for asked in page.questions(one)],
        "add_url": page.url("bank-format-add", tab, section),
        **_neighbours(page, one),
    }
    return render(request, "banks/section.html", context)


def _neighbours(page: FormatPage, one: Section) -> dict[str, dict[str, str]]:
    sections = list(page.definition.sections())
    at = sections.index(one)
    around = {"previous": sections[at - 1 : at] if at else [], "following": sections[at + 1 : at + 2]}
    return {
        name: {"label": other.label, "href": page.url("bank-format-section", other.tab_id, other.id)}
        for name, others in around.items()
        for other in others
    }


def row(page: FormatPage, section: Section, one: Asked) -> dict[str, Any]:
    """A question as a line of the outline, with those inside it."""
    path = one.field.path.removeprefix(f"{section.path}.")
    return {
        "label": one.label,
        "number": one.field.number,
        "type": telling.type_words(one.field),
        "help": one.values["help"],
        "facts": telling.facts(one),
        "required": bool(one.values["required"]),
        "hidden": one.hidden,
        "changed_by": one.changed_by,
        "added": one.added,
        "href": page.url("bank-format-field", section.tab_id, section.id, path),
        "parts": [row(page, section, part) for part in one.parts],
    }
