"""The staff's admin site: one door for everybody, a dashboard, and no way into a firm's reports."""

from __future__ import annotations

from typing import Any

from django.contrib.admin import AdminSite
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse

from valuation.dashboard import dashboard


class StaffSite(AdminSite):
    site_header = "Valuation staff"
    site_title = "Valuation staff"
    index_title = "Dashboard"
    index_template = "admin/dashboard.html"
    # The pages of firms have nothing for staff.
    site_url = None

    def get_urls(self) -> list[Any]:
        """Without Django's address that leads from a record to its own page: no record here has one."""
        return [one for one in super().get_urls() if getattr(one, "name", None) != "view_on_site"]

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        return super().index(request, {"dashboard": dashboard(), **(extra_context or {})})

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """There is one sign-in page. Somebody who is signed in and is not staff is refused here."""
        target = request.GET.get("next") or reverse("admin:index")
        if self.has_permission(request):
            return HttpResponseRedirect(reverse("admin:index"))
        if request.user.is_authenticated:
            raise PermissionDenied("These pages are for the staff who run the system.")
        return redirect_to_login(target)

    def password_change(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> TemplateResponse:
        """There is one page for it, where guesses are counted and the person is told by mail."""
        return HttpResponseRedirect(reverse("password-change"))  # type: ignore[return-value]
