"""The photographs of a report: adding, captions, order, removing, and handing the files out."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import UploadedFile
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from reports.actions import failures
from reports.actions.photographs import (
    MOST_PHOTOGRAPHS,
    add_photograph,
    caption_photograph,
    move_photograph,
    remove_photograph,
)
from reports.actions.review import standing_of
from reports.files import file_response, is_unchanged, safe_name, unchanged_response
from reports.models import Report
from reports.queries import photographs_of
from reports.views.finding import report_or_404
from reports.workflow import actor_of, may_draft
from tenants.access import TenantRequest, firm_page
from tenants.models import FileKind, StoredFile
from tenants.permissions import Permission

# The name of the file input; more than a few photographs are sent at once.
UPLOADS = ("photos", "camera")
MOST_AT_ONCE = 20


@require_http_methods(["GET", "POST"])
@firm_page(Permission.VIEW_REPORTS)
def photographs(request: TenantRequest, pk: object) -> HttpResponse:
    """The photographs in order. POST takes new ones in, or a new ``order`` (ids joined by commas)."""
    report = report_or_404(pk)
    if request.method == "GET":
        return _page(request, report)
    if not request.user.can(Permission.DRAFT_REPORTS):
        raise PermissionDenied("Assistants, valuers and managers add photographs.")
    if not may_draft(standing_of(report), actor_of(request.user)):
        state = report.get_status_display().lower()
        messages.error(request, f"The photographs cannot be changed: the report is {state}.")
        return redirect("reports:photographs", report.pk)
    if "order" in request.POST:
        return _reorder(request, report)
    return _take_in(request, report)


def _page(request: TenantRequest, report: Report) -> HttpResponse:
    files = photographs_of(report.pk)
    asked = request.GET.get("remove")
    cards = [_card(report, file, place, len(files)) for place, file in enumerate(files, 1)]
    context = {
        "report": report,
        "photos": cards,
        "without_caption": sum(not file.caption for file in files),
        "may_draft": may_draft(standing_of(report), actor_of(request.user)),
        "to_remove": next((card for card in cards if card["id"] == asked), None),
        "room": max(0, MOST_PHOTOGRAPHS - len(files)),
        "most": MOST_PHOTOGRAPHS,
        "limit_mb": settings.MAX_UPLOAD_BYTES // 1024**2,
        "crumbs": [
            ("Reports", reverse("reports:list")),
            (report.reference, reverse("reports:detail", args=[report.pk])),
            ("Photographs", ""),
        ],
    }
    return render(request, "reports/photographs.html", context)


def _card(report: Report, file: StoredFile, place: int, count: int) -> dict[str, Any]:
    """One photograph for ``components/photo.html``."""
    return {
        "id": str(file.pk),
        "url": reverse("reports:file", args=[report.pk, file.pk]),
        "thumbnail_url": reverse("reports:thumbnail", args=[report.pk, file.pk]),
        "action_url": reverse("reports:photograph", args=[report.pk, file.pk]),
        "caption": file.caption,
        "width": file.width,
        "height": file.height,
        "place": place,
        "first": place == 1,
        "last": place == count,
        "name": file.name,
    }


def _take_in(request: TenantRequest, report: Report) -> HttpResponse:
    """Keep every good file of those sent; name each bad one with its reason."""
    sent = [file for name in UPLOADS for file in request.FILES.getlist(name)]
    if not sent:
        messages.error(request, "No file came along; choose one or more photographs.")
    if len(sent) > MOST_AT_ONCE:
        messages.error(request, f"{len(sent)} files were sent; at most {MOST_AT_ONCE} are taken in at once.")
        sent = []
    kept = sum(_keep(request, report, file) for file in sent)
    if kept:
        messages.success(request, f"{kept} photograph{'' if kept == 1 else 's'} added.")
    if request.headers.get("Sec-Fetch-Dest") == "empty":
        # Sent by a script, which loads the page itself: following a redirect it would use the messages up.
        return HttpResponse(status=204)
    return redirect("reports:photographs", report.pk)


def _keep(request: TenantRequest, report: Report, upload: UploadedFile[Any]) -> bool:
    upload.name = safe_name(upload.name or "photograph")
    try:
        add_photograph(report_id=report.pk, upload=upload, by=request.user, now=timezone.now())
    except (failures.FileRefused, failures.ReportFrozen, failures.NotAllowed) as refusal:
        messages.error(request, str(refusal))
        return False
    return True


def _reorder(request: TenantRequest, report: Report) -> HttpResponse:
    """After dragging: the ids in their new order. 409 when others changed the photographs meanwhile."""
    wanted = [part for part in request.POST["order"].split(",") if part]
    present = [str(file.pk) for file in photographs_of(report.pk)]
    if sorted(wanted) != sorted(present):
        return HttpResponse("The photographs have changed; load the page again.", status=409)
    try:
        for file_id, place in moves(present, wanted):
            move_photograph(
                report_id=report.pk, file_id=file_id, place=place, by=request.user, now=timezone.now()
            )
    except StoredFile.DoesNotExist:
        return HttpResponse("The photographs have changed; load the page again.", status=409)
    except failures.ReportFrozen as refusal:
        return HttpResponse(str(refusal), status=409, content_type="text/plain; charset=utf-8")
    return HttpResponse(status=204)


def moves(present: list[str], wanted: list[str]) -> list[tuple[str, int]]:
    """(id, 0-based place) one after another from ``present`` to ``wanted``: one after a single drag."""
    for item in present:
        if [other for other in present if other != item] == [other for other in wanted if other != item]:
            place = wanted.index(item)
            return [] if present.index(item) == place else [(item, place)]
    order, steps = list(present), []
    for place, item in enumerate(wanted):
        if order[place] != item:
            order.remove(item)
            order.insert(place, item)
            steps.append((item, place))
    return steps


@require_POST
@firm_page(Permission.DRAFT_REPORTS)
def photograph(request: TenantRequest, pk: object, file_id: object) -> HttpResponse:
    """Change one photograph: its caption, its place (``move`` up or down), or remove it (asked for twice)."""
    report = report_or_404(pk)
    back = reverse("reports:photographs", args=[report.pk])
    try:
        return HttpResponseRedirect(back + _change(request, report, file_id))
    except StoredFile.DoesNotExist as error:
        raise Http404("There is no such photograph.") from error
    except (failures.ReportFrozen, failures.NotAllowed) as refusal:
        messages.error(request, str(refusal))
        return HttpResponseRedirect(back)


def _change(request: TenantRequest, report: Report, file_id: object) -> str:
    """Do what the form asks; the end of the address to go on to."""
    who: dict[str, Any] = {
        "report_id": report.pk,
        "file_id": file_id,
        "by": request.user,
        "now": timezone.now(),
    }
    action = request.POST.get("action", "")
    if "remove" in request.POST or action == "remove":
        if request.POST.get("confirm") != "1":
            return f"?remove={file_id}#remove"
        remove_photograph(**who)
        messages.success(request, "The photograph is removed.")
        return ""
    # Whatever button was pressed, a caption that was typed is kept.
    if "caption" in request.POST:
        caption_photograph(**who, caption=request.POST["caption"])
    move = request.POST.get("move") or (action if action in ("up", "down") else "")
    if move == "up":
        move_photograph(**who, direction="up")
    elif move == "down":
        move_photograph(**who, direction="down")
    return f"#photo-{file_id}"


@require_GET
@firm_page(Permission.VIEW_REPORTS)
def stored_file(request: TenantRequest, pk: object, file_id: object) -> HttpResponse:
    """A file of the report as it is stored."""
    return _serve(request, pk, file_id, thumbnail=False)


@require_GET
@firm_page(Permission.VIEW_REPORTS)
def thumbnail(request: TenantRequest, pk: object, file_id: object) -> HttpResponse:
    """The small picture of a photograph."""
    return _serve(request, pk, file_id, thumbnail=True)


def _serve(request: TenantRequest, pk: object, file_id: object, *, thumbnail: bool) -> HttpResponse:
    """One command for the entry, two for the bytes; none for the bytes when the browser has them."""
    entry = StoredFile.objects.filter(pk=file_id, report_id=str(pk)).first()
    stored_as = (entry.thumbnail_as if thumbnail else entry.stored_as) if entry else ""
    if entry is None or not stored_as:
        raise Http404("There is no such file.")
    etag = f"{entry.sha256[:32]}{'-small' if thumbnail else ''}"
    if is_unchanged(request, etag):
        return unchanged_response(etag)
    try:
        content = default_storage.open(stored_as).read()
    except FileNotFoundError as error:
        raise Http404("There is no such file.") from error
    content_type = "image/jpeg" if thumbnail else entry.content_type
    download = entry.kind == FileKind.DOCUMENT or not content_type.startswith("image/")
    return file_response(content, content_type=content_type, name=entry.name, etag=etag, download=download)
