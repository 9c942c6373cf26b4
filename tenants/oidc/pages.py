"""The pages for what went otherwise than meant: each says what happened, and the way out."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from tenants.oidc.actions import SignInRefused

RETRY_AFTER_SECONDS = "30"


def silent_page(request: HttpRequest) -> HttpResponse:
    """503: the service does not answer. Who has a password signs in with it."""
    response = _page(request, "silent", 503)
    response["Retry-After"] = RETRY_AFTER_SECONDS
    return response


def again_page(request: HttpRequest) -> HttpResponse:
    """400: what came back is unknown here, was used already or took too long. Says to begin anew."""
    return _page(request, "again", 400)


def refused_page(request: HttpRequest, refusal: SignInRefused) -> HttpResponse:
    """403: the service knows the person, and here they are not let in."""
    return _page(request, "refused", 403, reason=refusal.reason.value, email=refusal.email)


def confirm_page(request: HttpRequest) -> HttpResponse:
    """401: too long since the service said who this is; what was sent was not done, and can be sent again."""
    return _page(request, "confirm", 401)


def _page(request: HttpRequest, name: str, status: int, **context: str) -> HttpResponse:
    context |= {"provider_name": settings.OIDC_NAME, "site_name": settings.SITE_NAME}
    response = render(request, f"tenants/openid_{name}.html", context, status=status)
    response["Cache-Control"] = "no-store"
    return response
