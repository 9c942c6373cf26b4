"""Plans and subscriptions."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AdminBigIntegerFieldWidget
from django.db import models
from django.http import HttpRequest
from django.utils import timezone
from django.utils.safestring import SafeString

from tenants.admin.base import StaffAdmin, before, staff_of
from tenants.admin.filters import MemberOfFilter
from tenants.admin.showing import badge
from tenants.models import Plan, Subscription, SubscriptionStatus
from tenants.permissions import Feature
from tenants.plans.actions import add_subscription, change_plan, change_subscription

TONES = {
    SubscriptionStatus.ACTIVE: "good",
    SubscriptionStatus.TRIAL: "",
    SubscriptionStatus.PAST_DUE: "warn",
    SubscriptionStatus.ENDED: "bad",
}


class PlanForm(forms.ModelForm):  # type: ignore[type-arg]
    """A plan, its features as boxes to tick."""

    features = forms.MultipleChoiceField(
        choices=Feature.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="What is not ticked is refused to the firms that have the plan, from the next request on.",
    )

    class Meta:
        model = Plan
        fields = "__all__"

    def clean_features(self) -> list[str]:
        """In the order of the list, so that ticking anew changes nothing."""
        chosen = set(self.cleaned_data["features"])
        return [feature.value for feature in Feature if feature.value in chosen]


@admin.register(Plan)
class PlanAdmin(StaffAdmin[Plan]):
    form = PlanForm
    # Wide enough for what is counted in hundreds of thousands.
    formfield_overrides: ClassVar = {models.PositiveIntegerField: {"widget": AdminBigIntegerFieldWidget}}
    delete_allowed = True
    list_display = (
        *("name", "code", "seats", "reports_a_month", "storage_mb", "api_requests_a_minute"),
        *("backup_every_hours", "backups_kept_days", "price_a_month"),
    )
    search_fields = ("name", "code")
    fieldsets = (
        (None, {"fields": ("code", "name", "price_a_month")}),
        (
            "What a firm may use",
            {
                "fields": (*("seats", "reports_a_month", "storage_mb", "api_requests_a_minute", "features"),),
                "description": "A change is in force at once for every firm that has the plan.",
            },
        ),
        ("Backups", {"fields": ("backup_every_hours", "backups_kept_days")}),
    )

    def get_readonly_fields(self, request: HttpRequest, obj: Plan | None = None) -> tuple[str, ...]:
        # Subscriptions refer to a plan by its code.
        return ("code",) if obj else ()

    def save_model(self, request: HttpRequest, obj: Plan, form: forms.BaseForm, change: bool) -> None:
        if change:
            change_plan(obj, before=before(form), by=staff_of(request))
        else:
            super().save_model(request, obj, form, change)


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

    def save_model(self, request: HttpRequest, obj: Subscription, form: forms.BaseForm, change: bool) -> None:
        if change:
            change_subscription(obj, before=before(form), by=staff_of(request))
        else:
            add_subscription(obj, by=staff_of(request))

    @admin.display(description="status", ordering="status")
    def status_shown(self, subscription: Subscription) -> SafeString:
        return badge(
            subscription.get_status_display(), TONES.get(SubscriptionStatus(subscription.status), "")
        )
