"""Entering a firm for support, and the register of who was where, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString

from tenants.admin.base import StaffAdmin, Step, StepForm, attempt, sent, staff_of
from tenants.admin.filters import OrganizationFilter, WhenFilter
from tenants.admin.showing import NOTHING, badge, moment
from tenants.models import Organization, SupportSession, User
from tenants.origin import origin
from tenants.sign_in.actions import record_failure
from tenants.sign_in.lockout import begin_try, succeeded
from tenants.support.actions import (
    LONGEST_REASON,
    SHORTEST_REASON,
    begin_support,
    end_support,
    minutes_on_offer,
    refuse_password,
)
from tenants.support.middleware import NOTE
from tenants.support.record import pages_opened

if TYPE_CHECKING:
    from tenants.admin.organizations import OrganizationAdmin

TITLE = "Enter for support"
MEANING = (
    "You will see the firm’s reports, photographs and documents as its people do. Its managers get an e-mail "
    "at once, with your name and the reason, and can end the session at any time. Every page and file that "
    "you open is recorded, and they can read that too."
)


class SupportForm(StepForm):
    """Why, for how long, and whether drafts may be changed; the own password once more, if there is one."""

    reason = forms.CharField(
        min_length=SHORTEST_REASON,
        max_length=LONGEST_REASON,
        help_text="The firm’s managers read it. Begin with the number of the ticket, e.g. “T-1042: the total "
        "of a flat’s value differs from the preview”.",
        widget=forms.Textarea(attrs={"rows": 3, "class": "vLargeTextField"}),
    )
    minutes = forms.TypedChoiceField(
        label="For how long", coerce=int, help_text="Then you are outside again, whatever you are doing."
    )
    may_write = forms.BooleanField(
        label="May change drafts",
        required=False,
        help_text="Off: you only look, and whatever would change something is refused. On: you can write and "
        "change drafts, under your name and “(support)” in the firm’s own log. You never submit, approve or "
        "issue a report, nor change people, settings or templates.",
    )
    password = forms.CharField(
        label="Present password",
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
        help_text="Once more, so that nobody else does this at your desk.",
    )

    def __init__(self, data: QueryDict | None = None, *, record: Organization, by: User) -> None:
        super().__init__(data, record=record)
        self.by = by
        offered: Any = self.fields["minutes"]
        offered.choices = [(one, f"{one} minutes") for one in minutes_on_offer()]
        if not by.has_usable_password():
            del self.fields["password"]

    def clean_password(self) -> str:
        """Guessing is counted as at sign-in: whoever sits at the staff member's desk gets a few tries."""
        password: str = self.cleaned_data["password"]
        one = begin_try(self.by.email, origin().ip)
        if not one.granted:
            raise ValidationError("Too many wrong passwords. Wait until the lock is over, then try again.")
        if not self.by.check_password(password):
            record_failure(one, at="support session")
            refuse_password(self.record, by=self.by)
            raise ValidationError("That is not your password.")
        succeeded(one)
        return password


def enter_view(of: OrganizationAdmin, request: HttpRequest, organization: Organization) -> HttpResponse:
    """Ask why and for how long; then this browser, and no other, is inside the firm."""
    staff = staff_of(request)
    form = SupportForm(sent(request), record=organization, by=staff)
    if request.method == "POST" and form.is_valid():
        if "password" in form.cleaned_data:
            # What is worth more gets a new key: one that was stolen before opens nothing.
            request.session.cycle_key()
        support = attempt(form, lambda: _begun(request, form, organization, staff))
        if support is not None:
            of.log_change(request, organization, f"Support session begun: {support.reason}")
            request.session[NOTE] = str(support.pk)
            return HttpResponseRedirect(reverse("work"))
    context = {
        **of.admin_site.each_context(request),
        "title": TITLE,
        "subtitle": of.heading(organization),
        "opts": of.opts,
        "original": organization,
        "step": {"title": TITLE, "danger": False},
        "meaning": MEANING,
        "form": form,
        "back": of.url("change", organization.pk),
    }
    return TemplateResponse(request, "admin/step.html", context)


def _begun(
    request: HttpRequest, form: SupportForm, organization: Organization, staff: User
) -> SupportSession:
    answers = form.cleaned_data
    return begin_support(
        organization,
        by=staff,
        reason=answers["reason"],
        minutes=answers["minutes"],
        may_write=answers["may_write"],
        session_key=str(request.session.session_key),
    )


# The register -------------------------------------------------------------------------------------------


class OpenFilter(admin.SimpleListFilter):
    title = "state"
    parameter_name = "open"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "Running"), ("no", "Ended")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        now = timezone.now()
        if self.value() == "yes":
            return queryset.filter(ended_at=None, ends_at__gt=now)
        if self.value() == "no":
            return queryset.exclude(ended_at=None, ends_at__gt=now)
        return queryset


def _end(support: SupportSession, by: User, answers: dict[str, Any]) -> str:
    end_support(support, by=by, how="staff")
    return f"{support.staff_name} is outside from the next request on."


STEPS = (
    Step(
        "end",
        "End it",
        "The staff member is outside the firm from the next request on. The firm’s managers are told.",
        _end,
        allowed=lambda one: bool(one.is_open(timezone.now())),
        danger=True,
    ),
)


@admin.register(SupportSession)
class SupportSessionAdmin(StaffAdmin[SupportSession]):
    add_allowed = change_allowed = delete_allowed = False
    steps = STEPS
    list_display = ("begun", "staff_name", "org_id", "state", "may_do", "reason")
    list_display_links = ("begun",)
    list_fields = (
        *("begun_at", "ends_at", "ended_at", "staff_name", "staff_email", "org_id"),
        *("reason", "may_write", "ended_by"),
    )
    list_filter = (OpenFilter, ("begun_at", WhenFilter), "may_write", OrganizationFilter)
    search_fields = ("staff_name", "staff_email", "org_id", "reason")
    search_help_text = "Part of a name, an e-mail address, an organization id or a reason"
    fields = (
        *("staff_name", "staff_email", "org_id", "reason", "may_do"),
        *("state", "begun", "until", "ended", "ended_how", "pages"),
    )

    @admin.display(description="begun", ordering="begun_at")
    def begun(self, support: SupportSession) -> Any:
        return moment(support.begun_at)

    @admin.display(description="until")
    def until(self, support: SupportSession) -> Any:
        return moment(support.ends_at)

    @admin.display(description="ended")
    def ended(self, support: SupportSession) -> Any:
        return moment(support.ended_at)

    @admin.display(description="ended by")
    def ended_how(self, support: SupportSession) -> str:
        return support.ended_by or NOTHING

    @admin.display(description="state", ordering="ends_at")
    def state(self, support: SupportSession) -> SafeString:
        return badge("Running", "warn") if support.is_open(timezone.now()) else badge("Ended")

    @admin.display(description="may do", ordering="may_write")
    def may_do(self, support: SupportSession) -> str:
        return "Change drafts" if support.may_write else "Look only"

    @admin.display(description="pages and files opened")
    def pages(self, support: SupportSession) -> str:
        return str(pages_opened(support.org_id, [support])[str(support.pk)])
