"""Organizations: created with their database, suspended and opened again. Never deleted here."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin import helpers
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.safestring import SafeString

from tenants.admin.base import ReadOnlyInline, StaffAdmin, Step, Tool, attempt, sent, staff_of
from tenants.admin.showing import NOTHING, as_json, badge, moment
from tenants.models import Cluster, Organization, OrganizationStatus, Plan, Subscription, User
from tenants.models.control import validate_org_id
from tenants.operations.provision import (
    NewOrganization,
    create_organization,
    finish_provisioning,
    reactivate_organization,
    suspend_organization,
)
from tenants.operations.schema import pending_migrations
from tenants.operations.upkeep import bring_up_to_date

TONES = {
    OrganizationStatus.ACTIVE: "good",
    OrganizationStatus.PROVISIONING: "warn",
    OrganizationStatus.SUSPENDED: "bad",
}


class NewOrganizationForm(forms.Form):
    """What is asked for a new organization."""

    name = forms.CharField(label="Firm's name", max_length=120)
    initials = forms.RegexField(
        r"^[A-Z0-9]{1,6}$",
        max_length=6,
        error_messages={"invalid": "Use 1 to 6 capital letters or digits."},
        help_text="Begin every report's reference number, e.g. DO.",
    )
    org_id = forms.CharField(
        label="Organization id",
        max_length=38,
        validators=[validate_org_id],
        help_text="Names the firm's database, for ever: lower-case letters, digits and underscores.",
    )
    cluster: forms.ModelChoiceField[Cluster] = forms.ModelChoiceField(
        Cluster.objects.all(), to_field_name="name", help_text="Where the firm's database is made."
    )
    plan: forms.ModelChoiceField[Plan] = forms.ModelChoiceField(
        Plan.objects.all(), to_field_name="code", required=False, help_text="Begins a subscription today."
    )

    def clean_org_id(self) -> str:
        """Refuse an id that is taken, in any case of its letters; a half-made firm may be tried again."""
        org_id: str = self.cleaned_data["org_id"]
        taken = Organization.objects.filter(org_id=org_id).exclude(status=OrganizationStatus.PROVISIONING)
        if taken.exists():
            raise forms.ValidationError(f"There is an organization “{org_id}” already. Choose another id.")
        return org_id

    def wanted(self) -> NewOrganization:
        values = self.cleaned_data
        return NewOrganization(
            org_id=values["org_id"],
            name=values["name"],
            initials=values["initials"],
            cluster=values["cluster"].name,
            plan=values["plan"].code if values["plan"] else "",
        )


class ReasonForm(forms.Form):
    reason = forms.CharField(
        max_length=300,
        help_text="For the audit log, and for colleagues: what has to happen before it is opened again.",
        widget=forms.Textarea(attrs={"rows": 3, "class": "vLargeTextField"}),
    )


def _suspend(organization: Organization, by: User, answers: dict[str, Any]) -> str:
    suspend_organization(organization, reason=answers["reason"], by=by)
    return f"“{organization.name}” is suspended: its people are refused from their next request on."


def _reactivate(organization: Organization, by: User, answers: dict[str, Any]) -> str:
    reactivate_organization(organization, by=by)
    return f"“{organization.name}” is open again."


def _finish(organization: Organization, by: User, answers: dict[str, Any]) -> str:
    finish_provisioning(organization, by=by)
    return f"“{organization.name}” has its database and is active."


def _migrate(organization: Organization, by: User, answers: dict[str, Any]) -> str:
    applied = bring_up_to_date(organization, by=by)
    return f"“{organization.name}”: {', '.join(applied) or 'nothing was pending'}."


STEPS = (
    Step(
        "finish",
        "Finish provisioning",
        "Makes the collections and indexes that are missing, and activates the firm. What is there stays.",
        _finish,
        allowed=lambda one: one.status == OrganizationStatus.PROVISIONING,
    ),
    Step(
        "migrate",
        "Apply pending migrations",
        "Brings the firm's collections and indexes to this version of the application.",
        _migrate,
        allowed=lambda one: one.status != OrganizationStatus.PROVISIONING and bool(pending_migrations(one)),
    ),
    Step(
        "suspend",
        "Suspend",
        "Every person of the firm is refused from the next request on. Nothing is deleted, and the firm can "
        "be opened again at any time.",
        _suspend,
        form=ReasonForm,
        allowed=lambda one: one.status == OrganizationStatus.ACTIVE,
        danger=True,
    ),
    Step(
        "reactivate",
        "Reactivate",
        "The people of the firm can work again from their next request on.",
        _reactivate,
        allowed=lambda one: one.status == OrganizationStatus.SUSPENDED,
    ),
)


class SubscriptionInline(ReadOnlyInline):
    model = Subscription
    fields = ("plan", "status", "starts_on", "ends_on")


class PeopleInline(ReadOnlyInline):
    model = User
    verbose_name_plural = "people"
    fields = ("name", "email", "role", "is_active")


@admin.register(Organization)
class OrganizationAdmin(StaffAdmin[Organization]):
    steps = STEPS
    list_display = ("name", "org_id", "status_shown", "cluster_name", "created")
    list_fields = ("name", "org_id", "status", "cluster_id", "created_at")
    list_filter = ("status", "cluster", "created_at")
    search_fields = ("name", "org_id")
    search_help_text = "Part of a firm's name or organization id"
    inlines = (SubscriptionInline, PeopleInline)
    fieldsets = (
        ("The firm", {"fields": ("name", "initials", "org_id")}),
        ("State", {"fields": ("status_shown", "status_reason", "created", "updated")}),
        ("Database", {"fields": ("cluster", "address_setting", "placement_version", "pending")}),
        (
            "Set by the firm itself",
            {
                "classes": ("collapse",),
                "fields": ("reference_pattern", "accent", "reviewers", "letterhead_shown"),
            },
        ),
    )
    readonly_fields = (
        "org_id",
        "status_shown",
        "status_reason",
        "created",
        "updated",
        "cluster",
        "address_setting",
        "placement_version",
        "pending",
        "reference_pattern",
        "accent",
        "reviewers",
        "letterhead_shown",
    )

    def tools(self, request: HttpRequest, record: Organization) -> list[Tool]:
        asked = urlencode({"organization": record.org_id})
        person, subscription = reverse("admin:tenants_user_add"), reverse("admin:tenants_subscription_add")
        return [
            *super().tools(request, record),
            Tool(f"{person}?{asked}", "Add person"),
            Tool(f"{subscription}?{asked}", "Add subscription"),
            Tool(
                f"{reverse('admin:tenants_auditentry_changelist')}?{urlencode({'org': record.org_id})}",
                "Audit",
            ),
        ]

    # Creating -----------------------------------------------------------------------------------------

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Create a firm with its database; a failure is an error of the form, and can be tried again."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = NewOrganizationForm(sent(request), initial=self._suggested(request))
        if request.method == "POST" and form.is_valid():
            made = attempt(form, lambda: create_organization(form.wanted(), by=staff_of(request)))
            if made is not None:
                self.log_addition(request, made, "Created with its database.")
                messages.success(request, f"“{made.name}” is ready. Add its first manager next.")
                return HttpResponseRedirect(self.url("change", made.pk))
            self._point_to_half_made(request, form)
        return TemplateResponse(
            request, "admin/tenants/organization/add_form.html", self._add_context(request, form)
        )

    @staticmethod
    def _suggested(request: HttpRequest) -> dict[str, Any]:
        clusters = list(Cluster.objects.values_list("name", flat=True)[:2])
        return {"cluster": clusters[0]} if len(clusters) == 1 else {}

    @staticmethod
    def _point_to_half_made(request: HttpRequest, form: NewOrganizationForm) -> None:
        half_made = Organization.objects.filter(
            org_id=form.cleaned_data.get("org_id", ""), status=OrganizationStatus.PROVISIONING
        ).exists()
        if half_made:
            messages.warning(
                request,
                "The firm is recorded, but its database is not finished. Send this form again, or finish it "
                "later from the firm's page; nothing is made twice.",
            )

    def _add_context(self, request: HttpRequest, form: NewOrganizationForm) -> dict[str, Any]:
        fieldsets = [(None, {"fields": list(form.fields)})]
        adminform = helpers.AdminForm(form, fieldsets, {}, model_admin=self)  # type: ignore[arg-type]
        return {
            **self.admin_site.each_context(request),
            "title": "Add organization",
            "subtitle": None,
            "opts": self.opts,
            "adminform": adminform,
            "errors": form.errors,
            "media": self.media,
            "add": True,
            "back": self.url("changelist"),
        }

    # Showing ------------------------------------------------------------------------------------------

    @admin.display(description="status", ordering="status")
    def status_shown(self, organization: Organization) -> SafeString:
        return badge(
            organization.get_status_display(), TONES.get(OrganizationStatus(organization.status), "")
        )

    @admin.display(description="cluster", ordering="cluster")
    def cluster_name(self, organization: Organization) -> str:
        return str(organization.cluster_id)

    @admin.display(description="created", ordering="created_at")
    def created(self, organization: Organization) -> Any:
        return moment(organization.created_at)

    @admin.display(description="updated")
    def updated(self, organization: Organization) -> Any:
        return moment(organization.updated_at)

    @admin.display(description="migrations pending")
    def pending(self, organization: Organization) -> str:
        if organization.status == OrganizationStatus.PROVISIONING:
            return "The database is not finished"
        return ", ".join(pending_migrations(organization)) or "None"

    @admin.display(description="valuers may review", boolean=True)
    def reviewers(self, organization: Organization) -> bool:
        return organization.valuers_may_review

    @admin.display(description="letterhead")
    def letterhead_shown(self, organization: Organization) -> SafeString | str:
        return as_json(organization.letterhead) if organization.letterhead else NOTHING
