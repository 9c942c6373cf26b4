"""The staff's admin site."""

from django.contrib.admin import AdminSite


class StaffSite(AdminSite):
    site_header = "Valuation staff"
    site_title = "Valuation staff"
    index_title = "Dashboard"
