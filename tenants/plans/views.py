"""The plan and what is used of it."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from tenants.access import TenantRequest, firm_page
from tenants.permissions import Permission
from tenants.plans.usage import usage_of


@require_GET
@firm_page(Permission.VIEW_USAGE)
def usage(request: TenantRequest) -> HttpResponse:
    """For managers, in a firm that can only be read too. Two commands of its own."""
    context = usage_of(request.organization, day=timezone.localdate())
    return render(request, "tenants/usage.html", context)
