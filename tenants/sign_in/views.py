"""Signing in and out, and how the pages look for the person."""

from __future__ import annotations

import math
from datetime import datetime
from typing import Any, cast
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.views import LoginView, LogoutView
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods, require_POST

from tenants.account.appearance import follow_settings, set_appearance
from tenants.models import User
from tenants.oidc.logout import end_session_url
from tenants.sign_in.actions import PASSWORD, record_sign_out
from tenants.sign_in.actions import sign_in as let_in
from tenants.sign_in.forms import SignInForm
from tenants.sign_in.handler import try_of

_INVALID = 422
_TOO_MANY = 429


def page_context() -> dict[str, Any]:
    """What each page before signing in says of the site and of the ways in."""
    enabled = bool(getattr(settings, "OIDC_ENABLED", False))
    return {
        "site_name": settings.SITE_NAME,
        "openid_name": getattr(settings, "OIDC_NAME", "") if enabled else "",
        "shows_outbox": settings.MAIL_OUTBOX,
    }


class SignInView(LoginView):
    """E-mail and password. Staff go to the admin, members to their work."""

    template_name = "registration/sign_in.html"
    authentication_form = SignInForm
    redirect_authenticated_user = True

    def get_default_redirect_url(self) -> str:
        user = self.request.user
        if isinstance(user, User) and user.is_staff:
            return reverse("admin:index")
        return reverse("work")

    def get_redirect_url(self, request: HttpRequest | None = None) -> str:
        """``next``, unless it is this very page: somebody who is signed in would be led in circles."""
        url: str = super().get_redirect_url()
        return "" if urlsplit(url).path == self.request.path else url

    def form_valid(self, form: Any) -> HttpResponse:
        person = cast(User, form.get_user())
        let_in(self.request, person, by=PASSWORD)
        response = HttpResponseRedirect(self.get_success_url())
        follow_settings(response, self.request, person)
        return response

    def form_invalid(self, form: Any) -> HttpResponse:
        return self.render_to_response(self.get_context_data(form=form), status=_INVALID)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return {**super().get_context_data(**kwargs), **page_context()}


sign_in = require_http_methods(["GET", "HEAD", "POST"])(SignInView.as_view())


def locked_answer(
    request: HttpRequest, response: HttpResponse | None = None, credentials: dict[str, Any] | None = None
) -> HttpResponse:
    """The sign-in page for whoever is locked out: until when, and what helps. It tells not who exists."""
    one = try_of(request)
    until = one.until if one is not None and one.until is not None else timezone.now()
    seconds = seconds_until(until)
    back = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(back, {request.get_host()}, require_https=request.is_secure()):
        back = ""
    context = {
        **page_context(),
        "form": SignInForm(request, initial={"username": request.POST.get("username", "")[:254]}),
        "next": back,
        "locked_until": until,
        "locked_minutes": math.ceil(seconds / 60),
    }
    answer = render(request, "registration/sign_in.html", context, status=_TOO_MANY)
    answer["Retry-After"] = str(seconds)
    answer["Cache-Control"] = "no-store"
    return answer


def seconds_until(moment: datetime) -> int:
    """At least one: when to come back, for ``Retry-After``."""
    return max(1, math.ceil((moment - timezone.now()).total_seconds()))


class SignOutView(LogoutView):
    """Ends the session, and has the browser forget pages and files that it kept, for who sits there next."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response = super().dispatch(request, *args, **kwargs)
        response["Clear-Site-Data"] = '"cache"'
        return response

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        # Asked while the session is there: where to be signed out too, for who came by a provider.
        elsewhere = end_session_url(request)
        if isinstance(request.user, User):
            record_sign_out(request.user)
        response = super().post(request, *args, **kwargs)
        return HttpResponseRedirect(elsewhere) if elsewhere else response


sign_out = SignOutView.as_view()


@require_POST
def appearance(request: HttpRequest) -> HttpResponse:
    """Keep theme and density in a cookie of this browser, and go back to where the person was."""
    back = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(back, {request.get_host()}, require_https=request.is_secure()):
        back = "/"
    response = HttpResponseRedirect(back)
    set_appearance(response, request, theme=request.POST.get("theme"), density=request.POST.get("density"))
    return response
