"""Organizations: created with their database, and looked after through all of their life."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin import helpers
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.safestring import SafeString

from tenants.admin import backups, health
from tenants.admin.base import ReadOnlyInline, StaffAdmin, Tool, attempt, sent, staff_of
from tenants.admin.operations import operation_link
from tenants.admin.organization_forms import NewOrganizationForm
from tenants.admin.organization_steps import STEPS
from tenants.admin.showing import NOTHING, as_json, badge, lines, moment, size
from tenants.admin.support import TITLE as ENTER
from tenants.admin.support import enter_view
from tenants.models import (
    Backup,
    Organization,
    OrganizationStatus,
    Subscription,
    User,
)
from tenants.operations.backups.retention import DEFAULT_HOURS, terms_of
from tenants.operations.certificates import certificate_of, certificate_text
from tenants.operations.provision import UNMADE, create_organization
from tenants.operations.schema import pending_migrations

TONES = {
    OrganizationStatus.REQUESTED: "warn",
    OrganizationStatus.ACTIVE: "good",
    OrganizationStatus.PROVISIONING: "warn",
    OrganizationStatus.SUSPENDED: "bad",
    OrganizationStatus.MOVING: "warn",
    OrganizationStatus.OFFBOARDING: "bad",
    OrganizationStatus.DELETED: "",
}
# Backups shown on a firm's page; the list has the rest.
_BACKUPS = 5


def _next(form: NewOrganizationForm) -> str:
    address = form.cleaned_data["manager_email"]
    return f"{address} is invited as its first manager." if address else "Add its first manager next."


class SubscriptionInline(ReadOnlyInline):
    model = Subscription
    fields = ("plan", "status", "starts_on", "ends_on")


class PeopleInline(ReadOnlyInline):
    model = User
    verbose_name_plural = "people"
    fields = ("name", "email", "role", "is_active")


class BackupFilter(admin.SimpleListFilter):
    """By the age of the last good backup, whatever the plan asks for."""

    title = "last good backup"
    parameter_name = "backup"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("never", "Never"), ("1", "More than a day ago"), ("7", "More than a week ago")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        value = self.value()
        if value == "never":
            return queryset.filter(last_backup_at=None)
        if value in ("1", "7"):
            return queryset.filter(last_backup_at__lt=timezone.now() - timedelta(days=int(value)))
        return queryset


@admin.register(Organization)
class OrganizationAdmin(StaffAdmin[Organization]):
    steps = STEPS
    list_display = ("name", "org_id", "status_shown", "cluster_name", "version", "backup_age")
    list_fields = (
        *("name", "org_id", "status", "cluster_id", "created_at", "migrations", "last_backup_at"),
        "operation",
    )
    list_filter = ("status", "ring", BackupFilter, "cluster", "created_at")
    search_fields = ("name", "org_id")
    search_help_text = "Part of a firm's name or organization id"
    inlines = (SubscriptionInline, PeopleInline)
    fieldsets = (
        ("The firm", {"fields": ("name", "initials", "org_id")}),
        (
            "State",
            {
                "fields": (
                    *("status_shown", "status_reason", "operation_shown", "frozen", "deletion"),
                    *("created", "updated"),
                )
            },
        ),
        (
            "Database",
            {
                "fields": (
                    *("cluster_shown", "address_setting", "placement_version", "version", "pending"),
                    *("data_size", "ring"),
                )
            },
        ),
        ("Backups", {"fields": ("last_backup_shown", "schedule_shown", "backups_shown")}),
        (
            "Set by the firm itself",
            {
                "classes": ("collapse",),
                "fields": ("reference_pattern", "accent", "reviewers", "letterhead_shown"),
            },
        ),
    )
    # The name has a step of its own, and the rest is what operations make of it.
    readonly_fields = (
        *("name", "initials", "org_id"),
        *("status_shown", "status_reason", "operation_shown", "frozen", "deletion", "created", "updated"),
        *("cluster_shown", "address_setting", "placement_version", "version", "pending", "data_size"),
        *("last_backup_shown", "schedule_shown", "backups_shown"),
        *("reference_pattern", "accent", "reviewers", "letterhead_shown"),
    )

    def complete(self, records: list[Organization]) -> None:
        """How often each firm is to be backed up: one query for a page of the list."""
        hours = health.hours_between_backups(one.org_id for one in records)
        for one in records:
            one.backup_hours = hours.get(one.org_id, DEFAULT_HOURS)  # type: ignore[attr-defined]

    def tools(self, request: HttpRequest, record: Organization) -> list[Tool]:
        asked = urlencode({"organization": record.org_id})
        person, subscription = reverse("admin:tenants_user_add"), reverse("admin:tenants_subscription_add")
        of_firm = urlencode({"org": record.org_id})
        if record.status == OrganizationStatus.DELETED:
            return [
                Tool(self.url("certificate", record.pk), "Certificate", "primary"),
                Tool(f"{reverse('admin:tenants_operation_changelist')}?{of_firm}", "Operations"),
                Tool(f"{reverse('admin:tenants_auditentry_changelist')}?{of_firm}", "Audit"),
            ]
        return [
            *super().tools(request, record),
            *([Tool(self.url("support", record.pk), f"{ENTER}…")] if record.is_active else []),
            Tool(f"{person}?{asked}", "Add person"),
            Tool(f"{subscription}?{asked}", "Add subscription"),
            Tool(f"{reverse('admin:banks_bank_all_as_firm')}?{asked}", "Banks as the firm sees them"),
            Tool(f"{reverse('admin:tenants_operation_changelist')}?{of_firm}", "Operations"),
            Tool(f"{reverse('admin:tenants_auditentry_changelist')}?{of_firm}", "Audit"),
        ]

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **more: Any
    ) -> HttpResponse:
        context["show_save_and_add_another"] = False
        return super().render_change_form(request, context, *args, **more)

    def get_urls(self) -> list[URLPattern]:
        own = [
            path(f"<path:object_id>/{name}/", self.page(view), name=self.url_name(name))
            for name, view in (("certificate", self.certificate_view), ("support", self.support_view))
        ]
        return [*own, *super().get_urls()]

    # Support ------------------------------------------------------------------------------------------

    def support_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Enter the firm for support."""
        organization = self.found(request, object_id)
        return (
            organization
            if isinstance(organization, HttpResponse)
            else enter_view(self, request, organization)
        )

    # The certificate of a deletion --------------------------------------------------------------------

    def certificate_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The certificate of a deleted firm, as plain text to keep."""
        organization = self.found(request, object_id)
        if isinstance(organization, HttpResponse):
            return organization
        certificate = certificate_of(organization.org_id)
        if certificate is None:
            messages.warning(request, f"“{organization}” is not deleted: there is no certificate.")
            return HttpResponseRedirect(self.url("change", organization.pk))
        name = f"deletion-{organization.org_id}.txt"
        return HttpResponse(
            certificate_text(certificate),
            content_type="text/plain; charset=utf-8",
            headers={"Content-Disposition": f'attachment; filename="{name}"'},
        )

    # Creating -----------------------------------------------------------------------------------------

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Create a firm with its database; a failure is an error of the form, and can be tried again."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = NewOrganizationForm(sent(request))
        if request.method == "POST" and form.is_valid():
            made = attempt(form, lambda: create_organization(form.wanted(), by=staff_of(request)))
            if made is not None:
                self.log_addition(request, made, "Created with its database.")
                messages.success(request, f"“{made.name}” is ready. {_next(form)}")
                return HttpResponseRedirect(self.url("change", made.pk))
            self._point_to_half_made(request, form)
        return TemplateResponse(
            request, "admin/tenants/organization/add_form.html", self._add_context(request, form)
        )

    @staticmethod
    def _point_to_half_made(request: HttpRequest, form: NewOrganizationForm) -> None:
        half_made = Organization.objects.filter(
            org_id=form.cleaned_data.get("org_id", ""), status__in=UNMADE
        ).exists()
        if half_made:
            messages.warning(
                request,
                "The firm is recorded, but its database is not finished. Send this form again, or finish it "
                "later from the firm's page; nothing is made twice.",
            )

    def _add_context(self, request: HttpRequest, form: NewOrganizationForm) -> dict[str, Any]:
        fieldsets = [
            (None, {"fields": ("name", "initials", "org_id", "plan")}),
            ("Where its database stands", {"fields": ("cluster", "region", "tier")}),
            ("First manager", {"fields": ("manager_email", "manager_name")}),
        ]
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
        status = OrganizationStatus(organization.status)
        word = badge(str(status.label), TONES[status])
        if organization.operation is None:
            return word
        return format_html("{} {}", word, badge("Operation under way", "warn"))

    @admin.display(description="operation under way")
    def operation_shown(self, organization: Organization) -> SafeString | str:
        return operation_link(organization.operation) if organization.operation else "None"

    @admin.display(description="writing")
    def frozen(self, organization: Organization) -> SafeString | str:
        if organization.frozen_at is None:
            return "Open"
        return format_html("{} since {}", badge("Frozen", "bad"), moment(organization.frozen_at))

    @admin.display(description="may be deleted after")
    def deletion(self, organization: Organization) -> Any:
        return moment(organization.delete_after)

    @admin.display(description="cluster", ordering="cluster")
    def cluster_name(self, organization: Organization) -> str:
        return str(organization.cluster_id)

    @admin.display(description="cluster")
    def cluster_shown(self, organization: Organization) -> SafeString:
        address = reverse("admin:tenants_cluster_change", args=[organization.cluster.pk])
        return format_html('<a href="{}">{}</a>', address, organization.cluster_id)

    @admin.display(description="created", ordering="created_at")
    def created(self, organization: Organization) -> Any:
        return moment(organization.created_at)

    @admin.display(description="updated")
    def updated(self, organization: Organization) -> Any:
        return moment(organization.updated_at)

    @admin.display(description="version")
    def version(self, organization: Organization) -> SafeString:
        return health.version_badge(organization)

    @admin.display(description="migrations pending")
    def pending(self, organization: Organization) -> str:
        if organization.status in health.WITHOUT_DATA:
            return "There is no finished database"
        return health.names(pending_migrations(organization))

    @admin.display(description="size of the data")
    def data_size(self, organization: Organization) -> str:
        """As the last good backup found it: no page asks a firm's database."""
        newest = backups.good(organization.org_id).values("bson_bytes", "documents").first()
        if newest is None:
            return "Known with the first backup"
        return f"{size(newest['bson_bytes'])} in {newest['documents']:,} documents, at the last backup"

    @admin.display(description="last good backup", ordering="last_backup_at")
    def backup_age(self, organization: Any) -> SafeString | str:
        return health.backup_badge(organization, organization.backup_hours, timezone.now())

    @admin.display(description="last good backup")
    def last_backup_shown(self, organization: Organization) -> SafeString:
        return health.last_backup(organization, terms_of(organization.org_id).every_hours, timezone.now())

    @admin.display(description="schedule")
    def schedule_shown(self, organization: Organization) -> str:
        return health.schedule(terms_of(organization.org_id))

    @admin.display(description="newest backups")
    def backups_shown(self, organization: Organization) -> SafeString | str:
        newest = Backup.objects.filter(org_id=organization.org_id).order_by("-created_at")[:_BACKUPS]
        every = reverse("admin:tenants_backup_changelist")
        asked = urlencode({"org": organization.org_id})
        return lines(
            [
                *(backups.line(one) for one in newest),
                format_html('<a href="{}?{}">All backups of the firm</a>', every, asked),
            ]
        )

    @admin.display(description="valuers may review", boolean=True)
    def reviewers(self, organization: Organization) -> bool:
        return organization.valuers_may_review

    @admin.display(description="letterhead")
    def letterhead_shown(self, organization: Organization) -> SafeString | str:
        return as_json(organization.letterhead) if organization.letterhead else NOTHING
