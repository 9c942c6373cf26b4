"""The audit trail: to be read, searched and taken away, never written by hand."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest, StreamingHttpResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.safestring import SafeString

from tenants.admin.base import StaffAdmin, staff_of
from tenants.admin.filters import OrganizationFilter, TypedFilter, WhenFilter
from tenants.admin.showing import as_json, moment
from tenants.audit import record_audit
from tenants.auditing.actions_known import Category, Kept, action_named, in_category
from tenants.auditing.exporting import CONTENT_TYPES, CSV, of_system, system_lines
from tenants.auditing.hashing import AUDIT
from tenants.models import AuditEntry
from tenants.operations.kinds import kind_names

_EXPORT_BATCH = 500


class CategoryFilter(admin.SimpleListFilter):
    """What the actions are about. Steps of operations are about a firm's data."""

    title = "category"
    parameter_name = "category"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(one.value, str(one.label)) for one in Category if in_category(one, Kept.AUDIT)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value()
        if not value:
            return queryset
        wanted = Q(action__in=in_category(value, Kept.AUDIT))
        if value == Category.DATA.value:
            for kind in kind_names():
                wanted |= Q(action__startswith=f"{kind}.")
        return queryset.filter(wanted)


class ActionFilter(TypedFilter):
    title = "action"
    parameter_name = "action"
    field = "action"


class ActorFilter(TypedFilter):
    title = "person's e-mail address"
    parameter_name = "actor"
    field = "actor"


@admin.register(AuditEntry)
class AuditAdmin(StaffAdmin[AuditEntry]):
    add_allowed = change_allowed = delete_allowed = False
    change_list_template = "admin/tenants/auditentry/change_list.html"
    list_display = ("when", "action", "actor", "org_id", "target")
    list_display_links = ("when",)
    list_fields = ("at", "action", "actor", "org_id", "target")
    list_filter = (("at", WhenFilter), CategoryFilter, ActionFilter, OrganizationFilter, ActorFilter)
    search_fields = ("actor", "target", "org_id", "action")
    search_help_text = "Part of an e-mail address, a target, an organization id or an action"
    fields = (
        *("when", "action", "in_words", "actor", "org_id", "target", "ip", "request_id"),
        *("details_shown", "number", "hash"),
    )
    readonly_fields = ("when", "in_words", "details_shown", "number", "hash")

    @admin.display(description="when", ordering="at")
    def when(self, entry: AuditEntry) -> Any:
        return moment(entry.at)

    @admin.display(description="in words")
    def in_words(self, entry: AuditEntry) -> str:
        return action_named(entry.action).words

    @admin.display(description="details")
    def details_shown(self, entry: AuditEntry) -> SafeString | str:
        return as_json(entry.details)

    def get_urls(self) -> list[URLPattern]:
        own = path("audit-log.csv", self.page(self.export), name=self.url_name("export"))
        return [own, *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        query = request.GET.urlencode()
        export = f"{self.url('export')}{'?' if query else ''}{query}"
        return super().changelist_view(request, {"export": export, **(extra_context or {})})

    def export(self, request: HttpRequest) -> Any:
        """Everything that the list's filters leave, as CSV with every stored field; audited. Streamed."""
        filters = {name: request.GET.getlist(name) for name in request.GET if name not in ("p", "o")}
        entries = self.get_changelist_instance(request).get_queryset(request)
        record_audit("audit.exported", by=staff_of(request), details={"filters": filters})
        response = StreamingHttpResponse(
            system_lines(CSV, _documents(entries)), content_type=CONTENT_TYPES[CSV]
        )
        name = f"audit-log-{timezone.localdate():%Y-%m-%d}.csv"
        response["Content-Disposition"] = f'attachment; filename="{name}"'
        return response


def _documents(entries: QuerySet[AuditEntry]) -> Iterator[dict[str, Any]]:
    names = [name for name in AUDIT.fields if name != "_id"]
    for row in entries.values("pk", "number", "hash", *names).iterator(chunk_size=_EXPORT_BATCH):
        yield of_system({**row, "_id": row["pk"]})
