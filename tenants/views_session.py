"""Signing in and out, and how the pages look for the person."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth.views import LoginView, LogoutView
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from tenants.forms_session import SignInForm
from tenants.models import User

_YEAR = 60 * 60 * 24 * 365
APPEARANCE = {"theme": {"system", "light", "dark", "contrast"}, "density": {"comfortable", "compact"}}


class SignInView(LoginView):
    """E-mail and password. Staff go to the admin, members to their work."""

    template_name = "registration/sign_in.html"
    authentication_form = SignInForm
    redirect_authenticated_user = True
    extra_context = {"site_name": settings.SITE_NAME}

    def get_default_redirect_url(self) -> str:
        user = self.request.user
        if isinstance(user, User) and user.is_staff:
            return reverse("admin:index")
        return reverse("work")


sign_in = SignInView.as_view()


class SignOutView(LogoutView):
    """Ends the session, and has the browser forget pages and files that it kept, for who sits there next."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response = super().dispatch(request, *args, **kwargs)
        response["Clear-Site-Data"] = '"cache"'
        return response


sign_out = SignOutView.as_view()


@require_POST
def appearance(request: HttpRequest) -> HttpResponse:
    """Keep theme and density in a cookie of this browser, and go back to where the person was."""
    back = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(back, {request.get_host()}, require_https=request.is_secure()):
        back = "/"
    response = HttpResponseRedirect(back)
    for name, allowed in APPEARANCE.items():
        value = request.POST.get(name)
        if value in allowed:
            response.set_cookie(
                name, value, max_age=_YEAR, samesite="Lax", secure=request.is_secure(), httponly=True
            )
    return response
