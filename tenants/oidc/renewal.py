"""Asking the sign-in service now and then whether the person is still signed in there, and who they are.

After OIDC_RENEW_SECONDS the next page that a browser opens goes there and comes back, unnoticed. What is not
the opening of a page (a form that is sent, a fragment for htmx, a picture, the API) is never led elsewhere,
and goes on for as long again. After that it is refused: htmx opens the page anew where it only read, and
where it would have saved, the page keeps what was typed.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.utils.deprecation import MiddlewareMixin
from mozilla_django_oidc.middleware import SessionRefresh

from tenants.oidc import session
from tenants.oidc.flow import Purpose, begin, is_own
from tenants.oidc.http import ProviderSilent
from tenants.oidc.pages import confirm_page, silent_page

_EXEMPT = ("openid-sign-in", "openid-callback", "sign-in", "sign-out")
_CONFIRM = "Confirm your sign-in: open any page of this site in another tab, then try again."


class Renewal(SessionRefresh):
    """The library's middleware, which would send htmx and pictures to the service like pages."""

    def __init__(self, get_response: object) -> None:
        """Past the library's own, which reads settings that may have to be discovered first."""
        MiddlewareMixin.__init__(self, get_response)  # type: ignore[arg-type]

    def is_refreshable_url(self, request: HttpRequest) -> bool:
        """Whether somebody is here by a session that rests on the service's word."""
        return (
            settings.OIDC_ENABLED
            and session.is_of_openid(request)
            and request.user.is_authenticated
            and request.path not in {reverse(name) for name in _EXEMPT}
        )

    def process_request(self, request: HttpRequest) -> HttpResponse | None:
        if not self.is_refreshable_url(request):
            return None
        age = session.proof_age(request)
        if age < settings.OIDC_RENEW_SECONDS:
            return None
        too_old = session.is_too_old(request)
        if opens_a_page(request):
            return self._renew(request, too_old=too_old)
        return _refusal(request) if too_old else None

    def _renew(self, request: HttpRequest, *, too_old: bool) -> HttpResponse | None:
        if session.was_tried_lately(request) and not too_old:
            return None
        session.note_try(request)
        try:
            return begin(request, Purpose.RENEW, next_url=request.get_full_path(), prompt="none")
        except ProviderSilent:
            return silent_page(request) if too_old else None


def opens_a_page(request: HttpRequest) -> bool:
    """Whether a browser asks for a page to show, and could be led through another site."""
    if request.method != "GET" or request.headers.get("HX-Request") or _is_api(request):
        return False
    mode = request.headers.get("Sec-Fetch-Mode")
    return mode == "navigate" if mode else "text/html" in request.headers.get("Accept", "")


def _refusal(request: HttpRequest) -> HttpResponse:
    if _is_api(request):
        body = {"type": "about:blank", "title": "Confirm your sign-in", "status": 401, "detail": _CONFIRM}
        return JsonResponse(body, status=401, content_type="application/problem+json")
    if not request.headers.get("HX-Request"):
        return confirm_page(request)
    response = HttpResponse(_CONFIRM, status=401, content_type="text/plain; charset=utf-8")
    if request.method == "GET":
        # The whole page anew, which then goes by way of the service.
        response["HX-Redirect"] = _page_of(request)
    return response


def _page_of(request: HttpRequest) -> str:
    """The page on which htmx asks: never another site's, whatever the header says."""
    given = request.headers.get("HX-Current-URL", "")
    if not is_own(request, given):
        return reverse("work")
    parts = urlsplit(given)
    page = f"{parts.path}?{parts.query}" if parts.query else parts.path
    # A path that begins with two slashes names another site once it stands alone.
    return page if is_own(request, page) else reverse("work")


def _is_api(request: HttpRequest) -> bool:
    return request.path.startswith("/api/")
