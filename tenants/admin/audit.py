"""The audit trail: to be read and searched, never written by hand."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.utils.safestring import SafeString

from tenants.admin.base import StaffAdmin
from tenants.admin.filters import OrganizationFilter, WhenFilter
from tenants.admin.showing import as_json, moment
from tenants.models import AuditEntry


@admin.register(AuditEntry)
class AuditAdmin(StaffAdmin[AuditEntry]):
    add_allowed = change_allowed = delete_allowed = False
    list_display = ("when", "action", "actor", "org_id", "target")
    list_display_links = ("when",)
    list_fields = ("at", "action", "actor", "org_id", "target")
    list_filter = (("at", WhenFilter), "action", OrganizationFilter)
    search_fields = ("actor", "target", "org_id", "action")
    search_help_text = "Part of an e-mail address, a target, an organization id or an action"
    fields = ("when", "action", "actor", "org_id", "target", "details_shown")

    @admin.display(description="when", ordering="at")
    def when(self, entry: AuditEntry) -> Any:
        return moment(entry.at)

    @admin.display(description="details")
    def details_shown(self, entry: AuditEntry) -> SafeString | str:
        return as_json(entry.details)
