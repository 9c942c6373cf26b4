"""Formats: their versions, to be read, compared, published and retired; drafts of the next, to be written."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from banks.drafting import DraftProblem, draft_of_file, new_version, remove_draft
from banks.formats.comparing import Difference, differences
from banks.formats.files import parse_json
from banks.formats.packing import as_text, packed
from banks.formats.problems import FormatProblem
from banks.formats.reading import from_content
from banks.loading import ReadFormat, read_format
from banks.models import CommonFields, Format, FormatStatus
from banks.publishing import format_key
from reports.admin.format_differences import grouped
from reports.admin.format_editor import DraftPages
from reports.admin.format_forms import UploadForm
from reports.admin.format_preview import NoPreview, kept_page, pages_of, preview_of
from reports.admin.format_steps import STEPS
from reports.files import content_disposition
from reports.format_checks import faults_of, problems_of
from tenants.admin.base import Step, Tool, attempt, sent, staff_of
from tenants.admin.showing import NOTHING, badge, facts, moment

TONES = {FormatStatus.PUBLISHED: "good", FormatStatus.DRAFT: "warn", FormatStatus.RETIRED: ""}
PAGES_KEPT_SECONDS = 3600


class EffectFilter(admin.SimpleListFilter):
    title = "effect"
    parameter_name = "effect"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Sequence[tuple[str, str]]:
        return (("now", "In effect"), ("later", "From a later day"))

    def queryset(self, request: HttpRequest, queryset: QuerySet[Format]) -> QuerySet[Format]:
        today = timezone.localdate()
        if self.value() == "later":
            return queryset.filter(effective_from__gt=today)
        if self.value() == "now":
            return queryset.filter(status=FormatStatus.PUBLISHED).exclude(effective_from__gt=today)
        return queryset


@admin.register(Format)
class FormatAdmin(DraftPages):
    add_allowed = change_allowed = delete_allowed = False
    steps = STEPS
    change_list_template = "admin/banks/format/change_list.html"
    list_display = ("title", "key", "status_shown", "effect", "changed")
    list_fields = (
        *("title", "bank_code", "scheme", "property_type", "version"),
        *("status", "effective_from", "loaded_at", "updated_by_name"),
    )
    list_filter = ("status", EffectFilter, "bank_code", "property_type", "scheme")
    search_fields = ("title", "bank_code", "scheme", "property_type")
    fieldsets = (
        (None, {"fields": ("title", "description", "status_shown", "effect", "faults")}),
        (
            "Key",
            {
                "fields": (
                    *("bank_code", "scheme", "property_type", "version"),
                    *("checksum", "published", "changed", "others"),
                )
            },
        ),
        ("Content", {"fields": ("parameters", "outline")}),
    )

    # What is shown ----------------------------------------------------------------------------------------

    @admin.display(description="key", ordering="bank_code")
    def key(self, version: Format) -> str:
        return format_key(version)

    @admin.display(description="status", ordering="status")
    def status_shown(self, version: Format) -> SafeString:
        return badge(version.get_status_display(), TONES.get(FormatStatus(version.status), ""))

    @admin.display(description="takes effect", ordering="effective_from")
    def effect(self, version: Format) -> str:
        if version.effective_from is not None:
            return f"from {version.effective_from:%d-%m-%Y}"
        return NOTHING if version.is_draft else "from its publication"

    @admin.display(description="last changed", ordering="loaded_at")
    def changed(self, version: Format) -> SafeString:
        by = f", {version.updated_by_name}" if version.updated_by_name else ""
        return format_html("{}{}", moment(version.loaded_at), by)

    @admin.display(description="published")
    def published(self, version: Format) -> Any:
        return moment(version.published_at)

    @admin.display(description="parameters")
    def parameters(self, version: Format) -> SafeString | str:
        stored = version.content.get("parameters")
        return facts(sorted(stored.items()) if isinstance(stored, dict) else [])

    @admin.display(description="what is wrong")
    def faults(self, version: Format) -> SafeString | str:
        """Of a draft; what is published was found sound."""
        if not version.is_draft:
            return NOTHING
        context = {
            "faults": faults_of(version.content, version.sample)[:20],
            "edit_url": self.url("edit", version.pk),
        }
        return render_to_string("admin/banks/format/faults.html", context)

    @admin.display(description="other versions")
    def others(self, version: Format) -> SafeString | str:
        found = self._versions_of(version).exclude(pk=version.pk).values("pk", "version", "status")[:20]
        context = {"version": version, "others": [{**one, "id": str(one["pk"])} for one in found]}
        return render_to_string("admin/banks/format/others.html", context)

    @admin.display(description="tabs, sections and fields")
    def outline(self, version: Format) -> SafeString:
        try:
            context: dict[str, Any] = {"definition": from_content(version.sound_content())}
        except FormatProblem as error:
            context = {"problems": error.problems}
        return render_to_string("admin/banks/format/outline.html", context)

    @staticmethod
    def _versions_of(version: Format) -> QuerySet[Format]:
        return Format.objects.filter(
            bank_code=version.bank_code, scheme=version.scheme, property_type=version.property_type
        ).order_by("-version")

    # Pages --------------------------------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        pages = {
            "draft": self.draft_view,
            "remove": self.remove_view,
            "preview": self.preview_view,
            "pages": self.pages_view,
            "compare": self.compare_view,
            "download": self.download_view,
        }
        return [
            path("upload/", self.page(self.upload_view), name=self.url_name("upload")),
            path(
                "<path:object_id>/pages/<int:number>/",
                self.page(self.picture_view),
                name=self.url_name("page"),
            ),
            *(
                path(f"<path:object_id>/{name}/", self.page(view), name=self.url_name(name))
                for name, view in pages.items()
            ),
            *self.draft_urls(),
            *super().get_urls(),
        ]

    def tools(self, request: HttpRequest, record: Format) -> list[Tool]:
        write = [
            Tool(self.url("edit", record.pk), "Write", "primary"),
            Tool(self.url("json", record.pk), "As JSON"),
        ]
        return [
            *(write if record.is_draft else []),
            *super().tools(request, record),
            Tool(self.url("preview", record.pk), "Preview"),
            Tool(self.url("compare", record.pk), "Compare"),
            Tool(self.url("download", record.pk), "Download"),
            Tool(self.url("draft", record.pk), "New version from this one"),
            *([Tool(self.url("remove", record.pk), "Remove draft", "danger")] if record.is_draft else []),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        return super().changelist_view(request, {"upload_url": self.url("upload"), **(extra_context or {})})

    def draft_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Begin the next version as a copy of this one."""
        step = Step("draft", "New version", "", lambda *_: "")
        meaning = (
            "Begins a draft of the next version with this one's content. Nobody but staff sees a draft; this "
            "version stays as it is."
        )
        return self._asked(
            request,
            object_id,
            step,
            meaning,
            lambda version: self._to_draft(request, new_version(version, by=staff_of(request))),
        )

    def _to_draft(self, request: HttpRequest, draft: Format) -> HttpResponse:
        messages.success(request, f"“{draft}” is a draft now. Write it here; publish it when it is sound.")
        return HttpResponseRedirect(self.url("edit", draft.pk))

    def remove_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask, then remove a draft."""
        draft = self.draft_or_answer(request, object_id)
        if isinstance(draft, HttpResponse):
            return draft

        def remove(version: Format) -> HttpResponse:
            remove_draft(version, by=staff_of(request))
            messages.success(request, f"The draft “{version}” was removed.")
            return HttpResponseRedirect(self.url("changelist"))

        step = Step("remove", "Remove draft", "", lambda *_: "", danger=True)
        meaning = "Removes this draft with all that was written in it. No report stands on a draft."
        return self._asked(request, object_id, step, meaning, remove)

    def _asked(self, request: HttpRequest, object_id: str, step: Step, meaning: str, do: Any) -> HttpResponse:
        """A page that asks whether something is meant, and the answer of what was done."""
        if not staff_of(request).has_perm("banks.change_format"):
            raise PermissionDenied
        record = self.found(request, object_id)
        if isinstance(record, HttpResponse):
            return record
        form = forms.Form(sent(request))
        if request.method == "POST" and form.is_valid():
            done: HttpResponse | None = attempt(form, lambda: do(record))
            if done is not None:
                return done
        context = self._context(request, record, step.title) | {
            "step": step,
            "meaning": meaning,
            "form": form,
        }
        return TemplateResponse(request, "admin/step.html", context)

    def _context(self, request: HttpRequest, record: Format, title: str) -> dict[str, Any]:
        return {
            **self.admin_site.each_context(request),
            "title": title,
            "subtitle": self.heading(record),
            "opts": self.opts,
            "original": record,
            "back": self.url("change", record.pk),
        }

    # Looking at it ------------------------------------------------------------------------------------------

    def preview_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """One section (``?at=tab.section``) as a valuer's form shows it, with links to all others."""
        record = self.found(request, object_id)
        if isinstance(record, HttpResponse):
            return record
        context = self._context(request, record, "Preview")
        context |= self.preview_context(record, request.GET.get("at", ""))
        return TemplateResponse(request, "admin/banks/format/preview.html", context)

    def pages_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The printed document's pages as pictures; a part of a page for the editor (``?part=1``)."""
        record = self.found(request, object_id)
        if isinstance(record, HttpResponse):
            return record
        context = self._context(request, record, "The printed document")
        try:
            laid_out = pages_of(preview_of(record))
            numbers = range(1, len(laid_out.pages) + 1)
            context |= {
                "pages": [(number, self.url("page", record.pk, str(number))) for number in numbers],
                "digest": laid_out.digest,
            }
        except NoPreview as reason:
            context["no_preview"] = str(reason)
        part = request.GET.get("part") == "1"
        name = "admin/banks/format/pages_part.html" if part else "admin/banks/format/pages.html"
        return TemplateResponse(request, name, context)

    def picture_view(self, request: HttpRequest, object_id: str, number: int) -> HttpResponse:
        """One page as a PNG; one that is kept (``?v=``) costs no query."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        picture = kept_page(object_id, request.GET.get("v", ""), number)
        if picture is None:
            record = self.found(request, object_id)
            if isinstance(record, HttpResponse):
                return record
            try:
                pages = pages_of(preview_of(record)).pages
            except NoPreview as reason:
                raise Http404(str(reason)) from reason
            if not 1 <= number <= len(pages):
                raise Http404("The document has no such page.")
            picture = pages[number - 1]
        response = HttpResponse(picture, content_type="image/png")
        response["Cache-Control"] = (
            f"private, max-age={PAGES_KEPT_SECONDS}" if "v" in request.GET else "no-cache"
        )
        return response

    def compare_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """What differs from another version of the key (``?with=id``), by default from the one before."""
        record = self.found(request, object_id)
        if isinstance(record, HttpResponse):
            return record
        versions = list(self._versions_of(record).exclude(pk=record.pk).values("pk", "version", "status"))
        wanted = request.GET.get("with", "")
        other = next((one for one in versions if str(one["pk"]) == wanted), None)
        before = [one for one in versions if one["version"] < record.version]
        other = other or next(iter(before or versions), None)
        context = self._context(request, record, "Compare")
        context["versions"] = [{**one, "id": str(one["pk"])} for one in versions]
        if other is not None:
            older = Format.objects.get(pk=other["pk"])
            found = differences(older.content, record.content)
            context |= {"other": older, "groups": grouped(older.content, record.content, found)}
            context["counts"] = _counts(found)
        return TemplateResponse(request, "admin/banks/format/compare.html", context)

    # Files --------------------------------------------------------------------------------------------------

    def download_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The version as one self-contained file."""
        record = self.found(request, object_id)
        if isinstance(record, HttpResponse):
            return record
        text = as_text(packed(record.content, record.sample, record.effective_from))
        response = HttpResponse(text, content_type="application/json")
        response["Content-Disposition"] = content_disposition(record.file_name, download=True)
        return response

    def upload_view(self, request: HttpRequest) -> HttpResponse:
        """A file is looked through first (faults, or what differs from the newest version), then a draft."""
        if not staff_of(request).has_perm("banks.add_format"):
            raise PermissionDenied
        form = UploadForm(sent(request), request.FILES or None)
        context: dict[str, Any] = {
            **self.admin_site.each_context(request),
            "title": "Upload a format",
            "opts": self.opts,
            "form": form,
            "back": self.url("changelist"),
        }
        status = 200
        if request.method == "POST" and form.is_valid():
            try:
                name, read = _read_upload(form)
                if "add" in request.POST:
                    draft = draft_of_file(
                        read.content,
                        read.sample,
                        name,
                        by=staff_of(request),
                        effective_from=read.effective_from,
                    )
                    return self._to_draft(request, draft)
                context |= self._dry_run(name, read)
            except FormatProblem as error:
                context["problems"], status = error.problems, 422
            except DraftProblem as problem:
                context["problems"], status = [str(problem)], 422
        return TemplateResponse(request, "admin/banks/format/upload.html", context, status=status)

    def _dry_run(self, name: str, read: ReadFormat) -> dict[str, Any]:
        key = read.definition.key
        newest = self._versions_of(
            Format(bank_code=key.bank_code, scheme=key.scheme, property_type=key.property_type)
        ).first()
        found = differences(newest.content, read.content) if newest is not None else []
        return {
            "read": read,
            "file_name": name,
            "text": as_text(packed(read.content, read.sample, read.effective_from)),
            "newest": newest,
            "groups": grouped(newest.content, read.content, found) if newest is not None else [],
            "counts": _counts(found),
            "number": newest.version + 1 if newest is not None else 1,
        }


def _counts(found: Sequence[Difference]) -> list[tuple[str, int]]:
    kinds = ("added", "removed", "moved", "changed")
    return [(kind, number) for kind in kinds if (number := sum(1 for one in found if one.kind == kind))]


def _read_upload(form: UploadForm) -> tuple[str, ReadFormat]:
    """The file's name and what it holds, checked. Raises FormatProblem with everything that is wrong."""
    file = form.cleaned_data.get("file")
    text = form.cleaned_data["text"]
    if file is None and not text:
        raise FormatProblem(["Choose a file first."])
    name = (file.name if file is not None else form.cleaned_data["name"]) or "file.json"
    raw = parse_json(file.read() if file is not None else text.encode())
    newest = CommonFields.objects.order_by("-version").values_list("content", flat=True).first()
    if newest is None:
        raise FormatProblem(["The common fields are not loaded; run load_formats first."])
    read = read_format(raw, newest, "")
    if problems := problems_of(read.content, read.sample):
        raise FormatProblem(problems)
    return name, read
