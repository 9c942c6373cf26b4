"""Formats: what they hold, to be read; published and retired. Their content is a file's and never changes."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from banks.formats.problems import FormatProblem
from banks.formats.reading import from_content
from banks.models import Format, FormatStatus
from banks.publishing import format_key, may_become, publish_format, retire_format
from tenants.admin.base import StaffAdmin, Step
from tenants.admin.showing import badge, facts, moment
from tenants.models import User

TONES = {FormatStatus.PUBLISHED: "good", FormatStatus.DRAFT: "warn", FormatStatus.RETIRED: ""}


def _publish(version: Format, by: User, answers: dict[str, Any]) -> str:
    publish_format(version, by=by)
    return f"“{version}” is published: firms can begin reports with it."


def _retire(version: Format, by: User, answers: dict[str, Any]) -> str:
    retire_format(version, by=by)
    return f"“{version}” is retired: no new report begins with it."


STEPS = (
    Step(
        "publish",
        "Publish",
        "Every firm can begin reports with this version. Where several versions are published, the newest is "
        "offered.",
        _publish,
        allowed=lambda version: may_become(version, FormatStatus.PUBLISHED),
    ),
    Step(
        "retire",
        "Retire",
        "Firms can begin no new report with this version. Reports that were begun with it keep it for ever.",
        _retire,
        allowed=lambda version: may_become(version, FormatStatus.RETIRED),
        danger=True,
    ),
)


@admin.register(Format)
class FormatAdmin(StaffAdmin[Format]):
    add_allowed = change_allowed = delete_allowed = False
    steps = STEPS
    list_display = ("title", "key", "status_shown", "loaded")
    list_fields = ("title", "bank_code", "scheme", "property_type", "version", "status", "loaded_at")
    list_filter = ("status", "bank_code", "property_type", "scheme")
    search_fields = ("title", "bank_code", "scheme", "property_type")
    fieldsets = (
        (None, {"fields": ("title", "description", "status_shown")}),
        ("Key", {"fields": ("bank_code", "scheme", "property_type", "version", "checksum", "loaded")}),
        ("Content", {"fields": ("parameters", "outline")}),
    )

    @admin.display(description="key", ordering="bank_code")
    def key(self, version: Format) -> str:
        return format_key(version)

    @admin.display(description="status", ordering="status")
    def status_shown(self, version: Format) -> SafeString:
        return badge(version.get_status_display(), TONES.get(FormatStatus(version.status), ""))

    @admin.display(description="loaded", ordering="loaded_at")
    def loaded(self, version: Format) -> Any:
        return moment(version.loaded_at)

    @admin.display(description="parameters")
    def parameters(self, version: Format) -> SafeString | str:
        return facts(sorted((version.content.get("parameters") or {}).items()))

    @admin.display(description="tabs, sections and fields")
    def outline(self, version: Format) -> SafeString:
        try:
            context: dict[str, Any] = {"definition": from_content(version.content)}
        except FormatProblem as error:
            context = {"problems": error.problems}
        return render_to_string("admin/banks/format/outline.html", context)
