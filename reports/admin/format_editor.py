"""The pages that a draft is written on: piece by piece in forms, or the whole as JSON.

Every save is checked and what is wrong is listed with its place, but an imperfect draft may be kept; only
publishing needs it sound. Without JavaScript each page is whole; with it the page is swapped in place.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path

from banks.drafting import DraftChanged, DraftGone, DraftProblem, save_draft, token_of
from banks.formats.comparing import Difference, differences
from banks.formats.editing import (
    LISTS,
    Entry,
    node_and_kind,
    outline,
    takes,
    with_added,
    with_moved,
    with_node,
    without,
)
from banks.formats.files import parse_json
from banks.formats.packing import as_text
from banks.formats.problems import FormatProblem
from banks.models import Format
from reports.admin.format_forms import DOCUMENT, FORMAT, AddForm, PartsForm, WholeForm, parts_for
from reports.admin.format_preview import NoPreview, figures_of, items_of, preview_of, section_of
from reports.format_checks import Fault, faults_of, warnings_of
from tenants.admin.base import StaffAdmin, sent, staff_of

DOCUMENT_PLACE = "document"
MOST_FAULTS = 60


@dataclass(slots=True)
class Place:
    """What the editor is open at: a node, the document's texts, or (an empty path) the format as a whole."""

    path: str
    kind: str
    node: Mapping[str, Any]
    form: PartsForm
    adds: AddForm | None = None

    @property
    def is_node(self) -> bool:
        return bool(self.kind)

    @property
    def title(self) -> str:
        if self.path == DOCUMENT_PLACE and not self.kind:
            return "The printed document"
        return str(self.node.get("label") or self.path) if self.kind else "The format as a whole"


class DraftPages(StaffAdmin[Format]):
    """Mixed into the admin of formats: ``edit`` and ``json``."""

    def draft_urls(self) -> list[URLPattern]:
        return [
            path("<path:object_id>/edit/", self.page(self.edit_view), name=self.url_name("edit")),
            path("<path:object_id>/json/", self.page(self.json_view), name=self.url_name("json")),
        ]

    def draft_or_answer(self, request: HttpRequest, object_id: str) -> Format | HttpResponse:
        """The draft of an address; a version that is none leads back and says so."""
        if not staff_of(request).has_perm("banks.change_format"):
            raise PermissionDenied
        record = self.found(request, object_id)
        if isinstance(record, HttpResponse) or record.is_draft:
            return record
        messages.warning(
            request, f"“{record}” is no draft, so it never changes. Begin a new version from it."
        )
        return HttpResponseRedirect(self.url("change", record.pk))

    # Piece by piece ---------------------------------------------------------------------------------------

    def edit_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """One node of a draft (``?at=path``), the document's texts, or the format as a whole."""
        draft = self.draft_or_answer(request, object_id)
        if isinstance(draft, HttpResponse):
            return draft
        at = request.GET.get("at", "")
        try:
            place = _place(draft.content, at, request)
        except FormatProblem as error:
            messages.warning(request, error.problems[0])
            return HttpResponseRedirect(self.url("edit", draft.pk))
        status, conflict = 200, ""
        if request.method == "POST":
            done = _Doing(request, place, draft).done()
            if done.to is not None:
                messages.success(request, done.said)
                query = f"?{urlencode({'at': done.to})}" if done.to else ""
                return HttpResponseRedirect(f"{self.url('edit', draft.pk)}{query}")
            draft, status, conflict = done.draft, done.status, done.said
        context = self._editor(request, draft, place, conflict)
        return TemplateResponse(request, "admin/banks/format/edit.html", context, status=status)

    def _editor(self, request: HttpRequest, draft: Format, place: Place, conflict: str) -> dict[str, Any]:
        faults = faults_of(draft.content, draft.sample)
        return {
            **self.admin_site.each_context(request),
            **self.preview_context(draft, place.path if place.is_node else ""),
            # The outline takes its place.
            "is_nav_sidebar_enabled": False,
            "title": "Write the draft",
            "subtitle": self.heading(draft),
            "opts": self.opts,
            "original": draft,
            "back": self.url("change", draft.pk),
            "place": place,
            "token": token_of(draft),
            "conflict": conflict,
            "entries": _counted(outline(draft.content), faults, place.path),
            "faults": faults[:MOST_FAULTS],
            "fault_count": len(faults),
            "warnings": [] if faults else warnings_of(draft.content)[:MOST_FAULTS],
            "faults_here": [one for one in faults if place.is_node and one.path == place.path],
            "asked": request.GET.get("ask", "") if place.is_node else "",
            "inside": sum(1 for _ in _inside(place.node)) if place.is_node else 0,
            "parent": place.path.rpartition(".")[0],
        }

    def preview_context(self, version: Format, at: str) -> dict[str, Any]:
        """The section at (or around) a path as a valuer sees it, or why it cannot be shown."""
        try:
            preview = preview_of(version)
            section = section_of(preview, at)
            items = items_of(preview, section) if section is not None else []
        except NoPreview as reason:
            return {"no_preview": str(reason), "preview_url": self.url("preview", version.pk)}
        return {
            "preview": preview,
            "section": section,
            "items": items,
            "hidden": section is not None and preview.calculation.is_hidden(section.path),
            "figures": figures_of(preview),
            "preview_url": self.url("preview", version.pk),
            "pages_url": self.url("pages", version.pk),
        }

    # The whole as JSON ------------------------------------------------------------------------------------

    def json_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The draft and its sample as JSON; after somebody else's change both are compared."""
        draft = self.draft_or_answer(request, object_id)
        if isinstance(draft, HttpResponse):
            return draft
        form, status = WholeForm(sent(request), initial=_as_typed(draft)), 200
        theirs: Sequence[Difference] = ()
        if request.method == "POST":
            status = 422
            typed = _parsed(form) if form.is_valid() else None
            try:
                if typed is not None:
                    base = request.POST.get("token", "")
                    save_draft(draft, *typed, base=base, by=staff_of(request))
                    messages.success(request, f"“{draft}” is saved.")
                    return HttpResponseRedirect(self.url("json", draft.pk))
            except FormatProblem as error:
                for problem in error.problems:
                    form.add_error("content", problem)
            except DraftChanged as changed:
                draft, status = changed.now, 409
                theirs = differences(typed[0], draft.content) if typed else ()
                form.add_error(None, str(changed))
            except DraftProblem as problem:
                form.add_error(None, str(problem))
        faults = faults_of(draft.content, draft.sample)
        context = {
            **self.admin_site.each_context(request),
            "title": "The draft as JSON",
            "subtitle": self.heading(draft),
            "opts": self.opts,
            "original": draft,
            "back": self.url("change", draft.pk),
            "form": form,
            "token": token_of(draft),
            "faults": faults[:MOST_FAULTS],
            "fault_count": len(faults),
            "warnings": [] if faults else warnings_of(draft.content)[:MOST_FAULTS],
            "theirs": theirs,
        }
        return TemplateResponse(request, "admin/banks/format/json.html", context, status=status)


@dataclass(frozen=True, slots=True)
class _Done:
    """What became of a form: where to go on (``to``, a path), or the draft to show it again with."""

    draft: Format
    said: str = ""
    to: str | None = None
    status: int = 422


class _Doing:
    """One form of the editor: saved, moved, removed or added."""

    def __init__(self, request: HttpRequest, place: Place, draft: Format) -> None:
        self.request = request
        self.place = place
        self.draft = draft

    def done(self) -> _Done:
        """Does what the pressed button says; what is refused stays in the forms."""
        what = self.request.POST.get("do", "save")
        form: forms.Form = self.place.form
        if what == "add" and self.place.adds is not None:
            form = self.place.adds
        try:
            changed = self._changed(what)
            if changed is None:
                return _Done(self.draft)
            content, to, said = changed
            base = self.request.POST.get("token", "")
            save_draft(self.draft, content, self.draft.sample, base=base, by=staff_of(self.request))
        except FormatProblem as error:
            for problem in error.problems:
                form.add_error(None, problem)
            return _Done(self.draft)
        except DraftChanged as changed_by_others:
            return _Done(changed_by_others.now, str(changed_by_others), status=409)
        except DraftGone as gone:
            form.add_error(None, str(gone))
            return _Done(self.draft, status=409)
        return _Done(self.draft, said, to)

    def _changed(self, what: str) -> tuple[dict[str, Any], str, str] | None:
        """(new content, where to go on, what to say), or None when the form is wrong."""
        place, content = self.place, self.draft.content
        if place.is_node and what in ("up", "down"):
            steps = -1 if what == "up" else 1
            return with_moved(content, place.path, steps), place.path, f"“{place.title}” is moved {what}."
        if place.is_node and what == "remove":
            parent = place.path.rpartition(".")[0]
            return without(content, place.path), parent, f"“{place.title}” is removed from the draft."
        if what == "add" and place.adds is not None:
            return self._added(content, place.adds)
        if not place.form.is_valid():
            return None
        node = place.form.changed_node
        said = f"“{node.get('label') or node.get('title') or place.title}” is saved."
        if not place.is_node:
            return dict(node), place.path, said
        parent, _, _ = place.path.rpartition(".")
        to = f"{parent}.{node['id']}" if parent else str(node["id"])
        return with_node(content, place.path, node), to, said

    def _added(self, content: Mapping[str, Any], adds: AddForm) -> tuple[dict[str, Any], str, str] | None:
        if not adds.is_valid():
            return None
        into = self.place.path if self.place.is_node else ""
        new, path_of_new = with_added(content, into, adds.node())
        return new, path_of_new, f"“{adds.cleaned_data['label']}” is added. Say the rest of it here."


def _place(content: Mapping[str, Any], at: str, request: HttpRequest) -> Place:
    """What the editor is open at, with its forms. Raises FormatProblem when there is no such node."""
    what = request.POST.get("do", "save") if request.method == "POST" else ""
    typed = request.POST if what == "save" else None
    added = request.POST if what == "add" else None
    if at == DOCUMENT_PLACE and not any(tab.get("id") == at for tab in content.get("tabs", ())):
        return Place(at, "", content, PartsForm(DOCUMENT, content, typed))
    if not at:
        return Place("", "", content, PartsForm(FORMAT, content, typed), AddForm("tab", added))
    node, kind = node_and_kind(content, at)
    inner = takes(node, kind)
    adds = AddForm(LISTS[inner][1], added) if inner else None
    return Place(at, kind, node, PartsForm(parts_for(node, kind), node, typed, kind), adds)


def _counted(entries: Sequence[Entry], faults: Sequence[Fault], at: str) -> list[Entry]:
    """The outline with the number of faults at each node or inside it, open where ``at`` is."""

    def count(entry: Entry) -> Entry:
        here = sum(1 for one in faults if f"{one.path}.".startswith(f"{entry.path}."))
        is_open = f"{at}.".startswith(f"{entry.path}.")
        entries = [count(inner) for inner in entry.entries]
        return replace(entry, faults=here, is_open=is_open, entries=entries)

    return [count(entry) for entry in entries]


def _inside(node: Mapping[str, Any]) -> Sequence[Any]:
    return [one for entry in outline({"tabs": [{**node, "id": "x"}]}) for one in _all_within(entry)]


def _all_within(entry: Entry) -> list[Entry]:
    return [one for inner in entry.entries for one in (inner, *_all_within(inner))]


def _as_typed(draft: Format) -> dict[str, str]:
    return {
        "content": as_text(draft.content),
        "sample": as_text(draft.sample) if draft.sample is not None else "",
    }


def _parsed(form: WholeForm) -> tuple[dict[str, Any], dict[str, Any] | None] | None:
    """The two texts as JSON, or None with the errors in the form."""
    read: dict[str, Any] = {}
    for name in ("content", "sample"):
        text = form.cleaned_data[name]
        try:
            read[name] = parse_json(text.encode()) if text.strip() else None
        except FormatProblem as error:
            for problem in error.problems:
                form.add_error(name, problem)
    if form.errors:
        return None
    # The same text means the same values, whatever its spaces.
    return json.loads(json.dumps(read["content"])), read["sample"]
