"""Files of banks and of one bank's branches: uploaded, compared, confirmed; and exported."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone

from banks.exchange.applying import (
    ChangedMeanwhile,
    Compared,
    ImportRefused,
    Source,
    compare_banks,
    compare_branches,
    export_banks,
    export_branches,
    import_banks,
    import_branches,
)
from banks.exchange.columns import BANKS, BRANCHES, Sheet
from banks.exchange.comparing import ComparedRow, Comparison, Outcome, faulty_rows
from banks.exchange.keeping import NotKept, Ticket, file_name, forget, keep, opened
from banks.exchange.tables import (
    CONTENT_TYPES,
    CSV,
    MOST_BYTES,
    MOST_ROWS,
    XLSX,
    Table,
    UnreadableFile,
    read_table,
    write_csv,
    write_xlsx,
)
from banks.models import Bank
from tenants.admin.base import StaffAdmin, Tool, staff_of

ROWS_SHOWN = 100
REFUSED = 422
CONFLICT = 409
_ALL_BANKS = "banks"


class UploadForm(forms.Form):
    file = forms.FileField(
        label="File",
        help_text=f"CSV or XLSX, at most {MOST_BYTES // 2**20} MB and {MOST_ROWS:,} rows.",
        error_messages={"required": "Choose a file.", "empty": "The file is empty."},
    )
    deactivate_missing = forms.BooleanField(required=False)

    def __init__(self, *args: Any, sheet: Sheet, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        missing = self.fields["deactivate_missing"]
        missing.label = f"Make {sheet.plural} inactive that the file does not name"
        missing.help_text = "Only for a file that holds the whole list."
        self.fields["file"].widget.attrs["accept"] = ".csv,.xlsx"

    def clean_file(self) -> UploadedFile[Any]:
        file: UploadedFile[Any] = self.cleaned_data["file"]
        if (file.size or 0) > MOST_BYTES:
            raise forms.ValidationError(
                f"The file has {(file.size or 0) / 2**20:.1f} MB; {MOST_BYTES // 2**20} MB are taken. "
                "Split it and import the parts one after another."
            )
        return file


@dataclass(frozen=True, slots=True)
class Target:
    """What a file is compared with and stored into: all banks, or one bank's branches."""

    place: str
    title: str
    sheet: Sheet
    back: str
    here: str
    compare: Callable[[Table], Compared]
    store: Callable[..., dict[str, int]]
    bank: Bank | None = None


class ExchangePages(StaffAdmin[Bank]):
    """The pages of files, for BankAdmin to inherit."""

    def exchange_urls(self) -> list[URLPattern]:
        pages = (
            ("import/faults/", self.faults_view, "faults"),
            ("import/", self.import_view, "import"),
            ("export/", self.export_view, "export"),
        )
        return [
            path(f"{prefix}{route}", self.page(view), name=self.url_name(f"{kind}_{name}"))
            for kind, prefix in (("list", ""), ("branches", "<path:object_id>/"))
            for route, view, name in pages
        ]

    def exchange_tools(self, bank: Bank) -> list[Tool]:
        return [
            Tool(self.url("branches_import", bank.pk), "Import branches…"),
            Tool(f"{self.url('branches_export', bank.pk)}?as={CSV}", "Export CSV"),
            Tool(f"{self.url('branches_export', bank.pk)}?as={XLSX}", "Export XLSX"),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        tools = [
            Tool(self.url("all_as_firm"), "As a firm sees them…"),
            Tool(self.url("list_import"), "Import banks…"),
            Tool(f"{self.url('list_export')}?as={CSV}", "Export CSV"),
            Tool(f"{self.url('list_export')}?as={XLSX}", "Export XLSX"),
        ]
        return super().changelist_view(request, {"list_tools": tools, **(extra_context or {})})

    def import_view(self, request: HttpRequest, object_id: str | None = None) -> HttpResponse:
        """Ask for a file; compare it; store it once that is confirmed."""
        target = self._target(request, object_id)
        if isinstance(target, HttpResponse):
            return target
        if request.method != "POST":
            return self._asked(request, target, UploadForm(sheet=target.sheet))
        if "ticket" in request.POST:
            return self._confirmed(request, target)
        form = UploadForm(request.POST, request.FILES, sheet=target.sheet)
        if not form.is_valid():
            return self._asked(request, target, form, REFUSED)
        file: UploadedFile[Any] = form.cleaned_data["file"]
        content = file.read()
        try:
            compared = target.compare(read_table(content))
        except (UnreadableFile, ImportRefused) as error:
            form.add_error("file", str(error))
            return self._asked(request, target, form, REFUSED)
        ticket = Ticket(
            place=target.place,
            name=file_name(file.name),
            digest=keep(content, by=staff_of(request)),
            version=compared.version,
            deactivate_missing=form.cleaned_data["deactivate_missing"],
        )
        return self._shown(request, target, ticket, compared.comparison)

    def _confirmed(self, request: HttpRequest, target: Target) -> HttpResponse:
        by = staff_of(request)
        try:
            ticket, content = opened(request.POST["ticket"], target.place, by=by)
        except NotKept as error:
            form = UploadForm({}, sheet=target.sheet)
            form.errors.clear()
            form.add_error(None, str(error))
            return self._asked(request, target, form, REFUSED)
        compared = target.compare(read_table(content))
        if compared.version != ticket.version:
            ticket = _renewed(ticket, compared)
            problem = "Somebody changed the list since you looked at this comparison. This is the new one."
            return self._shown(request, target, ticket, compared.comparison, problem, CONFLICT)
        try:
            counts = target.store(
                compared,
                deactivate_missing=ticket.deactivate_missing,
                source=Source(ticket.name, ticket.digest),
                by=by,
            )
        except ImportRefused as error:
            status = CONFLICT if isinstance(error, ChangedMeanwhile) else REFUSED
            return self._shown(request, target, ticket, compared.comparison, str(error), status)
        forget(ticket.digest, by=by)
        done = f"{ticket.name}: {said_of(counts, target.sheet)}."
        if target.bank is not None:
            self.log_change(request, target.bank, done)
        messages.success(request, done)
        return HttpResponseRedirect(target.back)

    def faults_view(self, request: HttpRequest, object_id: str | None = None) -> HttpResponse:
        """The faulty rows of a kept file with their errors, to be mended and uploaded again."""
        target = self._target(request, object_id)
        if isinstance(target, HttpResponse):
            return target
        try:
            ticket, content = opened(request.GET.get("ticket", ""), target.place, by=staff_of(request))
            compared = target.compare(read_table(content))
        except (NotKept, ImportRefused, UnreadableFile) as error:
            messages.warning(request, str(error))
            return HttpResponseRedirect(target.here)
        headings, rows = faulty_rows(compared.comparison)
        return _file(write_csv(headings, rows), f"faulty-rows-of-{ticket.name.rpartition('.')[0]}", CSV)

    def export_view(self, request: HttpRequest, object_id: str | None = None) -> HttpResponse:
        """All banks, or all branches of one, in exactly the columns that can be imported."""
        target = self._target(request, object_id)
        if isinstance(target, HttpResponse):
            return target
        bank = target.bank
        headings, rows = export_banks() if bank is None else export_branches(bank)
        name = "banks" if bank is None else f"branches-{bank.code}"
        stem = f"{name}-{timezone.localdate():%Y-%m-%d}"
        if request.GET.get("as") == XLSX:
            return _file(write_xlsx(headings, rows, name), stem, XLSX)
        return _file(write_csv(headings, rows), stem, CSV)

    def _target(self, request: HttpRequest, object_id: str | None) -> Target | HttpResponse:
        if not self.has_change_permission(request):
            raise PermissionDenied
        if object_id is None:
            return Target(
                _ALL_BANKS,
                "Import banks",
                BANKS,
                self.url("changelist"),
                self.url("list_import"),
                compare_banks,
                import_banks,
            )
        bank = self.found(request, unquote(object_id))
        if isinstance(bank, HttpResponse):
            return bank
        return Target(
            str(bank.pk),
            "Import branches",
            BRANCHES,
            self.url("change", bank.pk),
            self.url("branches_import", bank.pk),
            partial(compare_branches, bank),
            partial(import_branches, bank),
            bank,
        )

    def _asked(
        self, request: HttpRequest, target: Target, form: UploadForm, status: int = 200
    ) -> HttpResponse:
        context = {**self._context(request, target), "form": form}
        return TemplateResponse(request, "admin/banks/bank/import.html", context, status=status)

    def _shown(
        self,
        request: HttpRequest,
        target: Target,
        ticket: Ticket,
        comparison: Comparison,
        problem: str = "",
        status: int = 200,
    ) -> HttpResponse:
        counts = comparison.counts
        missing = comparison.missing if ticket.deactivate_missing else ()
        wanted = counts[Outcome.NEW] + counts[Outcome.CHANGED] + len(missing)
        context = {
            **self._context(request, target),
            "file": ticket.name,
            "ticket": ticket.signed(staff_of(request)),
            "problem": problem,
            "counts": counts,
            "number": len(comparison.rows),
            "faulty": _first(comparison.of(Outcome.FAULTY)),
            "warned": _first(comparison.warned),
            "changed": _first(comparison.of(Outcome.CHANGED)),
            "new": _first(comparison.of(Outcome.NEW)),
            "missing": missing[:ROWS_SHOWN],
            "missing_number": len(missing),
            "may_confirm": bool(wanted) and not comparison.is_faulty,
            "shown": ROWS_SHOWN,
            "wanted": wanted,
        }
        return TemplateResponse(request, "admin/banks/bank/import_compared.html", context, status=status)

    def _context(self, request: HttpRequest, target: Target) -> dict[str, Any]:
        bank = target.bank
        return {
            **self.admin_site.each_context(request),
            "title": target.title,
            "subtitle": None if bank is None else str(bank),
            "opts": self.opts,
            "original": bank,
            "back": target.back,
            "here": target.here,
            "export": self.url("list_export") if bank is None else self.url("branches_export", bank.pk),
            "faults": self.url("list_faults") if bank is None else self.url("branches_faults", bank.pk),
            "sheet": target.sheet,
            "columns": [(name, target.sheet.label(name)) for name in target.sheet.columns],
            "media": self.media,
        }


def _first(rows: Sequence[ComparedRow]) -> Sequence[ComparedRow]:
    return rows[:ROWS_SHOWN]


def _renewed(ticket: Ticket, compared: Compared) -> Ticket:
    return Ticket(ticket.place, ticket.name, ticket.digest, compared.version, ticket.deactivate_missing)


def said_of(counts: dict[str, int], sheet: Sheet) -> str:
    """``12 added, 3 changed, 9,985 unchanged``."""
    words = {
        Outcome.NEW.value: "added",
        Outcome.CHANGED.value: "changed",
        "deactivated": "made inactive",
        Outcome.UNCHANGED.value: "unchanged",
    }
    parts = [f"{counts[name]:,} {word}" for name, word in words.items() if counts.get(name)]
    return ", ".join(parts) if parts else f"the file has no {sheet.plural}"


def _file(content: bytes, stem: str, kind: str) -> HttpResponse:
    response = HttpResponse(content, content_type=CONTENT_TYPES[kind])
    name = "".join(one if one.isalnum() or one in "-_." else "-" for one in f"{stem}.{kind}")
    response["Content-Disposition"] = f'attachment; filename="{name.encode("ascii", "replace").decode()}"'
    return response
