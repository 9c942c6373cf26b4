"""Operations: what is being done to firms, how far it is, why it stopped; resumed and cancelled here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.html import format_html
from django.utils.safestring import SafeString

from tenants.admin.base import StaffAdmin, Step, Tool
from tenants.admin.filters import OrganizationFilter, WhenFilter
from tenants.admin.showing import NOTHING, as_json, badge, lines, moment
from tenants.models import UNFINISHED, Operation, OperationStatus, Organization, TaskRecord, User
from tenants.operations.engine import Kind, cancel_operation
from tenants.operations.kinds import kind_named, kind_names
from tenants.tasks.operations import enqueue_operation

TONES = {
    OperationStatus.WAITING: "",
    OperationStatus.RUNNING: "warn",
    OperationStatus.STOPPED: "bad",
    OperationStatus.DONE: "good",
    OperationStatus.CANCELLED: "",
}
_NEWEST_LINES = 200


@dataclass(frozen=True, slots=True)
class ShownStep:
    """A step of an operation as its page shows it. ``mark`` is done, present, undone or later."""

    label: str
    mark: str
    word: str
    final: bool


@dataclass(frozen=True, slots=True)
class LogLine:
    at: datetime | None
    step: str
    text: str


@dataclass(frozen=True, slots=True)
class Progress:
    """What the page of an operation shows of it while it goes on."""

    operation: Operation
    badge: SafeString
    sentence: str
    steps: Sequence[ShownStep]
    log: Sequence[LogLine]

    @property
    def moves(self) -> bool:
        """Whether it may look otherwise in a moment."""
        return self.operation.status in (OperationStatus.WAITING, OperationStatus.RUNNING)

    @property
    def measured(self) -> str:
        """How far the present step is, in words: ``12,000 of 40,000 documents``."""
        one = self.operation
        if not one.total or one.is_finished:
            return ""
        return f"{one.done:,} of {one.total:,} {one.unit}".strip()


def kind_of(operation: Operation) -> Kind | None:
    """The operation's kind; None for one that this version of the application does not know."""
    return kind_named(operation.kind) if operation.kind in kind_names() else None


def status_badge(operation: Operation, now: datetime) -> SafeString:
    if operation.seems_dead(now):
        return badge("Left by its runner", "bad")
    if operation.cancel_requested and not operation.is_finished:
        return badge("Being cancelled", "warn")
    status = OperationStatus(operation.status)
    return badge(str(status.label), TONES[status])


def progress_of(operation: Operation, now: datetime) -> Progress:
    """The operation as its page shows it. Asks nothing."""
    kind = kind_of(operation)
    return Progress(
        operation,
        status_badge(operation, now),
        _sentence(operation, now),
        list(_steps(operation, kind)) if kind else [],
        [
            LogLine(parse_datetime(line["at"]), line["step"], line["text"])
            for line in operation.log[-_NEWEST_LINES:]
        ],
    )


def _sentence(operation: Operation, now: datetime) -> str:
    """What its state means for whoever looks at it."""
    if operation.seems_dead(now):
        return (
            "Whoever ran it has given no sign of life since its lease ran out. A worker goes on with it by "
            "itself; without one, resume it here."
        )
    if operation.status == OperationStatus.WAITING:
        return "A worker takes it up within a few seconds. If nothing happens, no worker is running."
    if operation.status == OperationStatus.STOPPED:
        return "It keeps its firms until somebody resumes or cancels it."
    return ""


def _steps(operation: Operation, kind: Kind) -> Iterator[ShownStep]:
    names = [step.name for step in kind.steps]
    at = names.index(operation.step) if operation.step in names else len(names)
    cancelled = operation.status == OperationStatus.CANCELLED
    no_return = next((one.name for one in kind.steps if one.undo is None), "")
    for number, step in enumerate(kind.steps):
        if cancelled:
            mark, word = ("undone", "Undone") if number <= at else ("later", "Not begun")
        elif number < at:
            mark, word = "done", "Done"
        elif number == at:
            mark, word = "present", _present(operation)
        else:
            mark, word = "later", "To come"
        yield ShownStep(step.label, mark, word, step.name == no_return)


def _present(operation: Operation) -> str:
    if operation.status == OperationStatus.STOPPED:
        return "Stopped here"
    return "Waiting" if operation.status == OperationStatus.WAITING else "Now"


def _can_resume(operation: Operation) -> bool:
    if kind_of(operation) is None:
        return False
    waits = operation.status in (OperationStatus.WAITING, OperationStatus.STOPPED)
    return waits or operation.seems_dead(timezone.now())


def _can_cancel(operation: Operation) -> bool:
    kind = kind_of(operation)
    if kind is None or operation.is_finished or operation.cancel_requested:
        return False
    return kind.can_be_undone_at(operation.step)


def _resume(operation: Operation, by: User, answers: dict[str, Any]) -> str:
    enqueue_operation(operation)
    return f"{_name(operation)} goes on as soon as a worker takes it up."


def _cancel(operation: Operation, by: User, answers: dict[str, Any]) -> str:
    kind = kind_of(operation)
    assert kind is not None  # noqa: S101
    status = cancel_operation(operation, kind).status
    if status == OperationStatus.CANCELLED:
        return f"{_name(operation)} is cancelled; what it had done is undone."
    return f"{_name(operation)} is asked to stop; what it did is being undone."


def _name(operation: Operation) -> str:
    return f"“{operation.kind.capitalize()} {operation.org_id}”".replace(" ”", "”")


STEPS = (
    Step(
        "resume",
        "Resume",
        "Goes on with the step that was under way. Every step may be done again, whatever part was done.",
        _resume,
        allowed=_can_resume,
    ),
    Step(
        "cancel",
        "Cancel",
        "Undoes what was done so far and lets the firm go. The firm is then as it was before.",
        _cancel,
        allowed=_can_cancel,
        danger=True,
    ),
)


class KindFilter(admin.SimpleListFilter):
    title = "kind"
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(name, name.capitalize()) for name in kind_names()]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.filter(kind=self.value()) if self.value() else queryset


class UnfinishedFilter(admin.SimpleListFilter):
    """Done or not, before the exact status: what is asked at night is what is not done."""

    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("unfinished", "Not finished"), *OperationStatus.choices]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value() == "unfinished":
            return queryset.filter(status__in=[one.value for one in UNFINISHED])
        return queryset.filter(status=self.value()) if self.value() else queryset


@admin.register(Operation)
class OperationAdmin(StaffAdmin[Operation]):
    add_allowed = change_allowed = False
    steps = STEPS
    change_form_template = "admin/tenants/operation/change_form.html"
    list_display = ("kind_shown", "org_shown", "status_shown", "step_shown", "since", "by")
    list_display_links = ("kind_shown",)
    list_fields = (
        *("kind", "org_id", "status", "step", "done", "total", "unit", "requested_by"),
        *("created_at", "started_at", "lease_until", "cancel_requested"),
    )
    list_filter = (UnfinishedFilter, KindFilter, OrganizationFilter, ("created_at", WhenFilter))
    search_fields = ("org_id", "requested_by", "problem")
    search_help_text = "Part of an organization id, of a problem, or of who asked for it"
    fieldsets = (
        (
            "What was asked for",
            {"fields": ("organization_shown", "by", "asked_at", "started", "finished", "options_shown")},
        ),
        (
            "Inside",
            {"classes": ("collapse",), "fields": ("ident", "holds_shown", "runner", "tasks", "state_shown")},
        ),
    )

    # The page that follows it --------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        own = path(
            "<path:object_id>/progress/", self.page(self.progress_view), name=self.url_name("progress")
        )
        return [own, *super().get_urls()]

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **more: Any
    ) -> Any:
        operation = more.get("obj")
        if operation is not None:
            context |= self._followed(operation)
        return super().render_change_form(request, context, *args, **more)

    def heading(self, record: Operation) -> str:
        kind = kind_of(record)
        label = kind.label if kind else record.kind.capitalize()
        return f"{label}: {record.org_id}" if record.org_id else label

    def progress_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The part of the page that is asked for again while the operation goes on."""
        operation = self.found(request, object_id)
        if isinstance(operation, HttpResponse):
            return operation
        response = TemplateResponse(
            request, "admin/tenants/operation/progress.html", self._followed(operation)
        )
        if request.GET.get("seen", operation.status) != operation.status:
            # What may be done to it is another matter now: the page as a whole is asked for anew.
            response["HX-Refresh"] = "true"
        return response

    def _followed(self, operation: Operation) -> dict[str, Any]:
        asked = f"{self.url('progress', str(operation.pk))}?seen={operation.status}"
        return {"progress": progress_of(operation, timezone.now()), "progress_url": asked}

    def tools(self, request: HttpRequest, record: Operation) -> list[Tool]:
        found = super().tools(request, record)
        if not record.is_finished:
            found.append(Tool(self.url("change", record.pk), "Reload"))
        return found

    # Showing ------------------------------------------------------------------------------------------

    @admin.display(description="operation", ordering="kind")
    def kind_shown(self, operation: Operation) -> str:
        return operation.kind.capitalize()

    @admin.display(description="organization id", ordering="org_id")
    def org_shown(self, operation: Operation) -> str:
        return operation.org_id or "All of the fleet"

    @admin.display(description="organization")
    def organization_shown(self, operation: Operation) -> SafeString | str:
        return organization_link(operation.org_id) if operation.org_id else "All of the fleet"

    @admin.display(description="status", ordering="status")
    def status_shown(self, operation: Operation) -> SafeString:
        return status_badge(operation, timezone.now())

    @admin.display(description="step")
    def step_shown(self, operation: Operation) -> SafeString | str:
        if operation.is_finished or not operation.step:
            return NOTHING
        if not operation.total:
            return operation.step
        share = min(operation.done / operation.total, 1)
        return format_html(
            '{} <span class="measure"><progress max="{}" value="{}" aria-label="Done"></progress> {}</span>',
            operation.step,
            operation.total,
            operation.done,
            f"{share:.0%}",
        )

    @admin.display(description="since", ordering="created_at")
    def since(self, operation: Operation) -> Any:
        return moment(operation.started_at or operation.created_at)

    @admin.display(description="asked for by", ordering="requested_by")
    def by(self, operation: Operation) -> str:
        return operation.requested_by

    @admin.display(description="asked for")
    def asked_at(self, operation: Operation) -> Any:
        return moment(operation.created_at)

    @admin.display(description="begun")
    def started(self, operation: Operation) -> Any:
        return moment(operation.started_at)

    @admin.display(description="finished")
    def finished(self, operation: Operation) -> Any:
        return moment(operation.finished_at)

    @admin.display(description="options")
    def options_shown(self, operation: Operation) -> SafeString | str:
        return as_json(operation.options)

    @admin.display(description="state")
    def state_shown(self, operation: Operation) -> SafeString | str:
        return as_json(operation.state)

    @admin.display(description="operation's id")
    def ident(self, operation: Operation) -> str:
        return str(operation.pk)

    @admin.display(description="has for itself")
    def holds_shown(self, operation: Operation) -> str:
        return ", ".join(operation.holds) or NOTHING

    @admin.display(description="run by")
    def runner(self, operation: Operation) -> SafeString | str:
        if not operation.owner:
            return NOTHING
        tries = f"{operation.attempts} time{'' if operation.attempts == 1 else 's'} begun"
        if operation.lease_until is None:
            return f"{operation.owner}, {tries}"
        return format_html("{}, {}, lease until {}", operation.owner, tries, moment(operation.lease_until))

    @admin.display(description="background tasks")
    def tasks(self, operation: Operation) -> SafeString | str:
        found = TaskRecord.objects.filter(operation=operation.pk).order_by("-enqueued_at")
        return lines(
            format_html(
                '<a href="{}">{}</a>, {}',
                reverse("admin:tenants_taskrecord_change", args=[task.pk]),
                task.get_state_display(),
                moment(task.enqueued_at),
            )
            for task in found[:10]
        )


def organization_link(org_id: str) -> SafeString | str:
    """An organization's name with the way to its page; its id where there is none (any more)."""
    found = Organization.objects.filter(org_id=org_id).values("pk", "name").first()
    if found is None:
        return org_id
    return format_html(
        '<a href="{}">{}</a> ({})',
        reverse("admin:tenants_organization_change", args=[found["pk"]]),
        found["name"],
        org_id,
    )


def operation_link(ident: Any) -> SafeString | str:
    """An operation in a line, with the way to its page."""
    found = Operation.objects.filter(pk=ident).first()
    if found is None:
        return str(ident)
    return format_html(
        '<a href="{}">{}</a> {} {}',
        reverse("admin:tenants_operation_change", args=[found.pk]),
        _name(found).strip("“”"),
        status_badge(found, timezone.now()),
        f"step {found.step}" if found.step else "",
    )
