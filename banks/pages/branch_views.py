"""One branch of a bank: what the firm changes of it, hides, or has as its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from banks import overrides
from banks.managed import ManagedBranch
from banks.merging import BRANCH_FIELDS
from banks.models import Branch
from banks.overrides import own_branch_code
from banks.pages import telling
from banks.pages.answering import resetting, status_of
from banks.pages.editing import Current, plain, save
from banks.pages.forms import BranchForm, NewBranchForm
from banks.pages.reading import BankPage
from banks.pages.views import back, page_of, perform
from tenants.access import TenantRequest, firm_page
from tenants.permissions import Permission

_OWN = "Your firm's own branch; only your firm sees it."
_ABOVE = "What you write here stands above the bank's, for your firm alone."
SAVED = "Reports begun from now on have it, and drafts when their branch is chosen again."


def _of(page: BankPage, code: str) -> ManagedBranch:
    found = page.managed.branch(code)
    if found is None:
        raise Http404("The bank has no such branch.")
    return found


def _crumbs(page: BankPage, *more: tuple[str, str]) -> list[tuple[str, str]]:
    return [
        ("Banks", reverse("banks")),
        (page.managed.name, reverse("bank", args=[page.managed.code])),
        *more,
    ]


def _label(name: str) -> str:
    label = str(Branch._meta.get_field(name).verbose_name)
    return f"{label[0].upper()}{label[1:]}"


@require_GET
@firm_page(Permission.VIEW_REPORTS)
def branch(request: TenantRequest, code: str, branch: str) -> HttpResponse:
    """A branch as the firm sees it, each value with its origin. One command of its own."""
    page = page_of(code, with_places=False)
    one = _of(page, branch)
    context = {
        "page": page,
        "one": one,
        "crumbs": _crumbs(page, (one.name, "")),
        "values": [_value(one, name) for name in BRANCH_FIELDS],
        "stale": [
            {
                "place": each.place,
                "label": _label(each.place.rpartition(".")[2]),
                "ours": telling.value_told(each.ours),
                "was": telling.value_told(each.was),
                "shared": telling.value_told(each.shared),
                "problem": each.problem,
            }
            for each in one.stale
        ],
        "changed": not one.own and any(origin.is_own for origin in one.origins.values()),
    }
    return render(request, "banks/branch.html", context)


def _value(one: ManagedBranch, name: str) -> dict[str, Any]:
    origin = one.origins.get(name)
    own = bool(origin and origin.is_own)
    value = one.values.get(name)
    return {
        "label": _label(name),
        "value": "" if value is None else value,
        "own": own and not one.own,
        "origin": origin.words if origin and value not in (None, "") else "",
        "shared": telling.value_told(one.shared.get(name)) if own and not one.own else "",
    }


@require_http_methods(["GET", "POST"])
@firm_page(Permission.MANAGE_OVERRIDES)
def branch_change(request: TenantRequest, code: str, branch: str) -> HttpResponse:
    """Change a branch for the firm; each field says whose value it has and leads back to the bank's."""
    page = page_of(code, with_places=False)
    one = _of(page, branch)
    below = {} if one.own else {name: one.shared.get(name) for name in BRANCH_FIELDS}
    form = BranchForm(resetting(request, below), current=_current(page, one))

    def read() -> Current:
        now = page_of(code, with_places=False)
        return _current(now, _of(now, branch))

    def write(values: dict[str, Any], base_version: int) -> None:
        overrides.change_branch(
            bank_code=code, branch_code=branch, values=values, by=request.user, base_version=base_version
        )

    if form.is_bound and form.is_valid() and save(form, read=read, write=write, changed_only=True):
        messages.success(request, f"{form.cleaned_data['name']} is saved. {SAVED}")
        return redirect("branch", code, branch)
    url = reverse("branch", args=[code, branch])
    context = {
        "title": one.name,
        "note": _OWN if one.own else _ABOVE,
        "crumbs": _crumbs(page, (one.name, url), ("Change", "")),
        "form": form,
        "asked": _asked(form, one.origins, below, own=one.own),
        "cancel_url": url,
    }
    return render(request, "banks/edit.html", context, status=status_of(form))


def _current(page: BankPage, one: ManagedBranch) -> Current:
    values = {name: plain(one.values.get(name)) for name in BRANCH_FIELDS}
    managed = page.managed
    return Current(values, managed.version, managed.updated_by_name, managed.updated_at)


def _asked(
    form: BranchForm, origins: Mapping[str, Any], below: Mapping[str, Any], *, own: bool
) -> list[dict[str, Any]]:
    asked = []
    for name, question in form.questions().items():
        origin = origins.get(name)
        changed = bool(not own and origin and origin.is_own)
        words = ""
        if changed:
            words = f"Your firm's; the bank has {telling.value_told(below.get(name))}."
        elif not own and below.get(name) not in (None, ""):
            words = "From the bank."
        asked.append({**question, "origin": words, "resettable": changed})
    return asked


@require_http_methods(["GET", "POST"])
@firm_page(Permission.MANAGE_OVERRIDES)
def branch_add(request: TenantRequest, code: str) -> HttpResponse:
    """Add a branch that the bank's shared record does not have."""
    page = page_of(code, with_places=False)
    blank = dict.fromkeys(BRANCH_FIELDS, "") | {"code": ""}

    def current(now: BankPage) -> Current:
        return Current(blank, now.managed.version, now.managed.updated_by_name, now.managed.updated_at)

    form = NewBranchForm(request.POST if request.method == "POST" else None, current=current(page))

    def read() -> Current:
        return current(page_of(code, with_places=False))

    def write(values: dict[str, Any], base_version: int) -> None:
        rest = {name: value for name, value in values.items() if name != "code"}
        overrides.add_own_branch(
            bank_code=code, branch_code=_code(values), values=rest, by=request.user, base_version=base_version
        )

    if form.is_bound and form.is_valid() and save(form, read=read, write=write):
        messages.success(request, f"{form.cleaned_data['name']} is added; new reports offer it.")
        return redirect("branch", code, own_branch_code(_code(form.cleaned_data)))
    context = {
        "title": "A branch of your own",
        "note": f"For a branch of {page.managed.name} that is missing here. Only your firm sees it.",
        "crumbs": _crumbs(page, ("Add a branch", "")),
        "form": form,
        "asked": list(form.questions().values()),
        "cancel_url": reverse("bank", args=[code]),
        "save_text": "Add the branch",
    }
    return render(request, "banks/edit.html", context, status=status_of(form))


def _code(values: Mapping[str, Any]) -> str:
    """The code that was given, or else the IFSC."""
    return str(values.get("code") or values["ifsc"])


@require_POST
@firm_page(Permission.MANAGE_OVERRIDES)
def branch_hidden(request: TenantRequest, code: str, branch: str) -> HttpResponse:
    """Hide a branch from the firm's lists and forms, or show it again."""
    name = _of(page_of(code, with_places=False), branch).name
    hide = request.POST.get("hidden") == "yes"
    done = f"{name} is hidden: new reports do not offer it." if hide else f"{name} is shown again."
    perform(request, overrides.set_branch_hidden, done, bank_code=code, branch_code=branch, hidden=hide)
    return back(request, code)


@require_POST
@firm_page(Permission.MANAGE_OVERRIDES)
def branch_remove(request: TenantRequest, code: str, branch: str) -> HttpResponse:
    """Take the firm's own branch away."""
    one = _of(page_of(code, with_places=False), branch)
    kept = "Reports that name it keep the name; until they are issued they print no address of it."
    done = f"{one.name} is removed. {kept}"
    if perform(request, overrides.remove_own_branch, done, bank_code=code, branch_code=branch):
        return redirect("bank", code)
    return back(request, code)
