"""Plans and subscriptions."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone
from django.utils.safestring import SafeString

from tenants.admin.base import StaffAdmin
from tenants.admin.filters import MemberOfFilter
from tenants.admin.showing import badge
from tenants.models import Plan, Subscription, SubscriptionStatus

TONES = {
    SubscriptionStatus.ACTIVE: "good",
    SubscriptionStatus.TRIAL: "",
    SubscriptionStatus.PAST_DUE: "warn",
    SubscriptionStatus.ENDED: "bad",
}


@admin.register(Plan)
class PlanAdmin(StaffAdmin[Plan]):
    delete_allowed = True
    list_display = (
        *("name", "code", "seats", "reports_a_month", "storage_mb", "backup_every_hours"),
        *("backups_kept_days", "price_a_month"),
    )
    search_fields = ("name", "code")
    fieldsets = (
        (None, {"fields": ("code", "name", "price_a_month")}),
        ("What a firm may use", {"fields": ("seats", "reports_a_month", "storage_mb")}),
        ("Backups", {"fields": ("backup_every_hours", "backups_kept_days")}),
    )

    def get_readonly_fields(self, request: HttpRequest, obj: Plan | None = None) -> tuple[str, ...]:
        # Subscriptions refer to a plan by its code.
        return ("code",) if obj else ()


@admin.register(Subscription)
class SubscriptionAdmin(StaffAdmin[Subscription]):
    list_display = ("organization", "plan", "status_shown", "starts_on", "ends_on")
    list_select_related = ("organization", "plan")
    list_filter = ("status", "plan", "ends_on", MemberOfFilter)
    search_fields = ("organization__name", "organization__org_id")
    search_help_text = "Part of a firm's name or organization id"
    autocomplete_fields = ("organization",)
    fields = ("organization", "plan", "status", "starts_on", "ends_on")

    def get_readonly_fields(self, request: HttpRequest, obj: Subscription | None = None) -> tuple[str, ...]:
        return ("organization",) if obj else ()

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        return {"starts_on": timezone.localdate(), **super().get_changeform_initial_data(request)}

    @admin.display(description="status", ordering="status")
    def status_shown(self, subscription: Subscription) -> SafeString:
        return badge(
            subscription.get_status_display(), TONES.get(SubscriptionStatus(subscription.status), "")
        )
