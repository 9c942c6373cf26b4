"""People: members of firms, and staff. Added with a password, deactivated, never deleted."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.forms import SetPasswordForm, SetPasswordMixin
from django.contrib.auth.models import Group
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.safestring import SafeString

from tenants.admin.base import StaffAdmin, Step, Tool, attempt, before, sent, staff_of
from tenants.admin.filters import MemberOfFilter
from tenants.admin.showing import NOTHING, badge, moment
from tenants.models import User
from tenants.models.users import normalise_email
from tenants.operations.invitations import resend_invitation
from tenants.operations.people import (
    add_person,
    change_person,
    deactivate_person,
    reactivate_person,
    set_password,
)


class PersonForm(forms.ModelForm):  # type: ignore[type-arg]
    """A person's name and e-mail; the address is unique whatever the case of its letters."""

    def clean_email(self) -> str:
        return normalise_email(self.cleaned_data["email"])


class NewPersonForm(SetPasswordMixin, PersonForm):  # type: ignore[type-arg]
    """A new person: staff, or a member of one firm with a role."""

    password1, password2 = SetPasswordMixin.create_password_fields("Password", "Password again")

    class Meta:
        model = User
        fields = ("name", "email", "is_staff", "organization", "role")

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or self.cleaned_data
        self.validate_passwords()
        if (
            not values.get("is_staff")
            and not values.get("organization")
            and "organization" not in self.errors
        ):
            self.add_error("organization", "Choose the person's firm, or make the person staff.")
        if values.get("is_staff") and values.get("role"):
            self.add_error("role", "Staff have no role: they belong to no organization.")
        return values

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]
        # After the instance has its name and e-mail, which a password must not resemble.
        self.validate_password_for_user(self.instance)


def _deactivate(person: User, by: User, answers: dict[str, Any]) -> str:
    deactivate_person(person, by=by)
    return f"{person} cannot sign in any more."


def _reactivate(person: User, by: User, answers: dict[str, Any]) -> str:
    reactivate_person(person, by=by)
    return f"{person} can sign in again."


def _invite(person: User, by: User, answers: dict[str, Any]) -> str:
    resend_invitation(person, by=by)
    return f"An invitation is on its way to {person.email}."


STEPS = (
    Step(
        "invite",
        "Send invitation",
        "Sends an e-mail with a link at which the person chooses a password. Links sent before stop working.",
        _invite,
        allowed=lambda person: (
            person.is_active and person.organization_id is not None and not person.has_usable_password()
        ),
    ),
    Step(
        "deactivate",
        "Deactivate",
        "The person is refused from the next request on. Reports and the audit log keep the name.",
        _deactivate,
        allowed=lambda person: person.is_active,
        danger=True,
    ),
    Step(
        "reactivate",
        "Reactivate",
        "The person can sign in again with the password they had.",
        _reactivate,
        allowed=lambda person: not person.is_active,
    ),
)


# Roles are data of this application: Django's groups and permissions decide nothing here.
if admin.site.is_registered(Group):
    admin.site.unregister(Group)


@admin.register(User)
class PersonAdmin(StaffAdmin[User]):
    steps = STEPS
    form = PersonForm
    list_display = ("name", "email", "belongs_to", "role_shown", "state")
    list_fields = ("name", "email", "organization_id", "role", "is_staff", "is_active")
    list_filter = ("is_staff", "is_active", "role", MemberOfFilter)
    search_fields = ("name", "email")
    search_help_text = "Part of a name or an e-mail address"
    autocomplete_fields = ("organization",)
    add_fieldsets = (
        ("The person", {"fields": ("name", "email")}),
        (
            "Where the person belongs",
            {
                "fields": ("is_staff", "organization", "role"),
                "description": "Staff, or one firm and a role in it.",
            },
        ),
        ("First password", {"fields": ("password1", "password2")}),
    )

    def get_form(
        self, request: HttpRequest, obj: User | None = None, change: bool = False, **kwargs: Any
    ) -> Any:
        if obj is None:
            kwargs["form"] = NewPersonForm
        return super().get_form(request, obj, change, **kwargs)

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Any:
        if obj is None:
            return self.add_fieldsets
        belonging = ("is_staff",) if obj.is_staff else ("organization", "role")
        return (
            ("The person", {"fields": ("name", "email")}),
            ("Where the person belongs", {"fields": belonging}),
            ("Access", {"fields": ("state", "last_seen", "created")}),
        )

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> tuple[str, ...]:
        # Moving somebody to another firm would leave their name in the first one's reports: add them anew.
        return ("organization", "is_staff", "state", "last_seen", "created") if obj else ()

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        if change:
            change_person(obj, before=before(form), by=staff_of(request))
        else:
            add_person(obj, password=form.cleaned_data["password1"], by=staff_of(request))

    # Password -----------------------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        own = path(
            "<path:object_id>/password/", self.page(self.password_view), name=self.url_name("password")
        )
        return [own, *super().get_urls()]

    def tools(self, request: HttpRequest, record: User) -> list[Tool]:
        return [Tool(self.url("password", record.pk), "Set password"), *super().tools(request, record)]

    def password_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Give a person another password; their other sessions end."""
        person = self.found(request, object_id)
        if isinstance(person, HttpResponse):
            return person
        form = SetPasswordForm(person, sent(request))
        if request.method == "POST" and form.is_valid():
            password = form.cleaned_data["new_password1"]
            attempt(form, lambda: set_password(person, password, by=staff_of(request)))
            if not form.errors:
                if person.pk == request.user.pk:
                    update_session_auth_hash(request, person)
                self.log_change(request, person, "Password set.")
                messages.success(request, f"{person} has a new password.")
                return HttpResponseRedirect(self.url("change", person.pk))
        context = {
            **self.admin_site.each_context(request),
            "title": "Set password",
            "subtitle": str(person),
            "opts": self.opts,
            "original": person,
            "form": form,
            "back": self.url("change", person.pk),
        }
        return TemplateResponse(request, "admin/tenants/user/password.html", context)

    # Showing ------------------------------------------------------------------------------------------

    @admin.display(description="belongs to", ordering="organization")
    def belongs_to(self, person: User) -> str:
        return "Staff" if person.is_staff else str(person.organization_id or NOTHING)

    @admin.display(description="role", ordering="role")
    def role_shown(self, person: User) -> str:
        return person.get_role_display() or NOTHING

    @admin.display(description="state", ordering="is_active")
    def state(self, person: User) -> SafeString:
        return badge("Active", "good") if person.is_active else badge("Deactivated", "bad")

    @admin.display(description="last signed in")
    def last_seen(self, person: User) -> Any:
        return moment(person.last_login)

    @admin.display(description="created")
    def created(self, person: User) -> Any:
        return moment(person.created_at)
