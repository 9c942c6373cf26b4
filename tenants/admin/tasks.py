"""Background tasks: what waits, what runs, and the dead letters, which somebody must look at."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from tenants.admin.base import StaffAdmin, Step, Tool
from tenants.admin.filters import OrganizationFilter, WhenFilter
from tenants.admin.showing import NOTHING, as_json, badge, moment
from tenants.models import TaskRecord, User
from tenants.models.fleet import TaskState
from tenants.tasks.store import retry_dead

TONES = {
    TaskState.READY: "",
    TaskState.RUNNING: "warn",
    TaskState.FAILED: "bad",
    TaskState.SUCCESSFUL: "good",
    TaskState.DEAD: "bad",
}


def _retry(task: TaskRecord, by: User, answers: dict[str, Any]) -> str:
    retry_dead(task, by=by)
    return "It is waiting again, and a worker takes it up within a few seconds."


STEPS = (
    Step(
        "retry",
        "Try again",
        "Puts the task back among those that wait, with all its tries before it. Look first at what it "
        "failed with: what was wrong then should be mended.",
        _retry,
        allowed=lambda task: task.state in (TaskState.DEAD, TaskState.FAILED),
    ),
)


@admin.register(TaskRecord)
class TaskAdmin(StaffAdmin[TaskRecord]):
    add_allowed = change_allowed = False
    steps = STEPS
    list_display = ("path_shown", "state_shown", "org_shown", "attempts", "enqueued", "worker_shown")
    list_display_links = ("path_shown",)
    list_fields = ("path", "state", "org_id", "attempts", "enqueued_at", "worker")
    list_filter = ("state", "queue", OrganizationFilter, ("enqueued_at", WhenFilter))
    search_fields = ("path", "org_id")
    search_help_text = "Part of a task's name or of an organization id"
    fieldsets = (
        (
            "Task",
            {
                "fields": (
                    *("path", "state_shown", "org_shown", "operation_shown", "arguments_shown"),
                    "result_shown",
                )
            },
        ),
        ("Errors", {"fields": ("errors_shown",)}),
        (
            "When and where",
            {
                "fields": (
                    *("attempts", "enqueued", "run_after_shown", "started", "finished", "expires"),
                    *("worker_shown", "lease", "queue", "priority", "key"),
                )
            },
        ),
    )

    def heading(self, record: TaskRecord) -> str:
        return str(self.path_shown(record))

    def tools(self, request: HttpRequest, record: TaskRecord) -> list[Tool]:
        found = super().tools(request, record)
        if record.operation:
            address = reverse("admin:tenants_operation_change", args=[record.operation])
            found.append(Tool(address, "Its operation"))
        return found

    @admin.display(description="task", ordering="path")
    def path_shown(self, task: TaskRecord) -> str:
        return task.path.rsplit(".", 1)[-1].replace("_", " ").capitalize()

    @admin.display(description="state", ordering="state")
    def state_shown(self, task: TaskRecord) -> SafeString:
        state = TaskState(task.state)
        return badge(str(state.label), TONES[state])

    @admin.display(description="organization id", ordering="org_id")
    def org_shown(self, task: TaskRecord) -> str:
        return task.org_id or NOTHING

    @admin.display(description="operation")
    def operation_shown(self, task: TaskRecord) -> SafeString | str:
        if not task.operation:
            return NOTHING
        address = reverse("admin:tenants_operation_change", args=[task.operation])
        return format_html('<a href="{}">{}</a>', address, task.operation)

    @admin.display(description="worker")
    def worker_shown(self, task: TaskRecord) -> str:
        return task.worker or NOTHING

    @admin.display(description="enqueued", ordering="enqueued_at")
    def enqueued(self, task: TaskRecord) -> Any:
        return moment(task.enqueued_at)

    @admin.display(description="not before")
    def run_after_shown(self, task: TaskRecord) -> Any:
        return moment(task.run_after)

    @admin.display(description="begun")
    def started(self, task: TaskRecord) -> Any:
        return moment(task.started_at)

    @admin.display(description="finished")
    def finished(self, task: TaskRecord) -> Any:
        return moment(task.finished_at)

    @admin.display(description="removed after")
    def expires(self, task: TaskRecord) -> Any:
        return moment(task.expires_at)

    @admin.display(description="lease until")
    def lease(self, task: TaskRecord) -> Any:
        return moment(task.lease_until)

    @admin.display(description="arguments")
    def arguments_shown(self, task: TaskRecord) -> SafeString | str:
        return as_json(task.arguments)

    @admin.display(description="result")
    def result_shown(self, task: TaskRecord) -> SafeString | str:
        return as_json(task.result)

    @admin.display(description="failed tries")
    def errors_shown(self, task: TaskRecord) -> SafeString | str:
        if not task.errors:
            return NOTHING
        return format_html(
            '<pre class="json">{}</pre>',
            "\n\n".join(
                f"{number}. {one.get('class', '')}\n{one.get('traceback', '')}".rstrip()
                for number, one in enumerate(task.errors, start=1)
            ),
        )
