"""From a signed-in person to the active organization, and the guard of every firm page."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, cast
from urllib.parse import urlsplit, urlunsplit

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from tenants.context import activate, active_org_id
from tenants.errors import OrganizationRefused, WritesFrozen
from tenants.models import Organization, User
from tenants.mongodb.reachability import clusters
from tenants.operations.schema import can_be_served
from tenants.permissions import KEPT_WHEN_READ_ONLY, Permission

P = ParamSpec("P")

_READING = frozenset({"GET", "HEAD", "OPTIONS"})
# What a refusal says when the organization's database is at a version that this code cannot serve.
MAINTENANCE = "maintenance"
# A move freezes writing for less than this.
FREEZE_PATIENCE_SECONDS = 2.0
_FREEZE_POLL_SECONDS = 0.05
# So many requests of a process wait for freezes to end: a worker has four threads.
_waiting = threading.BoundedSemaphore(2)


class TenantRequest(HttpRequest):
    """A request of a signed-in member whose organization is active."""

    user: User
    organization: Organization
    # Why nothing of the firm may be changed: "subscription", "support"; empty otherwise.
    read_only: str


def activate_for(request: HttpRequest, user: User) -> None:
    """Activate the organization of ``user``, which the control plane says, and note it on the request.

    Staff activate the firm of their support session; without one, like people without an organization,
    nothing. An expired firm, and one in support that only looks, is for reading. Whoever wants to write while
    the data is being moved waits a moment. Raises OrganizationRefused when the organization is suspended, not
    provisioned or at a version that this code cannot serve (``MAINTENANCE``), ClusterUnreachable when its
    cluster does not answer, WritesFrozen when the move takes longer.
    """
    organization = user.organization
    if organization is None or (user.is_staff and user.support is None):
        return
    if not organization.is_active:
        raise OrganizationRefused(organization.org_id, organization.status)
    if not can_be_served(organization):
        raise OrganizationRefused(organization.org_id, MAINTENANCE)
    if organization.is_frozen and request.method not in _READING:
        organization = user.organization = _thawed(organization.org_id)
    if active_org_id() is None:
        # Once a request: whoever is let in to try a cluster must not be refused by the API's own look.
        reachability = clusters[organization.address_setting]
        reachability.require()
        # The middleware leaves it when the request ends.
        request.reachability = reachability  # type: ignore[attr-defined]
    why = why_read_only(user, organization)
    activate(organization.placement, read_only=why)
    request.read_only = why  # type: ignore[attr-defined]
    request.organization = organization  # type: ignore[attr-defined]


def why_read_only(user: User, organization: Organization) -> str:
    """Why ``user`` may change nothing in the firm, or ``""``."""
    if user.support is not None and not user.support.may_write:
        return "support"
    return "subscription" if organization.is_read_only else ""


def _thawed(org_id: str) -> Organization:
    """The organization as it is when its freeze has ended. Raises WritesFrozen when that takes too long."""
    # The others are refused at once: their threads are needed for other firms.
    if not _waiting.acquire(blocking=False):
        raise WritesFrozen(org_id)
    try:
        deadline = time.monotonic() + FREEZE_PATIENCE_SECONDS
        while time.monotonic() < deadline:
            time.sleep(_FREEZE_POLL_SECONDS)
            organization = Organization.objects.get(org_id=org_id)
            if not organization.is_frozen:
                return organization
        raise WritesFrozen(org_id)
    finally:
        _waiting.release()


def firm_page(
    permission: Permission,
) -> Callable[
    [Callable[Concatenate[TenantRequest, P], HttpResponseBase]],
    Callable[Concatenate[HttpRequest, P], HttpResponseBase],
]:
    """Guard a page of the firm.

    Signed out → sign-in; no organization → a page that says so; permission missing → 403; a change, or a page
    that serves changes, where nothing may be changed → 403 that says why.
    """

    def decorate(
        view: Callable[Concatenate[TenantRequest, P], HttpResponseBase],
    ) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
        @wraps(view)
        def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            if not request.user.is_authenticated:
                return sign_in_first(request)
            if getattr(request, "organization", None) is None:
                return no_organization_page(request)
            if request.read_only and not (  # type: ignore[attr-defined]
                permission in KEPT_WHEN_READ_ONLY and request.method in _READING
            ):
                return read_only_page(request)
            if not cast(User, request.user).can(permission):
                raise PermissionDenied(f"Your role does not allow this ({permission.value}).")
            return view(cast(TenantRequest, request), *args, **kwargs)

        guarded.permission = permission  # type: ignore[attr-defined]
        return guarded

    return decorate


def sign_in_first(request: HttpRequest) -> HttpResponse:
    """To the sign-in page, and back afterwards: to this address, or to the page whose form was sent.

    A fragment for htmx is refused instead, or the sign-in page would be taken for the fragment.
    """
    if request.headers.get("HX-Request"):
        return HttpResponse("You are signed out.", status=401, content_type="text/plain; charset=utf-8")
    if request.method in ("GET", "HEAD"):
        return redirect_to_login(request.get_full_path())
    sent_from = request.headers.get("Referer", "")
    if not url_has_allowed_host_and_scheme(
        sent_from, {request.get_host()}, require_https=request.is_secure()
    ):
        return redirect_to_login(reverse("work"))
    page = urlsplit(sent_from)
    # A path that begins with two slashes would name another site once it stands alone.
    path = f"/{page.path.lstrip('/')}"
    return redirect_to_login(urlunsplit(("", "", path, page.query, "")))


def own_page(
    view: Callable[Concatenate[HttpRequest, P], HttpResponseBase],
) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
    """Guard a page about the person's own account: anybody who is signed in, staff included."""

    @wraps(view)
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return sign_in_first(request)
        return view(request, *args, **kwargs)

    guarded.own = True  # type: ignore[attr-defined]
    return guarded


def read_only_page(request: HttpRequest) -> HttpResponse:
    """For who would change something where nothing may be changed. Says why, and the way out."""
    return render(request, "tenants/read_only.html", status=403)


def no_organization_page(request: HttpRequest) -> HttpResponse:
    """For somebody who is signed in and belongs to no firm (staff included)."""
    return render(request, "tenants/no_organization.html", status=403)


def refused_page(request: HttpRequest, refusal: OrganizationRefused) -> HttpResponse:
    """For a member of a firm that is suspended or not ready, or being updated."""
    if refusal.status == MAINTENANCE:
        return render(request, "errors/maintenance.html", status=503)
    context: dict[str, Any] = {"status": refusal.status}
    return render(request, "tenants/suspended.html", context, status=403)
