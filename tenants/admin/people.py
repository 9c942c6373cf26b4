"""People: members of firms, and staff. Added with a password, deactivated, never deleted."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.forms import SetPasswordForm, SetPasswordMixin
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.contrib.auth.models import Group
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.defaultfilters import date as date_filter
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.safestring import SafeString

from tenants.admin.base import StaffAdmin, Step, Tool, attempt, before, sent, staff_of
from tenants.admin.filters import MemberOfFilter
from tenants.admin.showing import NOTHING, badge, moment
from tenants.models import Organization, User
from tenants.models.users import normalise_email
from tenants.operations.invitations import resend_invitation, withdraw_invitation
from tenants.operations.people import (
    add_person,
    change_person,
    deactivate_person,
    reactivate_person,
    set_password,
    sign_out_everywhere,
)
from tenants.people.standing import State, has_way_in, invitation_ends, state_of_person
from tenants.plans.limits import Limit, LimitReached, limit_of, seats_taken
from tenants.sign_in.actions import unlock_sign_in


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
        organization = values.get("organization")
        if organization is not None and not has_free_seat(organization):
            self.add_error(
                "organization",
                "Every seat of the plan is taken. Deactivate somebody who has left, or change the plan.",
            )
        return values

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]
        # After the instance has its name and e-mail, which a password must not resemble.
        self.validate_password_for_user(self.instance)


def has_free_seat(organization: Organization) -> bool:
    """Whether one more may join now. Storing asks again, where nobody comes between."""
    seats = limit_of(organization, Limit.SEATS)
    return seats is None or seats_taken(organization) < seats


def _deactivate(person: User, by: User, answers: dict[str, Any]) -> str:
    deactivate_person(person, by=by)
    return f"{person} cannot sign in any more."


def _reactivate(person: User, by: User, answers: dict[str, Any]) -> str:
    reactivate_person(person, by=by)
    return f"{person} can sign in again."


def _invite(person: User, by: User, answers: dict[str, Any]) -> str:
    resend_invitation(person, by=by)
    return f"An invitation is on its way to {person.email}."


def _withdraw(person: User, by: User, answers: dict[str, Any]) -> str:
    withdraw_invitation(person, by=by)
    return f"{person} is not invited any more; the links are dead."


def _unlock(person: User, by: User, answers: dict[str, Any]) -> str:
    unlock_sign_in(person, by=by)
    return f"{person} can try to sign in again."


def _sign_out(person: User, by: User, answers: dict[str, Any]) -> str:
    sign_out_everywhere(person, by=by)
    return f"{person} is signed out everywhere."


STEPS = (
    Step(
        "invite",
        "Send invitation",
        "Sends an e-mail with a link at which the person chooses a password. Links sent before stop working.",
        _invite,
        allowed=lambda person: person.organization_id is not None and not has_way_in(person),
    ),
    Step(
        "withdraw",
        "Withdraw invitation",
        "The links that were sent stop working at once, and the seat is free again.",
        _withdraw,
        allowed=lambda person: (
            person.is_active and person.organization_id is not None and not has_way_in(person)
        ),
        tone="",
    ),
    Step(
        "sign_out",
        "Sign out everywhere",
        "Ends every session of the person, who may sign in again. Tokens of the API stay.",
        _sign_out,
        allowed=lambda person: person.is_active and has_way_in(person),
        tone="",
    ),
    Step(
        "unlock",
        "Unlock sign-in",
        "For somebody who was locked out after wrong passwords: they can try again at once. Ask first, by "
        "another way than e-mail, whether it was them.",
        _unlock,
        allowed=lambda person: person.is_active and person.has_usable_password(),
        tone="",
    ),
    Step(
        "deactivate",
        "Deactivate",
        "The person is refused from the next request on; tokens of the API are revoked and the seat is free. "
        "Reports and the audit log keep the name.",
        _deactivate,
        allowed=lambda person: person.is_active,
        danger=True,
    ),
    Step(
        "reactivate",
        "Reactivate",
        "The person can sign in again with the password they had, and takes a seat.",
        _reactivate,
        allowed=lambda person: not person.is_active,
    ),
)


_TONES = MappingProxyType(
    {
        State.ACTIVE: "good",
        State.INVITED: "",
        State.EXPIRED: "warn",
        State.WITHDRAWN: "bad",
        State.DEACTIVATED: "bad",
    }
)

# Roles are data of this application: Django's groups and permissions decide nothing here.
if admin.site.is_registered(Group):
    admin.site.unregister(Group)


@admin.register(User)
class PersonAdmin(StaffAdmin[User]):
    steps = STEPS
    form = PersonForm
    list_display = ("name", "email", "belongs_to", "role_shown", "state")
    list_fields = (
        "name",
        "email",
        "organization_id",
        "role",
        "is_staff",
        "is_active",
        "invited_at",
        "cognito_id",
    )
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

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """The last seat may go between the form's look and the record: then nothing was stored."""
        try:
            return super().changeform_view(request, *args, **kwargs)
        except LimitReached as full:
            messages.error(request, str(full))
            return HttpResponseRedirect(request.get_full_path())

    def complete(self, records: list[User]) -> None:
        """Who of the list has a password. The passwords themselves are not fetched."""
        shown = [person.pk for person in records]
        without = set(
            User.objects.filter(pk__in=shown, password__startswith=UNUSABLE_PASSWORD_PREFIX).values_list(
                "pk", flat=True
            )
        )
        for person in records:
            person.password = UNUSABLE_PASSWORD_PREFIX if person.pk in without else ""

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
        if person.pk == request.user.pk and person.has_usable_password():
            # There the present one is asked for: a desk that was left open must not be enough.
            return HttpResponseRedirect(reverse("password-change"))
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
        if person.is_staff:
            return badge("Active", "good") if person.is_active else badge("Deactivated", "bad")
        state = state_of_person(person, timezone.now())
        words = str(state.label)
        if state is State.INVITED and person.invited_at is not None:
            until = timezone.localtime(invitation_ends(person.invited_at))
            words = f"{words} until {date_filter(until, 'j M Y, H:i')}"
        return badge(words, _TONES[state])

    @admin.display(description="last signed in")
    def last_seen(self, person: User) -> Any:
        return moment(person.last_login)

    @admin.display(description="created")
    def created(self, person: User) -> Any:
        return moment(person.created_at)
