"""Every request of a support session is recorded before it is answered, or it is not answered."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, cast

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import render
from django.urls import Resolver404, ResolverMatch, resolve, reverse
from pymongo.errors import PyMongoError

from tenants.errors import TenancyError
from tenants.middleware import RETRY_AFTER_SECONDS, is_unreachable, unavailable, wants_json
from tenants.models import SupportSession, User
from tenants.support.actions import end_if_over, end_support
from tenants.support.record import record_request

# In the browser's session: which support session it was in, to say so when that has ended.
NOTE = "support"
_LOOKING = frozenset({"GET", "HEAD", "OPTIONS"})
# The staff's own way out and about: nothing of the firm is there, and nothing of it is active.
_OWN_WAYS = frozenset({"support-leave", "sign-out"})
# Words in the names of pages about one of the firm's people, which staff are not, and of those that take the
# firm's data away in bulk.
_CLOSED = frozenset({"profile", "settings", "signature", "token", "tokens", "export", "csv", "jsonl"})


class SupportMiddleware:
    """Around ``OrganizationMiddleware``: says where the support session counts, and records each request.

    In the staff's admin and on the way out the firm is not made active. Everywhere else the audit entry comes
    before the answer; when it cannot be written, the answer is 503.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        try:
            return self._answer(request)
        except (PyMongoError, DatabaseError, TenancyError) as error:
            # Nobody has asked before who it is: the control plane may be out of reach.
            if not is_unreachable(error):
                raise
            return unavailable(request, error)

    def _answer(self, request: HttpRequest) -> HttpResponseBase:
        person = cast(User, request.user)
        if not (person.is_authenticated and person.is_staff):
            return self.get_response(request)
        if person.support is None:
            return self._outside(request)
        return self._inside(request, person, person.support)

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: Any, kwargs: Any
    ) -> HttpResponse | None:
        """What is no business of support is refused, whatever the session may do."""
        match = request.resolver_match
        if match is not None and _is_inside(request) and is_closed(match):
            raise PermissionDenied("This is for the firm’s own people; a support session does not open it.")
        return None

    # Outside ------------------------------------------------------------------------------------------

    def _outside(self, request: HttpRequest) -> HttpResponseBase:
        note = request.session.get(NOTE)
        if note is None:
            return self.get_response(request)
        support = end_if_over(note)
        del request.session[NOTE]
        if support is None or _way_of(request) in _OWN_WAYS:
            return self.get_response(request)
        if _in_admin(request):
            messages.info(request, f"The support session in “{support.org_id}” has ended.")
            return self.get_response(request)
        return _over(request, support)

    # Inside -------------------------------------------------------------------------------------------

    def _inside(self, request: HttpRequest, person: User, support: SupportSession) -> HttpResponseBase:
        request.support_firm = person.organization  # type: ignore[attr-defined]
        key = request.session.session_key
        if _in_admin(request) or _way_of(request) in _OWN_WAYS:
            # Nothing of the firm is active there: the admin must go on working, and shows no firm's data.
            person.organization = None
            response = self.get_response(request)
        else:
            response = self._recorded(request, person, support)
        if request.session.session_key != key:
            # Signed out, or in anew under another key, which leads into no firm: the support session is over.
            end_support(support, by=person, how="sign-out")
        return response

    def _recorded(self, request: HttpRequest, person: User, support: SupportSession) -> HttpResponseBase:
        path, details = _what_is_asked(request)
        try:
            if request.method not in _LOOKING:
                # A change must not be made before it is known that somebody tried to.
                record_request(support, by=person, path=path, details=details)
        except (PyMongoError, DatabaseError):
            return _unrecorded(request)
        response = self.get_response(request)
        try:
            record_request(support, by=person, path=path, details=details, status=response.status_code)
        except (PyMongoError, DatabaseError):
            response.close()
            return _unrecorded(request)
        return response


def _is_inside(request: HttpRequest) -> bool:
    return getattr(request, "support_firm", None) is not None


def _in_admin(request: HttpRequest) -> bool:
    return request.path.startswith(reverse("admin:index"))


def _matched(request: HttpRequest) -> ResolverMatch | None:
    try:
        return resolve(request.path_info)
    except Resolver404:
        return None


def _way_of(request: HttpRequest) -> str:
    match = _matched(request)
    return match.view_name if match is not None else ""


def is_closed(match: ResolverMatch) -> bool:
    """Whether support opens the page in no case, by its name."""
    if match.namespace == "admin":
        return False
    return not _CLOSED.isdisjoint(re.split("[:_-]", match.view_name or ""))


def _what_is_asked(request: HttpRequest) -> tuple[str, dict[str, object]]:
    """Path and details for the audit trail. No query, which may hold names; no secret out of a link."""
    match = _matched(request)
    path = request.path
    if match is not None and "token" in match.kwargs:
        path = match.route
    details: dict[str, object] = {"method": request.method or "", "view": match.view_name if match else ""}
    if request.headers.get("HX-Request"):
        details["fragment"] = True
    return path, details


def _over(request: HttpRequest, support: SupportSession) -> HttpResponse:
    """Whoever was inside is outside now. Nothing that was sent has been done."""
    if wants_json(request):
        body = {
            "type": "about:blank",
            "title": "The support session has ended",
            "status": 403,
            "detail": "Begin another one in the admin, with its reason.",
        }
        return JsonResponse(body, status=403, content_type="application/problem+json")
    response = render(request, "tenants/support_over.html", {"support": support}, status=403)
    response["Clear-Site-Data"] = '"cache"'
    return response


def _unrecorded(request: HttpRequest) -> HttpResponse:
    """The 503 of a request that the audit trail could not take."""
    words = "What support staff look at is recorded first, and the record cannot be written now."
    response: HttpResponse
    if wants_json(request):
        body = {
            "type": "about:blank",
            "title": "The record cannot be written",
            "status": 503,
            "detail": f"{words} Try again in a few seconds.",
        }
        response = JsonResponse(body, status=503, content_type="application/problem+json")
    else:
        context = {"heading": "The record cannot be written", "message": words}
        response = render(None, "errors/503.html", context, status=503)
    response["Retry-After"] = RETRY_AFTER_SECONDS
    return response
