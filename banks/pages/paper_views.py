"""How the firm writes a bank's name, and what its reports for the bank bear: letterhead and empanelment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from banks import overrides
from banks.merging import BANK_FIELDS
from banks.pages import telling
from banks.pages.answering import resetting, status_of
from banks.pages.editing import Current, EditForm, plain, save
from banks.pages.forms import BankForm, EmpanelmentForm, LetterheadForm
from banks.pages.reading import BankPage, type_label
from banks.pages.views import page_of
from tenants.access import TenantRequest, firm_page
from tenants.permissions import Permission

_LINES = ("name", "tagline", "address", "phone", "email", "website", "registration")
_EMPANELMENT = ("number", "category", "since", "until", "remarks")


def _current(page: BankPage, values: Mapping[str, Any]) -> Current:
    one = page.managed
    return Current(values, one.version, one.updated_by_name, one.updated_at)


def _form(
    request: TenantRequest, page: BankPage, form: EditForm, asked: list[dict[str, Any]], **more: Any
) -> HttpResponse:
    url = reverse("bank", args=[page.managed.code])
    crumbs = [("Banks", reverse("banks")), (page.managed.name, url), (more["title"], "")]
    context = {"form": form, "asked": asked, "crumbs": crumbs, "cancel_url": url, **more}
    return render(request, "banks/edit.html", context, status=status_of(form))


@require_http_methods(["GET", "POST"])
@firm_page(Permission.MANAGE_OVERRIDES)
def bank_change(request: TenantRequest, code: str) -> HttpResponse:
    """The bank's values as the firm writes them."""
    page = page_of(code, with_places=False)
    below = {name: page.managed.shared.get(name) for name in BANK_FIELDS}

    def current(now: BankPage) -> Current:
        return _current(now, {name: plain(now.managed.values.get(name)) for name in BANK_FIELDS})

    form = BankForm(resetting(request, below), current=current(page))

    def write(values: dict[str, Any], base_version: int) -> None:
        overrides.change_bank(bank_code=code, values=values, by=request.user, base_version=base_version)

    if (
        form.is_bound
        and form.is_valid()
        and save(form, read=lambda: current(page_of(code, with_places=False)), write=write, changed_only=True)
    ):
        messages.success(request, f"{form.cleaned_data['name']} is saved for your firm.")
        return redirect("bank", code)
    asked = []
    for name, question in form.questions().items():
        origin = page.managed.origins.get(name)
        own = bool(origin and origin.is_own)
        told = telling.value_told(type_label(below[name]) if name == "bank_type" else below[name])
        words = f"Your firm's; the bank has {told}." if own else "From the bank."
        asked.append({**question, "origin": words, "resettable": own})
    note = "How your firm's pages and reports name the bank. The shared record stays as it is."
    return _form(request, page, form, asked, title="Name and type", note=note)


@require_http_methods(["GET", "POST"])
@firm_page(Permission.MANAGE_OVERRIDES)
def letterhead(request: TenantRequest, code: str) -> HttpResponse:
    """The letterhead that this bank's reports bear, line by line beside the firm's own."""
    page = page_of(code, with_places=False)
    own = _own_lines(request)

    def current(now: BankPage) -> Current:
        lines = now.managed.letterhead or {}
        return _current(now, {name: str(lines.get(name) or "") for name in _LINES})

    form = LetterheadForm(resetting(request, dict.fromkeys(_LINES, "")), current=current(page), own=own)

    def write(values: dict[str, Any], base_version: int) -> None:
        given = values if any(values.values()) else None
        overrides.set_letterhead(bank_code=code, values=given, by=request.user, base_version=base_version)

    if (
        form.is_bound
        and form.is_valid()
        and save(form, read=lambda: current(page_of(code, with_places=False)), write=write)
    ):
        messages.success(
            request, f"The letterhead for {page.managed.name} is saved. Issued documents keep theirs."
        )
        return redirect("bank", code)
    stored = page.managed.letterhead or {}
    asked = []
    for name, question in form.questions().items():
        firms = telling.value_told(own[name].replace("\n", ", "))
        has = bool(stored.get(name))
        words = f"For this bank; elsewhere {firms}." if has else f"Your firm's: {firms}." if own[name] else ""
        asked.append({**question, "origin": words, "resettable": has})
    note = f"Printed above reports for {page.managed.name}. An empty line is printed as your firm has it."
    return _form(request, page, form, asked, title="Letterhead", note=note, back_text="As your firm has it")


def _own_lines(request: TenantRequest) -> dict[str, str]:
    """The firm's own letterhead, a text each."""
    stored = request.organization.letterhead or {}
    lines = {name: stored.get(name) or "" for name in _LINES}
    lines["name"] = lines["name"] or request.organization.name
    address = lines["address"]
    return lines | {"address": address if isinstance(address, str) else "\n".join(address)}


@require_http_methods(["GET", "POST"])
@firm_page(Permission.MANAGE_OVERRIDES)
def empanelment(request: TenantRequest, code: str) -> HttpResponse:
    """Under what number the bank lists the firm, and until when."""
    page = page_of(code, with_places=False)

    def current(now: BankPage) -> Current:
        stored = now.managed.empanelment or {}
        return _current(now, {name: str(stored.get(name) or "") for name in _EMPANELMENT})

    form = EmpanelmentForm(request.POST if request.method == "POST" else None, current=current(page))

    def write(values: dict[str, Any], base_version: int) -> None:
        given = {name: str(plain(value)) for name, value in values.items() if value}
        overrides.set_empanelment(
            bank_code=code, values=given or None, by=request.user, base_version=base_version
        )

    if (
        form.is_bound
        and form.is_valid()
        and save(form, read=lambda: current(page_of(code, with_places=False)), write=write)
    ):
        messages.success(request, f"The empanelment with {page.managed.name} is saved.")
        return redirect("bank", code)
    note = f"Under what number {page.managed.name} lists your firm. Clear everything if it does not."
    return _form(request, page, form, list(form.questions().values()), title="Empanelment", note=note)
