"""Asking for another password, and changing the own one."""

from __future__ import annotations

import hashlib
import math
from typing import Any, cast

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods

from tenants.access import own_page
from tenants.context import no_organization
from tenants.models import User
from tenants.models.users import normalise_email
from tenants.origin import ip_of
from tenants.sign_in.actions import PasswordNotChanged, change_password, record_failure
from tenants.sign_in.forms import ChangePasswordForm, ForgottenForm
from tenants.sign_in.lockout import Try, begin_try, cache, network_of, succeeded
from tenants.sign_in.mail import mail_reset_link
from tenants.sign_in.views import page_context, seconds_until

_INVALID = 422
_TOO_MANY = 429
_HOUR = 60 * 60
# Mails an hour: to one e-mail address, and asked for from one network address.
MAILS_TO_ADDRESS = 3
MAILS_FROM_ADDRESS = 20


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def password_reset(request: HttpRequest) -> HttpResponse:
    """Ask for a mail with a link. The answer, and how long it takes, is the same whoever exists."""
    form = ForgottenForm(request.POST if request.method == "POST" else None)
    if request.method != "POST" or not form.is_valid():
        return _reset_page(request, form, _INVALID if form.is_bound else 200)
    asked_from = f"reset-from:{network_of(ip_of(request))}"
    asked = cache.take(asked_from, limit=MAILS_FROM_ADDRESS, seconds=_HOUR, locked=_HOUR)
    if not asked.granted:
        seconds = seconds_until(asked.until)
        response = _reset_page(request, form, _TOO_MANY, locked_minutes=math.ceil(seconds / 60))
        response["Retry-After"] = str(seconds)
        return response
    email = normalise_email(form.cleaned_data["email"])
    # Under a hash, as the counts of sign-in: it may be anything that somebody typed.
    digest = hashlib.sha256(email.encode()).hexdigest()
    if cache.take(f"reset-to:{digest}", limit=MAILS_TO_ADDRESS, seconds=_HOUR, locked=_HOUR).granted:
        with no_organization():
            mail_reset_link.enqueue(email)
    return HttpResponseRedirect(reverse("password-reset-sent"))


def _reset_page(request: HttpRequest, form: ForgottenForm, status: int, **more: Any) -> HttpResponse:
    context = {**page_context(), "form": form, **more}
    return render(request, "registration/password_reset.html", context, status=status)


@require_GET
def password_reset_sent(request: HttpRequest) -> HttpResponse:
    """That a mail is on its way, if somebody has the address."""
    return render(request, "registration/password_reset_sent.html", page_context())


@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters()
@never_cache
@own_page
def password(request: HttpRequest) -> HttpResponse:
    """Change the own password. The present one is asked for, and guessing at it is counted as at sign-in."""
    person = cast(User, request.user)
    if not person.has_usable_password():
        return render(request, "registration/password_change.html")
    form = ChangePasswordForm(person, request.POST or None)
    if not request.POST.get("old_password"):
        # Nothing was guessed.
        return _change_page(request, form, _INVALID if form.is_bound else 200)
    one = begin_try(person.email, ip_of(request))
    if not one.granted:
        return _locked_page(request, ChangePasswordForm(person), one)
    valid = form.is_valid()
    if form.knows_the_password:
        succeeded(one)
    else:
        record_failure(one, at="password change")
        if one.is_last:
            return _locked_page(request, form, one)
    if not valid:
        return _change_page(request, form, _INVALID)
    try:
        change_password(person, form.cleaned_data["new_password1"], session_key=request.session.session_key)
    except PasswordNotChanged as refusal:
        form.add_error(None, str(refusal))
        return _change_page(request, form, _INVALID)
    update_session_auth_hash(request, person)
    messages.success(
        request, "Your password was changed. Wherever else you were signed in, you are no longer."
    )
    return HttpResponseRedirect(reverse("password-change"))


def _locked_page(request: HttpRequest, form: ChangePasswordForm, one: Try) -> HttpResponse:
    seconds = seconds_until(one.until or timezone.now())
    response = _change_page(request, form, _TOO_MANY, locked_minutes=math.ceil(seconds / 60))
    response["Retry-After"] = str(seconds)
    return response


def _change_page(request: HttpRequest, form: ChangePasswordForm, status: int, **more: Any) -> HttpResponse:
    return render(request, "registration/password_change.html", {"form": form, **more}, status=status)
