"""Every address of the application."""

from django.conf import settings
from django.contrib import admin
from django.urls import include, path

from reports import account_settings
from reports.views import activity, pages
from tenants.sign_in.outbox import outbox
from valuation.components import component_page

urlpatterns = [
    path("", pages.work, name="work"),
    path("account/settings/", account_settings.settings_page, name="settings"),
    path("", include("tenants.urls")),
    path("activity/", activity.activity, name="activity"),
    path("activity/activity.csv", activity.activity_export, {"form": "csv"}, name="activity-csv"),
    path("activity/activity.jsonl", activity.activity_export, {"form": "jsonl"}, name="activity-jsonl"),
    path("banks/", include("banks.urls")),
    path("reports/", include("reports.urls")),
    path("api/", include("valuation.api_urls")),
    path("admin/", admin.site.urls),
]

if settings.DEBUG:
    urlpatterns.append(path("components/", component_page, name="components"))
if settings.MAIL_OUTBOX:
    urlpatterns.append(path("outbox/", outbox, name="outbox"))

handler400 = "valuation.errors.bad_request"
handler403 = "valuation.errors.forbidden"
handler404 = "valuation.errors.not_found"
handler500 = "valuation.errors.failed"
