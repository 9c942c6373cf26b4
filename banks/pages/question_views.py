"""One question of a format: what the firm changes of it, or a question of the firm's own."""

from __future__ import annotations

from collections import Counter
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from banks import overrides
from banks.formats.definition import FieldType, Section
from banks.formats.overriding import FormatChanges, own_path
from banks.overrides import OverrideProblem, StaleOverride
from banks.pages import adapting, telling
from banks.pages.adapting import Asked
from banks.pages.answering import resetting, status_of
from banks.pages.editing import Current, EditForm
from banks.pages.format_forms import FIRST, ExtraForm, QuestionForm, default_shown, shown_extra, shown_values
from banks.pages.format_page import FROM_NOW_ON, FormatPage, format_page, saved
from tenants.access import TenantRequest, firm_page
from tenants.permissions import Permission


@require_http_methods(["GET", "POST"])
@firm_page(Permission.MANAGE_OVERRIDES)
def question(
    request: TenantRequest, code: str, scheme: str, property_type: str, tab: str, section: str, field: str
) -> HttpResponse:
    """A question: its words, help, limits, whether it is asked. The firm's own can be changed as a whole."""
    page = format_page(request, code, scheme, property_type)
    one = page.question(tab, section, field)
    if one.added is page.scope.origin:
        return _extra(request, page, page.section(tab, section), one)
    form = QuestionForm(
        resetting(request, _below(one)), current=_current(page, one), asked=one, dates=_dates(page, one)
    )

    def make(now: FormatPage, values: dict[str, Any]) -> FormatChanges:
        below = now.question(tab, section, field).below
        return adapting.with_field(now.changes, one.field.path, below, values)

    def show(now: FormatPage) -> Current:
        return _current(now, now.question(tab, section, field))

    if form.is_bound and form.is_valid() and saved(request, page, form, make=make, show=show):
        messages.success(request, f"“{one.label}” is saved {page.for_whom}. {FROM_NOW_ON}")
        return redirect(page.url("bank-format-section", tab, section))
    return _form_page(request, page, form, _with_origins(page, one, form), tab, section, one=one)


def _current(page: FormatPage, one: Asked) -> Current:
    return page.current(shown_values(one))


def _dates(page: FormatPage, one: Asked) -> dict[str, str]:
    """Path → words of the other dates of the format, tables' apart; words that two have tell the section."""
    if one.field.type is not FieldType.DATE:
        return {}
    found = [
        (section, other)
        for section in page.definition.sections()
        for other in adapting.flat(page.questions(section))
        if other.field.type is FieldType.DATE and not other.in_table and other.field.path != one.field.path
    ]
    number = Counter(other.label for _, other in found)
    return {
        other.field.path: other.label if number[other.label] == 1 else f"{other.label} ({section.label})"
        for section, other in found
        if not other.hidden
    }


def _below(one: Asked) -> dict[str, Any]:
    """What the fields of the form would say without the scope's changes."""
    values = {name: one.below[name] for name in one.offered}
    if "default" in values:
        values["default"] = default_shown(one.field, values["default"])
    return values


def _with_origins(page: FormatPage, one: Asked, form: EditForm) -> list[dict[str, Any]]:
    asked = []
    for name, shown in form.questions().items():
        own = one.origins[name] is page.scope.origin
        told = telling.attribute(one.field, name, one.below[name])
        origin = one.origins[name].words_in_format
        words = f"{origin[0].upper()}{origin[1:]}"
        # What was never said needs no origin.
        if own:
            words = f"{words}; {page.layer_below.lower()}: {told}."
        elif one.below[name] in (None, "", False):
            words = ""
        asked.append({**shown, "origin": words, "resettable": own})
    return asked


@require_http_methods(["GET", "POST"])
@firm_page(Permission.MANAGE_OVERRIDES)
def add(
    request: TenantRequest, code: str, scheme: str, property_type: str, tab: str, section: str
) -> HttpResponse:
    """Add a question of the firm's own to a section."""
    page = format_page(request, code, scheme, property_type)
    return _extra(request, page, page.section(tab, section), None)


def _extra(request: TenantRequest, page: FormatPage, section: Section, one: Asked | None) -> HttpResponse:
    field_id = one.field.id if one else ""
    places = [(other.id, other.label) for other in section.fields if other.id != field_id]
    form = ExtraForm(
        request.POST if request.method == "POST" else None,
        current=_extra_current(page, section, field_id, places),
        places=places,
        field_id=field_id,
    )
    taken = [other.id for other in section.fields]

    def make(now: FormatPage, values: dict[str, Any]) -> FormatChanges:
        after = "" if values["after"] == FIRST else values["after"]
        return adapting.with_added(now.changes, section.path, after, form.node(values, taken))

    def show(now: FormatPage) -> Current:
        return _extra_current(now, section, field_id, places)

    if form.is_bound and form.is_valid() and saved(request, page, form, make=make, show=show):
        messages.success(request, f"“{form.cleaned_data['label']}” is saved {page.for_whom}. {FROM_NOW_ON}")
        return redirect(page.url("bank-format-section", section.tab_id, section.id))
    asked = list(form.questions().values())
    return _form_page(request, page, form, asked, section.tab_id, section.id, one=one)


def _extra_current(
    page: FormatPage, section: Section, field_id: str, places: list[tuple[str, str]]
) -> Current:
    last = places[-1][0] if places else FIRST
    for one in page.changes.get("added", ()):
        if own_path(one) == f"{section.path}.{field_id}":
            return page.current(shown_extra(one["field"], one.get("after"), last))
    return page.current(shown_extra({}, last, last))


@require_POST
@firm_page(Permission.MANAGE_OVERRIDES)
def remove(
    request: TenantRequest, code: str, scheme: str, property_type: str, tab: str, section: str, field: str
) -> HttpResponse:
    """Take away what the scope says of a question: the firm's own one, or changes of one that is gone."""
    page = format_page(request, code, scheme, property_type)
    path = f"{tab}.{section}.{field}"
    named = path in page.changes.get("fields", {}) or any(
        own_path(one) == path for one in page.changes.get("added", ())
    )
    if not named:
        raise Http404("The firm has changed nothing there.")
    try:
        overrides.change_format(
            bank_code=code,
            format_name=page.format.name,
            changes=adapting.without_added(page.changes, path),
            branch_code=page.scope.branch,
            by=request.user,
            base_version=page.bank.version,
        )
    except StaleOverride:
        messages.warning(request, "Somebody else saved at the same moment. Nothing is taken away; try again.")
    except OverrideProblem as problem:
        messages.error(request, str(problem))
    else:
        messages.success(request, f"Taken away {page.for_whom}. Reports begun already keep it.")
    if page.definition.section(tab, section) is None:
        return redirect(page.url("bank-format"))
    return redirect(page.url("bank-format-section", tab, section))


def _form_page(
    request: TenantRequest,
    page: FormatPage,
    form: EditForm,
    asked: list[dict[str, Any]],
    tab: str,
    section: str,
    *,
    one: Asked | None,
) -> HttpResponse:
    back = page.url("bank-format-section", tab, section)
    of_section = page.section(tab, section)
    title = one.label if one else "A question of your own"
    own = one is not None and one.added is page.scope.origin
    context = {
        "page": page,
        "crumbs": page.crumbs((of_section.label, back), (title, "")),
        "title": title,
        "form": form,
        "asked": asked,
        "one": one,
        "type": telling.type_words(one.field) if one else "",
        "cancel_url": back,
        "back_text": page.back_text,
        "remove_url": page.url("bank-format-remove", *_at(one)) if one and own else "",
    }
    return render(request, "banks/question.html", context, status=status_of(form))


def _at(one: Asked) -> list[str]:
    return one.field.path.split(".", 2)
