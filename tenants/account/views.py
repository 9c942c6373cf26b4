"""The pages about the person's own account."""

from __future__ import annotations

import math
from typing import Any, cast

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.files.storage import default_storage
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.cache import patch_cache_control
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from tenants.access import TenantRequest, firm_page, own_page
from tenants.account.address import AddressRefused, ask_for_address, change_address, read_link
from tenants.account.forms import AddressForm, NameForm
from tenants.account.sessions import end_all_other_sessions, end_session, own_sessions
from tenants.account.signature import change_signature, remove_signature, signature_of
from tenants.images import FileRefused
from tenants.models import User
from tenants.operations.people import change_person
from tenants.origin import ip_of
from tenants.permissions import Permission
from tenants.plans.limits import LimitReached
from tenants.questions import question
from tenants.sign_in.actions import record_failure
from tenants.sign_in.lockout import Try, begin_try, succeeded
from tenants.sign_in.views import seconds_until
from tenants.views import profile_page

OTHERS = "others"
_INVALID = 422
_TOO_MANY = 429


@require_http_methods(["GET", "POST"])
@own_page
def account(request: HttpRequest) -> HttpResponse:
    """Name, e-mail address and the way to the password; POST stores the name."""
    person = cast(User, request.user)
    if request.method != "POST":
        return _account_page(request)
    form = NameForm(request.POST)
    if not form.is_valid():
        return _account_page(request, name_form=form, status=_INVALID)
    # As stored: who is here for support has a firm that is not the own.
    stored = User.objects.get(pk=person.pk)
    before, stored.name = stored.name, form.cleaned_data["name"]
    change_person(stored, before={"name": before}, by=person)
    messages.success(request, "Your name is saved. What you did before keeps the name of then.")
    return redirect("account")


@require_http_methods(["GET", "POST"])
@sensitive_post_parameters("password")
@never_cache
@own_page
def email_change(request: HttpRequest) -> HttpResponse:
    """Ask for another e-mail address. The password is asked for, and guessing at it counts as at sign-in."""
    person = cast(User, request.user)
    if request.method != "POST":
        return redirect("account")
    if not person.has_usable_password():
        raise PermissionDenied("Your e-mail address is that of your firm's single sign-on.")
    form = AddressForm(request.POST, person=person)
    if not form.is_valid():
        return _account_page(request, address_form=form, status=_INVALID)
    one = begin_try(person.email, ip_of(request))
    if not one.granted:
        return _locked(request, form, one)
    if not person.check_password(form.cleaned_data["password"]):
        record_failure(one, at="e-mail change")
        if one.is_last:
            return _locked(request, form, one)
        form.add_error("password", "That is not your password. Capitals count.")
        return _account_page(request, address_form=form, status=_INVALID)
    succeeded(one)
    try:
        ask_for_address(by=person, address=form.cleaned_data["address"])
    except AddressRefused as refusal:
        form.add_error("address", str(refusal))
        return _account_page(request, address_form=form, status=_TOO_MANY)
    messages.success(
        request,
        "A letter with a link is on its way to the new address, unless somebody has it already. Nothing "
        "changes until you open the link.",
    )
    return redirect("account")


@require_http_methods(["GET", "POST"])
@never_cache
@own_page
def email_confirm(request: HttpRequest) -> HttpResponse:
    """What the link in the letter leads to: GET asks, so that a scanner of letters changes nothing."""
    token = request.GET.get("token", "")
    try:
        wish = read_link(token, cast(User, request.user))
        if request.method != "POST":
            return render(request, "tenants/settings_email.html", {"wish": wish})
        change_address(wish, session_key=request.session.session_key)
    except AddressRefused as refusal:
        return render(request, "tenants/settings_email.html", {"refusal": str(refusal)}, status=410)
    messages.success(request, f"From now on you sign in as {wish.address}.")
    return redirect("account")


def _locked(request: HttpRequest, form: AddressForm, one: Try) -> HttpResponse:
    seconds = seconds_until(one.until or timezone.now())
    minutes = math.ceil(seconds / 60)
    form.add_error("password", f"The password was wrong too often. Try again in {minutes} minutes.")
    response = _account_page(request, address_form=form, status=_TOO_MANY)
    response["Retry-After"] = str(seconds)
    return response


def _account_page(request: HttpRequest, *, status: int = 200, **forms: Any) -> HttpResponse:
    """Nothing of its own to ask a database."""
    person = cast(User, request.user)
    name_form = forms.get("name_form") or NameForm(initial={"name": person.name})
    address_form = forms.get("address_form") or AddressForm(person=person)
    context = {
        "name": question(name_form["name"], width=8),
        "address": question(address_form["address"], width=8),
        "address_form": address_form,
        "wrong": bool(name_form.errors or address_form.errors),
        "has_password": person.has_usable_password(),
    }
    return render(request, "tenants/settings_account.html", context, status=status)


@require_http_methods(["GET", "POST"])
@own_page
def sessions(request: HttpRequest) -> HttpResponse:
    """Where the person is signed in; POST ends one of the others (its id in ``end``) or all (``others``).

    One command of its own.
    """
    person, current = cast(User, request.user), request.session.session_key
    if request.method == "POST":
        wanted = request.POST.get("end", "")
        if wanted == OTHERS:
            ended = end_all_other_sessions(by=person, current=current)
            messages.success(request, f"Signed out elsewhere: {ended}." if ended else "There was no other.")
        elif end_session(by=person, public_id=wanted, current=current):
            messages.success(request, "That session has ended.")
        else:
            messages.info(request, "That session had ended already.")
        return redirect("sessions")
    listed = own_sessions(person, current=current)
    context = {"sessions": listed, "others": any(not one.is_this_one for one in listed)}
    return render(request, "tenants/sessions.html", context)


@require_http_methods(["GET", "POST"])
@firm_page(Permission.VIEW_REPORTS)
def signature(request: TenantRequest) -> HttpResponse:
    """The picture of the person's own signature; POST replaces it, or removes it (``remove``)."""
    if request.user.is_staff:
        raise PermissionDenied("Staff sign nothing.")
    if request.method == "POST":
        return _change_signature(request)
    entry = signature_of(str(request.user.pk))
    if entry is None:
        raise Http404("You have stored no signature.")
    try:
        content = default_storage.open(entry.stored_as).read()
    except FileNotFoundError as error:
        raise Http404("The signature's bytes are missing.") from error
    response = HttpResponse(content, content_type=entry.content_type)
    response["X-Content-Type-Options"] = "nosniff"
    # Nobody who sits at this browser next finds it there.
    patch_cache_control(response, private=True, no_store=True)
    return response


def _change_signature(request: TenantRequest) -> HttpResponse:
    if "remove" in request.POST:
        remove_signature(by=request.user)
        messages.success(request, "Your signature is removed. Documents that are issued keep theirs.")
        return redirect("profile")
    upload = request.FILES.get("signature")
    if upload is None:
        return profile_page(request, signature_error="Choose the picture of your signature first.")
    try:
        change_signature(
            by=request.user, name=upload.name or "picture", content=upload.read(), now=timezone.now()
        )
    except (FileRefused, LimitReached) as refusal:
        return profile_page(request, signature_error=str(refusal))
    messages.success(request, "Your signature is stored. Reports issued from now on print it.")
    return redirect("profile")
