"""The person's own page and the firm's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.files.storage import default_storage
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.cache import patch_cache_control
from django.utils.http import quote_etag
from django.views.decorators.http import require_GET, require_http_methods

from tenants.access import TenantRequest, firm_page
from tenants.actions import change_firm, change_profile
from tenants.forms import FirmForm, ProfileForm, reference_example
from tenants.images import FileRefused
from tenants.models import FileKind, StoredFile, User, UserSettings
from tenants.permissions import Permission
from tenants.questions import Question, question
from tenants.reference import PatternProblem

_PROFILE_WIDTHS = {"name": 6, "qualifications": 6, "empanelment": 8, "phone": 4}
_FIRM_WIDTHS = {"letterhead_name": 6, "tagline": 6, "phone": 4, "email": 4, "website": 4, "initials": 3}


@require_http_methods(["GET", "POST"])
@firm_page(Permission.VIEW_REPORTS)
def profile(request: TenantRequest) -> HttpResponse:
    """The block under which the person signs reports."""
    if request.user.is_staff:
        raise PermissionDenied("Staff sign nothing.")
    if request.method != "POST":
        return profile_page(request)
    stored = _settings_of(request.user)
    form = ProfileForm(request.POST, block=_block(request.user, stored))
    if not form.is_valid():
        return profile_page(request, form=form, stored=stored)
    change_profile(by=request.user, block=form.block())
    messages.success(request, "Your signature block is saved. Reports issued from now on print it.")
    return redirect("profile")


def profile_page(
    request: TenantRequest,
    *,
    form: ProfileForm | None = None,
    stored: Mapping[str, Any] | None = None,
    signature_error: str = "",
) -> HttpResponse:
    """The page; 422 with a ``form`` that is wrong or with what is wrong with a signature's picture.

    One command unless ``stored`` is given.
    """
    if stored is None:
        stored = _settings_of(request.user)
    shown = form or ProfileForm(block=_block(request.user, stored))
    asked = {
        name: question(shown[name], width=_PROFILE_WIDTHS.get(name, 12))
        for name in ("name", "qualifications", "memberships", "empanelment", "phone", "address")
    }
    context = {
        "form": shown,
        "asked": asked,
        "pairs": [
            (question(shown[f"label_{place}"], width=6), question(shown[f"number_{place}"], width=6))
            for place in range(shown.pair_count)
        ],
        "signs": request.user.can(Permission.SUBMIT_REPORTS),
        # Part of the picture's address, so that a new one is not taken for the former.
        "signature": stored["signature"],
        "signature_error": signature_error,
    }
    wrong = bool(shown.errors or signature_error)
    return render(request, "tenants/profile.html", context, status=422 if wrong else 200)


def _settings_of(person: User) -> Mapping[str, Any]:
    found = UserSettings.objects.filter(user_id=str(person.pk)).values("valuer_block", "signature").first()
    return found or {"valuer_block": {}, "signature": ""}


def _block(person: User, stored: Mapping[str, Any]) -> Mapping[str, Any]:
    block: Mapping[str, Any] = stored["valuer_block"] or {"name": person.name}
    return block


@require_http_methods(["GET", "POST"])
@firm_page(Permission.MANAGE_FIRM)
def firm(request: TenantRequest) -> HttpResponse:
    """Letterhead, reference numbers, colour and who may review. Managers only."""
    posted = request.method == "POST"
    form = FirmForm(
        request.POST if posted else None, request.FILES if posted else None, organization=request.organization
    )
    if posted and form.is_valid() and _change(request, form):
        messages.success(request, "The firm's settings are saved.")
        return redirect("firm")
    context = {
        "form": form,
        "asked": _asked(form),
        "example": _example(form),
        "accents": question(form["accent"]).choices,
        "logo_url": request.organization.logo_url,
        "letterhead": request.organization.letterhead or {},
        "logo_errors": form.errors.get("logo", []),
    }
    return render(request, "tenants/firm.html", context, status=422 if form.errors else 200)


def _change(request: TenantRequest, form: FirmForm) -> bool:
    """Whether it was changed; a refused logo is told on the form."""
    cleaned = form.cleaned_data
    upload = cleaned["logo"]
    try:
        change_firm(
            organization=request.organization,
            by=request.user,
            now=timezone.now(),
            letterhead=form.letterhead(),
            initials=cleaned["initials"],
            reference_pattern=cleaned["reference_pattern"],
            accent=cleaned["accent"],
            valuers_may_review=cleaned["valuers_may_review"],
            own_reports_may_be_approved=cleaned["own_reports_may_be_approved"],
            logo=(upload.name, upload.read()) if upload else None,
            remove_logo=cleaned["remove_logo"],
        )
    except FileRefused as refusal:
        form.add_error("logo", str(refusal))
        return False
    return True


def _asked(form: FirmForm) -> dict[str, Question]:
    return {
        name: question(form[name], width=_FIRM_WIDTHS.get(name, 12))
        for name in form.fields
        if name not in ("logo", "remove_logo", "accent")
    }


def _example(form: FirmForm) -> str:
    """What the pattern gives now, with what is typed; empty while it is wrong."""
    try:
        return reference_example(str(form["reference_pattern"].value()), str(form["initials"].value()))
    except PatternProblem:
        return ""


@require_GET
@firm_page(Permission.MANAGE_FIRM)
def firm_example(request: TenantRequest) -> HttpResponse:
    """The example of a reference number for what is being typed; a fragment for htmx."""
    pattern, initials = request.GET.get("reference_pattern", ""), request.GET.get("initials", "")
    context: dict[str, Any] = {}
    try:
        context["example"] = reference_example(pattern[:80], initials[:6])
    except PatternProblem as problem:
        context["problem"] = str(problem)
    return render(request, "tenants/firm_example.html", context)


@require_GET
@firm_page(Permission.VIEW_REPORTS)
def firm_logo(request: TenantRequest) -> HttpResponse:
    """The firm's logo, for its own people."""
    file_id = (request.organization.letterhead or {}).get("logo")
    entry = StoredFile.objects.filter(pk=file_id, kind=FileKind.LOGO).first() if file_id else None
    if entry is None:
        raise Http404("The firm has no logo.")
    etag = quote_etag(entry.sha256[:32])
    response = HttpResponse(status=304)
    if request.headers.get("If-None-Match") != etag:
        try:
            content = default_storage.open(entry.stored_as).read()
        except FileNotFoundError as error:
            raise Http404("The logo's bytes are missing.") from error
        response = HttpResponse(content, content_type=entry.content_type)
    response["ETag"] = etag
    response["X-Content-Type-Options"] = "nosniff"
    patch_cache_control(response, private=True, max_age=60 * 60)
    return response
