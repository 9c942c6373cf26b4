"""Every address of the application."""

from django.conf import settings
from django.contrib import admin
from django.urls import include, path

from reports.views import pages
from valuation.components import component_page

urlpatterns = [
    path("", pages.work, name="work"),
    path("", include("tenants.urls")),
    path("reports/", include("reports.urls")),
    path("api/", include("valuation.api_urls")),
    path("admin/", admin.site.urls),
]

if settings.DEBUG:
    urlpatterns.append(path("components/", component_page, name="components"))

handler400 = "valuation.errors.bad_request"
handler403 = "valuation.errors.forbidden"
handler404 = "valuation.errors.not_found"
handler500 = "valuation.errors.failed"
