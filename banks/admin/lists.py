"""Common fields, which come from the repository's files, and the kinds of documents."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.safestring import SafeString

from banks.models import CommonFields, DocumentType
from tenants.admin.base import StaffAdmin
from tenants.admin.showing import as_json, moment


@admin.register(CommonFields)
class CommonFieldsAdmin(StaffAdmin[CommonFields]):
    """To be read: a new version is loaded from a file, because formats are composed with it."""

    add_allowed = change_allowed = delete_allowed = False
    list_display = ("named", "fields_held", "updated")
    fields = ("version", "updated", "content_shown")

    @admin.display(description="version", ordering="version")
    def named(self, common: CommonFields) -> str:
        return f"Version {common.version}"

    @admin.display(description="fields")
    def fields_held(self, common: CommonFields) -> int:
        return sum(len(section.get("fields", ())) for section in common.content.get("sections", ()))

    @admin.display(description="loaded", ordering="updated_at")
    def updated(self, common: CommonFields) -> Any:
        return moment(common.updated_at)

    @admin.display(description="content")
    def content_shown(self, common: CommonFields) -> SafeString | str:
        return as_json(common.content)


@admin.register(DocumentType)
class DocumentTypeAdmin(StaffAdmin[DocumentType]):
    delete_allowed = True
    list_display = ("name", "code", "category", "position")
    list_filter = ("category",)
    search_fields = ("name", "code")
    fields = ("code", "name", "category", "position")

    def get_readonly_fields(self, request: HttpRequest, obj: DocumentType | None = None) -> tuple[str, ...]:
        # Reports keep the code of a document that was produced.
        return ("code",) if obj else ()
