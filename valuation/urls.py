"""Every address of the application."""

from django.contrib import admin
from django.urls import include, path

from reports.views import pages

urlpatterns = [
    path("", pages.work, name="work"),
    path("", include("tenants.urls")),
    path("reports/", include("reports.urls")),
    path("api/", include("valuation.api_urls")),
    path("admin/", admin.site.urls),
]

handler400 = "valuation.errors.bad_request"
handler403 = "valuation.errors.forbidden"
handler404 = "valuation.errors.not_found"
handler500 = "valuation.errors.failed"
