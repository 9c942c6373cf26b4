"""The API's addresses."""

from django.urls import path

from banks.api.format_schema import format_schema
from banks.api.views import Bank, BankFormat, Banks
from reports.api.views import OneReport, Reports
from tenants.api.views import Me
from valuation.api_reference import SchemaView, reference

app_name = "api"

urlpatterns = [
    path("me", Me.as_view(), name="me"),
    path("banks", Banks.as_view(), name="banks"),
    path("banks/<str:code>", Bank.as_view(), name="bank"),
    path(
        "banks/<str:code>/formats/<str:scheme>/<str:property_type>", BankFormat.as_view(), name="bank-format"
    ),
    path("formats/schema/", format_schema, name="format-schema"),
    path("reports", Reports.as_view(), name="reports"),
    path("reports/<str:report_id>", OneReport.as_view(), name="report"),
    path("schema/", SchemaView.as_view(), name="schema"),
    path("docs/", reference, name="docs"),
]
