"""The firm's list of support sessions, and the two ways to end one: by who is inside, and by a manager."""

from __future__ import annotations

from typing import cast

from bson import ObjectId
from bson.errors import InvalidId
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from tenants.access import TenantRequest, firm_page, own_page
from tenants.models import SupportSession, User
from tenants.permissions import Permission
from tenants.support.actions import end_support
from tenants.support.middleware import NOTE
from tenants.support.reading import SHOWN, sessions_of


@require_GET
@firm_page(Permission.VIEW_ACTIVITY)
def sessions(request: TenantRequest) -> HttpResponse:
    """Who of the staff was in the firm, why and for how long; what is running can be ended."""
    rows = sessions_of(request.organization.org_id, timezone.now())
    context = {
        "running": [row for row in rows if row.running],
        "past": [row for row in rows if not row.running],
        "more": len(rows) == SHOWN,
    }
    return render(request, "tenants/support.html", context)


@require_POST
@own_page
def end(request: HttpRequest, support_id: str) -> HttpResponse:
    """A manager shows the staff the door; also where nothing else of the firm may be changed."""
    person = cast(User, request.user)
    # Not firm_page: it lets nobody change anything in a firm whose subscription has ended.
    if person.organization is None or not person.can(Permission.MANAGE_PEOPLE):
        raise PermissionDenied("A manager of the firm ends a support session.")
    support = SupportSession.objects.filter(
        pk=_object_id(support_id), org_id=person.organization.org_id
    ).first()
    if support is None:
        raise Http404("There is no such support session.")
    if end_support(support, by=person, how="manager"):
        messages.success(request, f"{support.staff_name} is out from the next request on.")
    else:
        messages.info(request, "That support session had ended already.")
    return redirect("support")


@require_POST
@own_page
def leave(request: HttpRequest) -> HttpResponse:
    """The staff member ends the own session, and is in the admin again."""
    person = cast(User, request.user)
    if person.support is not None:
        request.session.pop(NOTE, None)
        if end_support(person.support, by=person, how="button"):
            messages.success(request, f"The support session in “{person.support.org_id}” has ended.")
    response = redirect("admin:index" if person.is_staff else "work")
    # Pages of the firm that the browser kept are not left on the desk.
    response["Clear-Site-Data"] = '"cache"'
    return response


def _object_id(text: str) -> ObjectId:
    try:
        return ObjectId(text)
    except InvalidId:
        raise Http404("There is no such support session.") from None
