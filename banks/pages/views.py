"""The list of banks, one bank with its branches and formats, and the way back from what the firm changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_POST

from banks import overrides
from banks.managed import ChangedPlace
from banks.merging import BANK_FIELDS
from banks.overrides import OverrideProblem, OverrideRefused, StaleOverride
from banks.pages import telling
from banks.pages.adapting import Scope
from banks.pages.answering import PAGE_LENGTH, page_number
from banks.pages.reading import (
    BankPage,
    ListedBank,
    bank_page,
    banks_listed,
    branches_of_all,
    day_of,
    place_label,
    place_value,
    since_of,
    standing_of,
    type_label,
)
from banks.places import Place, parse
from tenants.access import TenantRequest, firm_page
from tenants.permissions import Permission

_SEARCH_LENGTH = 100
# More changes than these are shown when they are asked for.
MOST_CHANGES = 40
_LABELS = {
    "name": "Name",
    "short_name": "Short name",
    "bank_type": "Type",
    "city": "Head office",
    "state": "State",
}
OVERTAKEN = "Somebody else changed this bank at the same moment. Look at what is there now, then try again."


@require_GET
@firm_page(Permission.VIEW_REPORTS)
def banks(request: TenantRequest) -> HttpResponse:
    """Every bank as the firm sees it. Two commands of its own, one more for a search among branches."""
    words = request.GET.get("q", "")[:_SEARCH_LENGTH].split()
    only = request.GET.get("only", "")
    today = timezone.localdate()
    listed, merged = banks_listed(today)
    chosen = [one for one in listed if _has_words(one, words) and _is_asked_for(one, only)]
    context = {
        "rows": [one for one in chosen if not one.hidden],
        "hidden": [one for one in chosen if one.hidden],
        "total": len(listed),
        "words": " ".join(words),
        "only": only,
        "chips": _chips(request, listed, only),
        "hits": branches_of_all(words, merged) if words else [],
    }
    return render(request, "banks/list.html", context)


def _has_words(one: ListedBank, words: list[str]) -> bool:
    text = f"{one.code} {one.name} {one.short_name} {one.type}".casefold()
    return all(word.casefold() in text for word in words)


def _is_asked_for(one: ListedBank, only: str) -> bool:
    match only:
        case "changed":
            return bool(one.changes or one.hidden)
        case "look":
            return bool(one.look)
        case "ending":
            return bool(one.standing)
        case _:
            return True


def _chips(request: TenantRequest, listed: list[ListedBank], only: str) -> list[dict[str, Any]]:
    """All, and one for each state that some bank has."""
    texts = {"": "All", "changed": "Changed by us", "look": "Need a look", "ending": "Empanelment ends"}
    chips = []
    for value, text in texts.items():
        count = sum(1 for one in listed if _is_asked_for(one, value))
        if value and not count and value != only:
            continue
        query = QueryDict(mutable=True)
        for name, given in (("q", request.GET.get("q", "")), ("only", value)):
            if given:
                query[name] = given
        chips.append(
            {"text": text, "href": f"?{query.urlencode()}", "count": count, "current": value == only}
        )
    return chips


@require_GET
@firm_page(Permission.VIEW_REPORTS)
def bank(request: TenantRequest, code: str) -> HttpResponse:
    """One bank: its values, branches, formats, and what the firm changes of them. One command of its own,
    more for what is not kept.
    """
    return _whole(request, code)


def _whole(request: TenantRequest, code: str) -> HttpResponse:
    page = page_of(code)
    today = timezone.localdate()
    empanelment = page.managed.empanelment or {}
    until = day_of(empanelment.get("until"))
    all_changes = request.GET.get("changes") == "all"
    changes = sorted(page.places, key=lambda one: not (one.stale or one.problem))
    shown = changes if all_changes else changes[:MOST_CHANGES]
    context = {
        "page": page,
        "one": page.managed,
        "crumbs": [("Banks", reverse("banks")), (page.managed.name, "")],
        "type": type_label(page.managed.values.get("bank_type")),
        "values": _values(page),
        "changes": [_change(page, one) for one in shown],
        "changes_total": len(changes),
        "look": sum(1 for one in changes if one.stale or one.problem),
        "formats": _formats(page),
        "letterhead": page.managed.letterhead,
        "empanelment": empanelment,
        "since": day_of(empanelment.get("since")),
        "until": until,
        "standing": standing_of(until, today),
        **_branches(request, page),
    }
    return render(request, "banks/bank.html", context)


@require_GET
@firm_page(Permission.VIEW_REPORTS)
def branches(request: TenantRequest, code: str) -> HttpResponse:
    """The list of a bank's branches by itself, for the search as one types. One command of its own."""
    if not request.headers.get("HX-Request"):
        # Somebody opened the address itself; a part of a page is none.
        return _whole(request, code)
    page = page_of(code, with_places=False)
    context = {"one": page.managed, **_branches(request, page)}
    return render(request, "banks/branches.html", context)


def page_of(code: str, *, with_places: bool = True) -> BankPage:
    """Raises Http404."""
    found = bank_page(code, with_places=with_places)
    if found is None:
        raise Http404("There is no such bank.")
    return found


def _values(page: BankPage) -> list[dict[str, Any]]:
    """The bank's values with their origin."""
    one = page.managed
    rows = []
    for name in BANK_FIELDS:
        value, shared = one.values.get(name), one.shared.get(name)
        if name == "bank_type":
            value, shared = type_label(value), type_label(shared)
        origin = one.origins.get(name)
        rows.append(
            {
                "label": _LABELS[name],
                "value": value,
                "origin": origin.words if origin else "",
                "own": bool(origin and origin.is_own),
                "shared": telling.value_told(shared),
            }
        )
    return rows


def _branches(request: TenantRequest, page: BankPage) -> dict[str, Any]:
    words = " ".join(request.GET.get("q", "")[:_SEARCH_LENGTH].split())
    number = page_number(request.GET.get("page"))
    found, total = page.bank.find(
        words, (number - 1) * PAGE_LENGTH, number * PAGE_LENGTH, include_hidden=True
    )
    paged = Paginator(range(total), PAGE_LENGTH).get_page(number)
    if paged.number != number:
        start = (paged.number - 1) * PAGE_LENGTH
        found, _ = page.bank.find(words, start, start + PAGE_LENGTH, include_hidden=True)
    query = QueryDict(mutable=True)
    if words:
        query["q"] = words
    return {
        "found": found,
        "paged": paged,
        "words": words,
        "branch_total": len(page.bank.branches),
        "branch_query": f"{query.urlencode()}&" if words else "",
    }


def _formats(page: BankPage) -> list[dict[str, Any]]:
    changed = {one.name: one for one in page.managed.formats}
    since = since_of(page.managed.code)
    look = [parse(one.place).format_name for one in page.places if one.stale or one.problem]
    return [
        {
            "one": one,
            "href": reverse("bank-format", args=[one.bank_code, one.scheme, one.property_type]),
            "since": since.get(one.id),
            "changed": changed[one.name].changed,
            "branches": len(changed[one.name].branches),
            "look": look.count(one.name),
        }
        for one in page.formats
    ]


def _change(page: BankPage, one: ChangedPlace) -> dict[str, Any]:
    """A change as the list shows it: ours, the shared value now, and what that was."""
    where = parse(one.place)
    own = where.field == "added" or (where.kind == "branch" and not where.field)
    hides = where.field == "hidden"
    return {
        "place": one.place,
        "label": place_label(one, page),
        "ours": place_value(one, one.ours),
        "shared": "" if own or hides else place_value(one, one.shared),
        "was": place_value(one, one.was),
        "stale": one.stale,
        "problem": one.problem,
        "own": own,
        "hides": hides,
        "href": _href(page, where),
    }


def _href(page: BankPage, where: Place) -> str:
    """The page where the change is made; empty for a branch that the bank took away."""
    branch = where.branch or ""
    if branch and page.bank.branch(branch, include_hidden=True) is None:
        return ""
    if where.kind == "branch":
        return reverse("branch", args=[page.managed.code, branch])
    if where.kind == "format":
        scheme, property_type = where.format_name.split("/", 1)
        url = reverse("bank-format", args=[page.managed.code, scheme, property_type])
        return f"{url}{Scope(branch).query}"
    return ""


# Buttons ----------------------------------------------------------------------------------------------


@require_POST
@firm_page(Permission.MANAGE_OVERRIDES)
def hidden(request: TenantRequest, code: str) -> HttpResponse:
    """Hide the bank from the firm's lists and forms, or show it again."""
    hide = request.POST.get("hidden") == "yes"
    name = page_of(code, with_places=False).managed.name
    done = f"{name} is hidden: new reports do not offer it." if hide else f"{name} is shown again."
    if perform(request, overrides.set_hidden, done, bank_code=code, hidden=hide) and hide:
        return redirect("banks")
    return back(request, code)


@require_POST
@firm_page(Permission.MANAGE_OVERRIDES)
def reset(request: TenantRequest, code: str) -> HttpResponse:
    """Back to the shared value, in one place or in all within it."""
    page_of(code, with_places=False)
    place = request.POST.get("place", "")[:400]
    perform(request, overrides.reset, "The shared value holds again.", bank_code=code, place=place)
    return back(request, code)


@require_POST
@firm_page(Permission.MANAGE_OVERRIDES)
def accept(request: TenantRequest, code: str) -> HttpResponse:
    """Keep ours though the shared value is another now."""
    page_of(code, with_places=False)
    place = request.POST.get("place", "")[:400]
    perform(request, overrides.accept_shared_change, "Your firm's value stays.", bank_code=code, place=place)
    return back(request, code)


def perform(request: TenantRequest, action: Callable[..., Any], done: str, **given: Any) -> bool:
    """Whether the action was done for the version that the page was made from; either way it is told."""
    text = request.POST.get("version", "")
    version = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else -1
    try:
        action(**given, by=request.user, base_version=version)
    except StaleOverride:
        messages.warning(request, OVERTAKEN)
    except OverrideProblem as problem:
        for _, sentence in problem.problems:
            messages.error(request, sentence)
    except OverrideRefused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, done)
        return True
    return False


def back(request: HttpRequest, code: str) -> HttpResponse:
    """To the page that the button was on, by its field ``next``, else to the bank."""
    to = request.POST.get("next", "")
    if to.startswith("/banks/") and url_has_allowed_host_and_scheme(to, {request.get_host()}):
        return redirect(to)
    return redirect("bank", code)
